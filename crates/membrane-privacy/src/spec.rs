//! The statement of a release: what is asked, under which bounds, at which price.

use std::collections::BTreeSet;

use membrane_model::Delta;

use crate::budget::RHO_NANO_MAX;
use crate::kind::{CONTRIBUTION_MAX, reach};
use crate::{AggregateKind, Counter, NoiseKind, PriceAsked, PrivacyError, RowBounds, Spent};

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

/// One aggregate of a release.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateSpec {
    /// The name of its column in the answer.
    pub name: String,
    /// What it counts or sums.
    pub kind: AggregateKind,
    /// Its share of the budget, relative to the others (and to key selection, which weighs 1).
    pub weight: u32,
    /// The half-width of its 95 % interval, in fixed-point units, that the price must reach; then the weight does not
    /// count. For an average or a variance it is that of the sum, for quantiles that of a rank, in rows.
    pub target95: Option<i64>,
    /// Which quantiles to find, each within 0 and 1: of [`AggregateKind::Quantile`] only, and any number for one price.
    /// 0 and 1 are the least and the greatest value, as far in as the noise demands.
    pub quantiles: Vec<f64>,
}

impl AggregateSpec {
    /// States an aggregate of weight 1.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: AggregateKind) -> Self {
        Self { name: name.into(), kind, weight: 1, target95: None, quantiles: Vec::new() }
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
    /// Coarser groups that are released as well: how many of the first keys those of each level have, the finest of them
    /// first. The totals of all levels add up; keys must be public for that, and aggregates such that do.
    pub rollup: Vec<usize>,
    /// Where this is one of a row of releases that count on: then `rows_max` is that of a member over all of them together, and
    /// what is handed over holds to it.
    pub counter: Option<Counter>,
    /// What the answer may cost.
    pub price: PriceAsked,
    /// What was spent of that already.
    pub spent: Option<Spent>,
    /// The failure probability at which epsilon is stated. Zero asks for pure differential privacy: Laplace noise on
    /// everything, and keys that are public or none. The size limit still costs 3e-18, see [`crate::MechanismSummary`].
    pub delta: Delta,
    /// Which noise is drawn.
    pub noise: NoiseKind,
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

const AGGREGATES_MAX: usize = 32;
const EPSILON_MAX: f64 = 20.0;
const DELTA_MIN: f64 = 1e-12;
const DELTA_MAX: f64 = 0.1;
const QUANTILES_MAX: usize = 64;
/// Values of one row stay below this, so that `ROWS_MAX` of them fit 62 bits.
const VALUE_MAX: u64 = 1 << 42;
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
        match self.price {
            PriceAsked::Epsilon(epsilon) => {
                range(epsilon.get() <= EPSILON_MAX, "epsilon", "above 0 and at most 20")?;
            }
            PriceAsked::Rho { rho_nano } => {
                range((1..=RHO_NANO_MAX).contains(&rho_nano), "rho", "above 0 and at most 1000")?;
            }
        }
        if self.is_pure() {
            self.check_pure()?;
        } else {
            range((DELTA_MIN..=DELTA_MAX).contains(&self.delta.get()), "delta", "within 1e-12 and 0.1")?;
        }
        range((1..=GROUPS_MAX).contains(&self.groups_max), "groups per member", "within 1 and 1048576")?;
        range((1..=ROWS_MAX).contains(&self.rows_max), "rows per member and group", "within 1 and 1048576")?;
        range(self.cohort_min <= COHORT_MAX, "the smallest cohort", "at most 1073741824")?;
        self.check_keys()?;
        self.check_aggregates()?;
        self.check_rollup()?;
        self.check_counter()
    }

    fn check_rollup(&self) -> Result<(), PrivacyError> {
        let Some(finest) = self.rollup.first() else { return Ok(()) };
        let keys = match &self.keys {
            KeyDomain::Public(keys) => keys.first().map_or(0, Vec::len),
            KeyDomain::Unknown | KeyDomain::None => 0,
        };
        let descends = self.rollup.windows(2).all(|pair| matches!(pair, [one, next] if one > next));
        if *finest >= keys || !descends {
            let expected = "some of the first keys, each level fewer, of groups whose keys are public";
            return Err(PrivacyError::OutOfRange { what: "the keys of a level", expected });
        }
        for aggregate in &self.aggregates {
            if !aggregate.kind.adds_up() {
                return Err(PrivacyError::AddsNotUp { aggregate: aggregate.name.clone() });
            }
            self.coarse_max(aggregate.kind).ok_or_else(|| PrivacyError::Overflow {
                aggregate: aggregate.name.clone(),
                max: CONTRIBUTION_MAX,
            })?;
        }
        Ok(())
    }

    /// Returns the most that one member contributes to a group of a coarser level, where all of its groups may lie in one.
    pub(crate) fn coarse_max(&self, kind: AggregateKind) -> Option<i64> {
        let most = kind.contribution_max(self.rows_max)?.checked_mul(i64::from(self.groups_effective()))?;
        Some(most).filter(|most| *most < CONTRIBUTION_MAX)
    }

    /// Tells whether pure differential privacy is asked for.
    pub(crate) fn is_pure(&self) -> bool {
        self.delta.get() <= 0.0
    }

    /// Tells whether parts of a pure epsilon are divided: where there is no other, and where noise is drawn that has one.
    pub(crate) fn divides_epsilon(&self) -> bool {
        self.is_pure() || matches!(self.noise, NoiseKind::Laplace | NoiseKind::LeastError)
    }

    fn check_pure(&self) -> Result<(), PrivacyError> {
        let expected = if self.keys == KeyDomain::Unknown {
            "above 0 where the groups come from the data: leave it out, or group by keys that are known, such as those that \
             the contract lists, parts of dates and branches of CASE"
        } else if self.noise == NoiseKind::Gaussian {
            "above 0 for Gaussian noise: leave `noise` out, or ask for `laplace`"
        } else if matches!(self.price, PriceAsked::Rho { .. }) {
            "above 0 for a price in rho: state `epsilon`, or neither of them"
        } else {
            return Ok(());
        };
        Err(PrivacyError::OutOfRange { what: "delta", expected })
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

    /// Returns how many groups there are, where that is known.
    #[must_use]
    pub fn groups_listed(&self) -> Option<u64> {
        match &self.keys {
            KeyDomain::Unknown => None,
            KeyDomain::Public(keys) => u64::try_from(keys.len()).ok(),
            KeyDomain::None => Some(1),
        }
    }

    /// Returns the groups that one member may touch, which cannot be more than there are.
    #[must_use]
    pub fn groups_effective(&self) -> u32 {
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
        if self.target95.is_some_and(|target| target < 1) {
            return Err(PrivacyError::OutOfRange { what: "a target", expected: "1 unit or more" });
        }
        self.check_quantiles()?;
        let too_wide = || PrivacyError::Overflow { aggregate: self.name.clone(), max: CONTRIBUTION_MAX };
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
            // Sums of raw values then fit as well, and a value is exact as a floating-point number.
            let largest = lower.unsigned_abs().max(upper.unsigned_abs());
            if largest >= VALUE_MAX || reach(lower, upper).is_none() {
                return Err(too_wide());
            }
        }
        if let AggregateKind::SumWithin { least, most, .. } = self.kind
            && (least > 0 || most < 0 || (least == 0 && most == 0))
        {
            return Err(PrivacyError::Bounds { aggregate: self.name.clone() });
        }
        if let AggregateKind::Distinct { values_max } = self.kind
            && !(1..=ROWS_MAX).contains(&values_max)
        {
            return Err(PrivacyError::OutOfRange {
                what: "distinct values per member and group",
                expected: "within 1 and 1048576",
            });
        }
        self.kind
            .contribution_max(rows_max)
            .filter(|most| *most < CONTRIBUTION_MAX)
            .map(|_| ())
            .ok_or_else(too_wide)
    }

    fn check_quantiles(&self) -> Result<(), PrivacyError> {
        let counts = matches!(self.kind, AggregateKind::Quantile { .. });
        let sound = self.quantiles.iter().all(|share| (0.0..=1.0).contains(share));
        if counts == self.quantiles.is_empty() || !sound || self.quantiles.len() > QUANTILES_MAX {
            return Err(PrivacyError::Quantiles { aggregate: self.name.clone(), max: QUANTILES_MAX });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
