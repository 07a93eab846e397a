//! The statement of a release: what is asked, under which bounds, at which price.

use std::collections::BTreeSet;

use membrane_model::{Delta, Epsilon};
use serde::{Deserialize, Serialize};

use crate::PrivacyError;

/// The rendered key of one group, one cell per key column; `None` is SQL's NULL.
pub type GroupKey = Vec<Option<String>>;

/// Where the keys of the groups come from. It decides whether their presence is itself private.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyDomain {
    /// From the data: a group is shown only when enough members are in it, with noise.
    Unknown,
    /// From a list that anyone may know: every group of it is shown, also where no member is.
    Public(Vec<GroupKey>),
    /// No GROUP BY: one total.
    None,
}

/// What an aggregate counts or sums for one member in one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AggregateKind {
    /// `COUNT(*)`: rows, at most `rows_max` per member and group.
    Rows,
    /// `COUNT(column)`: rows where the column is not NULL, at most `rows_max` per member and group.
    NonNull,
    /// `COUNT(DISTINCT member)`: 1 per member and group.
    Members,
    /// `SUM(column)` in fixed-point integers: all rows of a member in a group, held within what `rows_max` rows can
    /// add.
    Sum {
        /// The least that one row contributes.
        lower: i64,
        /// The most that one row contributes.
        upper: i64,
        /// Decimals of the fixed-point integers.
        scale: i8,
    },
    /// The sum that `AVG(column)` divides by the number of rows, in fixed-point integers: of `rows_max` average rows
    /// where a member has more in a group.
    MeanSum {
        /// The least that one row contributes.
        lower: i64,
        /// The most that one row contributes.
        upper: i64,
        /// Decimals of the fixed-point integers.
        scale: i8,
    },
}

/// What one row contributes to a sum, in fixed-point integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowBounds {
    /// The least.
    pub lower: i64,
    /// The most.
    pub upper: i64,
    /// Decimals of the fixed-point integers.
    pub scale: i8,
}

impl AggregateKind {
    /// Returns what one row contributes, if this is a sum.
    #[must_use]
    pub const fn row_bounds(self) -> Option<RowBounds> {
        match self {
            Self::Rows | Self::NonNull | Self::Members => None,
            Self::Sum { lower, upper, scale } | Self::MeanSum { lower, upper, scale } => {
                Some(RowBounds { lower, upper, scale })
            }
        }
    }
}

/// One aggregate of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AggregateSpec {
    /// The name of its column in the answer.
    pub name: String,
    /// What it counts or sums.
    pub kind: AggregateKind,
    /// Its share of the budget, relative to the others (and to key selection, which weighs 1).
    pub weight: u32,
}

impl AggregateSpec {
    /// States an aggregate of weight 1.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: AggregateKind) -> Self {
        Self { name: name.into(), kind, weight: 1 }
    }
}

/// The statement of a release. Calibrating a [`crate::Mechanism`] checks it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseSpec {
    /// Where the keys come from.
    pub keys: KeyDomain,
    /// Groups that one member may touch (L0).
    pub groups_max: u32,
    /// Rows that one member may contribute to one group.
    pub rows_max: u32,
    /// What is counted and summed.
    pub aggregates: Vec<AggregateSpec>,
    /// The privacy loss that the answer may cost, at `delta`.
    pub epsilon: Epsilon,
    /// The failure probability at which `epsilon` is stated.
    pub delta: Delta,
    /// Fewest members that a group with a key from the data must have, exactly counted, to be shown
    /// at all; 0 and 1 mean that the threshold of the mechanism alone decides.
    pub cohort_min: u32,
    /// How much of the machine the exact totals may take.
    pub size: SizeBound,
}

/// How much of a machine exact totals may take, in any one unit, such as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeBound {
    /// The most that one member can take, whatever the member's rows are.
    pub member_max: u64,
    /// What all members together may take.
    pub total_max: u64,
}

pub(crate) const AGGREGATES_MAX: usize = 32;
pub(crate) const EPSILON_MAX: f64 = 20.0;
const DELTA_MIN: f64 = 1e-12;
const DELTA_MAX: f64 = 0.1;
const GROUPS_MAX: u32 = 1 << 20;
const ROWS_MAX: u32 = 1 << 20;
const SCALE_MAX: i8 = 18;
const COHORT_MAX: u32 = 1 << 30;

