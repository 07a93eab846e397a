//! What a release will look like, told before it is drawn.

use membrane_model::Price;
use serde::{Deserialize, Serialize};

use crate::{AggregateKind, NoiseDrawn};

/// What a release will look like. Holds nothing that depends on data, so it can be shown before the
/// price is paid. Stored beside releases: fields are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MechanismSummary {
    /// One entry per aggregate, in the order of the statement.
    pub aggregates: Vec<AggregateSummary>,
    /// What the noisy member count of a group must exceed; none when keys are public.
    pub threshold: Option<i64>,
    /// The fewest members of any group that is shown; none when keys are public.
    pub cohort_min: Option<u32>,
    /// Groups that one member may touch.
    pub groups_max: u32,
    /// Rows that one member may contribute to one group.
    pub rows_max: u32,
    /// The epsilon that the price amounts to at `delta`, rounded up.
    pub epsilon: f64,
    /// The failure probability at which epsilon is stated.
    pub delta: f64,
    /// The price.
    pub price: Price,
    /// How exactly it is told of how many members something was left out; none in what was stored before that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clipping: Option<NoiseSummary>,
    /// When a release is too large; none in what was stored before that was told with noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<SizeSummary>,
    /// The pure epsilon that all parts cost together, where all of them draw Laplace noise. It holds but for an event of
    /// at most the price's delta: 3e-18 where keys are public or none (the end of the machine's memory, which no
    /// noise can hide), and the choice of groups otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pure_epsilon: Option<f64>,
    /// The noise that chooses groups, where keys come from the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<NoiseSummary>,
}

/// The noise of numbers that are not aggregates: the member counts that choose groups, and the two counts of all members
/// and of those of whom something was left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoiseSummary {
    /// The most that one member contributes to all of them together: in L2 for Gaussian noise, in L1 for Laplace.
    pub sensitivity: f64,
    /// The standard deviation of the noise.
    pub sigma: f64,
    /// Half of the width of the 95 % interval.
    pub half_width95: i64,
    /// Which noise is drawn.
    #[serde(default, skip_serializing_if = "NoiseDrawn::is_gaussian")]
    pub noise: NoiseDrawn,
}

/// The limit on the size of a release, which is drawn anew each time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SizeSummary {
    /// The most that one member can add to the size.
    pub member_max: u64,
    /// The size that is never exceeded.
    pub total_max: u64,
    /// The standard deviation of the limit.
    pub sigma: f64,
    /// Which noise is drawn.
    #[serde(default, skip_serializing_if = "NoiseDrawn::is_gaussian")]
    pub noise: NoiseDrawn,
}

/// What one aggregate will look like, in fixed-point units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AggregateSummary {
    /// Its name.
    pub name: String,
    /// What it counts or sums.
    pub kind: AggregateKind,
    /// The most that one member contributes to one number of one group, in magnitude.
    pub contribution_max: i64,
    /// The most that one member contributes in all: in L2 for Gaussian noise, in L1 for Laplace. For quantiles that is
    /// over all layers of their tree.
    pub sensitivity: f64,
    /// The standard deviation of the noise, for quantiles that of one node of their tree.
    pub sigma: f64,
    /// Half of the width of the 95 % interval; for quantiles that of the rank of a median, in rows; the widest of all levels, or of
    /// all refreshes, where there are several.
    pub half_width95: i64,
    /// Which noise is drawn.
    #[serde(default, skip_serializing_if = "NoiseDrawn::is_gaussian")]
    pub noise: NoiseDrawn,
    /// The half-width that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target95: Option<i64>,
    /// Numbers of each group that a member moves, where it is more than one: the layers of a tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<u32>,
    /// Where totals of several levels add up: all levels, the finest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<LevelSummary>,
}

/// What one level of totals that add up will look like, in fixed-point units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LevelSummary {
    /// How many of the first keys its groups have.
    pub keys: u32,
    /// How many groups it has.
    pub groups: u64,
    /// The most that one member contributes to all of them: in L2 for Gaussian noise, in L1 for Laplace.
    pub sensitivity: f64,
    /// The standard deviation of the noise that is drawn for it.
    pub sigma: f64,
    /// Which noise that is.
    #[serde(default, skip_serializing_if = "NoiseDrawn::is_gaussian")]
    pub noise: NoiseDrawn,
    /// Half of the width of the widest 95 % interval among its groups, once all levels add up.
    pub half_width95: i64,
}
