//! Differential privacy: contribution bounds, mechanisms with their price, and conversion of budgets.
//!
//! Pure and synchronous: nothing here reads data, keeps a budget or does I/O. A caller
//!
//! 1. states what is to be released as a [`ReleaseSpec`] and calibrates a [`Mechanism`] from it, which
//!    has a price before any data is touched;
//! 2. draws how large the exact side may become ([`Mechanism::draw_size_limit`]), and gives up beyond it;
//! 3. bounds every member's contribution with [`BoundedTotals`], whose limits the mechanism gives;
//! 4. hands the exact, bounded totals to [`Mechanism::release`].
//!
//! Noise comes from `opendp`, which draws it from OpenSSL; this is the only crate that names it.

pub mod audit;
mod budget;
mod contribution;
mod distance;
mod error;
mod estimate;
mod kind;
mod mechanism;
mod pilot;
mod spec;
mod summary;
mod tree;
mod unit;

pub use budget::{PriceAsked, Spent, epsilon_of};
pub use contribution::{
    BoundedTotals, ContributionBounds, ExactTotals, GroupTotals, MemberPart, RawValue, bound_value,
};
pub use distance::{AggregateDistance, Distances};
pub use error::{MissedTarget, PrivacyError, Shortfall, Worth, decimal};
pub use estimate::{
    Estimate, Moments, Part, Spread, estimate, estimate_from, estimate_mean, estimate_ratio, estimate_share,
    estimate_variance, mean_half_width_max, variance_half_width_max,
};
pub use kind::{AggregateKind, RowBounds};
pub use mechanism::{
    AggregateForecast, Counter, CounterState, Forecast, Mechanism, NoiseDrawn, NoiseKind, NoisyGroup,
    NoisyRelease, NoisyValue,
};
pub use pilot::{
    Chosen, Open, Pilot, PilotCount, PilotReport, PilotTotals, Survival, Typical, epsilon_max, pilot_price,
    price_max,
};
pub use spec::{AggregateSpec, GroupKey, KeyDomain, ReleaseSpec, SizeBound};
pub use summary::{AggregateSummary, LevelSummary, MechanismSummary, NoiseSummary, SizeSummary};
pub use unit::PrivacyUnit;

#[cfg(test)]
mod tests;
