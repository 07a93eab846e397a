//! Differential privacy: contribution bounds, mechanisms with their price, and conversion of budgets.
//!
//! Pure and synchronous: nothing here reads data, keeps a budget or does I/O. A caller
//!
//! 1. states what is to be released as a [`ReleaseSpec`] and calibrates a [`Mechanism`] from it, which
//!    has a price before any data is touched;
//! 2. bounds every member's contribution with [`BoundedTotals`], whose limits the mechanism gives;
//! 3. hands the exact, bounded totals to [`Mechanism::release`].
//!
//! Noise comes from `opendp`, which draws it from OpenSSL; this is the only crate that names it.

mod budget;
mod contribution;
mod error;
mod mechanism;
mod spec;
mod summary;

pub use budget::epsilon_of;
pub use contribution::{BoundedTotals, ContributionBounds, GroupTotals, MemberPart, bound_value};
pub use error::PrivacyError;
pub use mechanism::{Mechanism, NoisyGroup, NoisyValue};
pub use spec::{AggregateKind, AggregateSpec, GroupKey, KeyDomain, ReleaseSpec};
pub use summary::{AggregateSummary, MechanismSummary};

#[cfg(test)]
mod tests;
