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

mod budget;
mod contribution;
mod error;
mod mechanism;
mod spec;
mod summary;
mod unit;

pub use budget::epsilon_of;
pub use contribution::{
    BoundedTotals, ContributionBounds, ExactTotals, GroupTotals, MemberPart, RawValue, bound_value,
};
pub use error::PrivacyError;
pub use mechanism::{Mechanism, NoisyGroup, NoisyRelease, NoisyValue};
pub use spec::{AggregateKind, AggregateSpec, GroupKey, KeyDomain, ReleaseSpec, RowBounds, SizeBound};
pub use summary::{AggregateSummary, ClippingSummary, MechanismSummary, SizeSummary};
pub use unit::PrivacyUnit;

#[cfg(test)]
mod tests;