/// Exact totals are kept within this, so that noise cannot carry them over the end of `i64`.
pub(crate) const TOTAL_MAX: i64 = 1 << 62;

/// No hub has more members than this; with it, a bound on one member's contribution keeps every exact
/// total within [`TOTAL_MAX`] whatever the data is.
pub(crate) const MEMBERS_MAX: i64 = 1 << 31;

impl ReleaseSpec {
    /// Checks everything that can be checked without data.
    pub(crate) fn check(&self) -> Result<(), PrivacyError> {
        let range = |holds: bool, what, expected| {
            if holds { Ok(()) } else { Err(PrivacyError::OutOfRange { what, expected }) }
        };
        range(self.epsilon.get() <= EPSILON_MAX, "epsilon", "above 0 and at most 20")?;
        range((DELTA_MIN..=DELTA_MAX).contains(&self.delta.get()), "delta", "within 1e-12 and 0.1")?;
        range((1..=GROUPS_MAX).contains(&self.groups_max), "groups per member", "within 1 and 1048576")?;
        range((1..=ROWS_MAX).contains(&self.rows_max), "rows per member and group", "within 1 and 1048576")?;
        range(self.cohort_min <= COHORT_MAX, "the smallest cohort", "at most 1073741824")?;
        self.check_keys()?;
        self.check_aggregates()
    }

    fn check_keys(&self) -> Result<(), PrivacyError> {
        let KeyDomain::Public(keys) = &self.keys else { return Ok(()) };
        let length = keys.first().map_or(0, Vec::len);
        let distinct: BTreeSet<&GroupKey> = keys.iter().collect();
        if length == 0 || distinct.len() != keys.len() || keys.iter().any(|key| key.len() != length) {
            return Err(PrivacyError::PublicKeys);
        }
        Ok(())
    }

    fn check_aggregates(&self) -> Result<(), PrivacyError> {
        if self.aggregates.is_empty() || self.aggregates.len() > AGGREGATES_MAX {
            return Err(PrivacyError::AggregateCount { max: AGGREGATES_MAX });
        }
        let names: BTreeSet<&str> = self.aggregates.iter().map(|aggregate| aggregate.name.as_str()).collect();
        if names.len() != self.aggregates.len() || names.contains("") {
            return Err(PrivacyError::AggregateName);
        }
        for aggregate in &self.aggregates {
            aggregate.check(self.rows_max)?;
        }
        Ok(())
    }

    /// Returns the groups that one member may touch, which cannot be more than there are.
    pub(crate) fn groups_effective(&self) -> u32 {
        match &self.keys {
            KeyDomain::Unknown => self.groups_max,
            KeyDomain::Public(keys) => {
                self.groups_max.min(u32::try_from(keys.len()).unwrap_or(u32::MAX)).max(1)
            }
            KeyDomain::None => 1,
        }
    }
}

impl AggregateSpec {
    fn check(&self, rows_max: u32) -> Result<(), PrivacyError> {
        if !(1..=1000).contains(&self.weight) {
            return Err(PrivacyError::OutOfRange {
                what: "the weight of an aggregate",
                expected: "within 1 and 1000",
            });
        }
        if let Some(RowBounds { lower, upper, scale }) = self.kind.row_bounds() {
            if !(0..=SCALE_MAX).contains(&scale) {
                return Err(PrivacyError::OutOfRange {
                    what: "the decimals of a sum",
                    expected: "within 0 and 18",
                });
            }
            if lower > upper || (lower == 0 && upper == 0) {
                return Err(PrivacyError::Bounds { aggregate: self.name.clone() });
            }
        }
        let max = TOTAL_MAX / MEMBERS_MAX;
        match self.contribution_max(rows_max) {
            Some(most) if most < max => Ok(()),
            _ => Err(PrivacyError::Overflow { aggregate: self.name.clone(), max }),
        }
    }

    /// Returns the most, in magnitude, that one member contributes to one group (L-infinity).
    pub(crate) fn contribution_max(&self, rows_max: u32) -> Option<i64> {
        match self.kind {
            AggregateKind::Rows | AggregateKind::NonNull => Some(i64::from(rows_max)),
            AggregateKind::Members => Some(1),
            AggregateKind::Sum { lower, upper, .. } | AggregateKind::MeanSum { lower, upper, .. } => {
                lower.checked_abs()?.max(upper.checked_abs()?).checked_mul(i64::from(rows_max))
            }
        }
    }
}

#[cfg(test)]
mod tests;
