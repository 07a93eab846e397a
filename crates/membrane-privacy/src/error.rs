//! What can go wrong while a release is stated, priced or drawn.

mod shortfall;

use membrane_model::PriceError;

pub use self::shortfall::{MissedTarget, Shortfall, Worth, decimal};

/// What can go wrong while a release is stated, priced or drawn. Every variant but
/// [`PrivacyError::Shape`] and [`PrivacyError::Library`] depends on the statement alone, never on data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrivacyError {
    /// A number of the statement lies outside what makes sense.
    #[error("{what} must be {expected}")]
    OutOfRange {
        /// Which number.
        what: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// One member could take more of the machine than the noise on its limit hides at this price.
    #[error(
        "one member could take too much of the machine at this price: at most {member_max}, in units of its size"
    )]
    MemberTooLarge {
        /// The most that one member may take, in the unit of the statement's [`crate::SizeBound`].
        member_max: u64,
    },
    /// There is nothing to release, or too much.
    #[error("a release has 1 to {max} aggregates")]
    AggregateCount {
        /// The most that one release may have.
        max: usize,
    },
    /// Two aggregates have one name, or one has none.
    #[error("every aggregate needs a name of its own")]
    AggregateName,
    /// The bounds of a sum admit nothing but zero, or are the wrong way round.
    #[error("the bounds of `{aggregate}` must be a range that holds more than zero")]
    Bounds {
        /// Whose bounds.
        aggregate: String,
    },
    /// A member could contribute more than exact 64-bit totals can hold for every member of a large hub.
    #[error(
        "the bounds of `{aggregate}` are too wide: rows per member times the larger bound must stay below {max}"
    )]
    Overflow {
        /// Whose bounds.
        aggregate: String,
        /// The most that one member may contribute to one group, in fixed-point units.
        max: i64,
    },
    /// Quantiles are asked of what has none, or none of what has, or not within 0 and 1.
    #[error(
        "`{aggregate}` must name 1 to {max} quantiles within 0 and 1 if it counts quantiles, and none otherwise"
    )]
    Quantiles {
        /// Whose quantiles.
        aggregate: String,
        /// The most that one aggregate may name.
        max: usize,
    },
    /// Totals of several levels are asked of what does not add up.
    #[error("`{aggregate}` does not add up over groups, and so has no totals of several levels")]
    AddsNotUp {
        /// Whose totals.
        aggregate: String,
    },
    /// The targets cannot be reached at the price that was asked. Nothing was charged.
    #[error("{0}")]
    Targets(Box<Shortfall>),
    /// The list of public keys is empty, repeats a key or mixes lengths.
    #[error("public keys must be at least one list of cells, all of one length, without repetition")]
    PublicKeys,
    /// The epsilon is too small to be priced in the ledger's integers.
    #[error("epsilon is too small at this delta: the ledger's smallest unit is already dearer")]
    EpsilonTooSmall,
    /// The delta is too small for the groups that one member may touch.
    #[error("delta is too small for that many groups per member")]
    DeltaTooSmall,
    /// The price cannot be written down.
    #[error(transparent)]
    Price(#[from] PriceError),
    /// Exact totals do not have the form that the mechanism was calibrated for.
    #[error("the totals do not fit the release")]
    Shape,
    /// The library refused a step; its own text is not repeated.
    #[error("the privacy library refused to {step}")]
    Library {
        /// The step.
        step: &'static str,
    },
}
