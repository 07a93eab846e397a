//! What an aggregate takes from the rows of one member in one group, and how far that can reach.
//!
//! Statement. For each kind: what one row adds ([`AggregateKind::row_value`]), held within bounds that hold for every
//! row, and the most that one member adds to one group in magnitude (L-infinity, `contribution_max`), which no data
//! can exceed. Both follow from the statement alone.
//!
//! | kind | one row adds | one member adds at most |
//! | --- | --- | --- |
//! | counts | 1 | `rows_max` |
//! | members | - | 1 |
//! | SUM | `x` within the bounds | `rows_max * max(abs(lower), abs(upper))` |
//! | SUM of a bounded total | `x` within the bounds | `max(abs(least), abs(most))`, whatever the rows |
//! | AVG's sum | `x - c`, `c` the middle of the bounds | `rows_max * h`, `h` half the range |
//! | squares | `((x - c)^2 >> shift) - m`, `m` half of the most | `rows_max * h^2 / 2` |
//! | distinct | - | `values_max` values |
//! | quantiles | its cell of a grid | `rows_max` rows, on each layer of a tree |
//!
//! Centring costs nothing, as the middle is public, and halves the reach of a range that starts at zero: the mean is
//! `c + S / n`. Squares are centred twice, before and after squaring, which halves it once more. They are shifted right
//! where they would not fit: the least bit of what is kept is then below `rows_max / 2^30` of the greatest square,
//! far below the noise.

use serde::{Deserialize, Serialize};

use crate::bound_value;
use crate::tree::Tree;

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
    /// `SUM(column)` in fixed-point integers: all rows of a member in a group, held within bounds of that sum, however many
    /// rows there are.
    SumWithin {
        /// The least that one row contributes.
        lower: i64,
        /// The most that one row contributes.
        upper: i64,
        /// Decimals of the fixed-point integers.
        scale: i8,
        /// The least that one member contributes to one group; zero at most.
        least: i64,
        /// The most that one member contributes to one group; zero at least.
        most: i64,
    },
    /// The sum that `AVG(column)` divides by the number of rows, less the middle of the bounds for each row, in
    /// fixed-point integers: of `rows_max` average rows where a member has more in a group. See
    /// [`crate::estimate_mean`].
    MeanSum {
        /// The least value of one row.
        lower: i64,
        /// The greatest value of one row.
        upper: i64,
        /// Decimals of the fixed-point integers.
        scale: i8,
    },
    /// The sum of squares of which a variance is made, see [`crate::estimate_variance`]. Made by
    /// [`AggregateKind::mean_squares`]. Its unit is the square of a fixed-point unit, times two to the `shift`.
    MeanSquares {
        /// The least value of one row.
        lower: i64,
        /// The greatest value of one row.
        upper: i64,
        /// Decimals of the fixed-point integers, before they are squared.
        scale: i8,
        /// Bits that are dropped from each square.
        shift: u8,
    },
    /// `COUNT(DISTINCT column)`: the different values in a group, where each member counts with so many at most.
    Distinct {
        /// The most values of one member in one group.
        values_max: u32,
    },
    /// Quantiles of a column, any number of them for one price: the rows of a member in a group, `rows_max` at most,
    /// on a grid between the bounds. Its value is the number of such rows.
    Quantile {
        /// The least value of one row.
        lower: i64,
        /// The greatest value of one row.
        upper: i64,
        /// Decimals of the fixed-point integers.
        scale: i8,
    },
}

/// What one row contributes, in fixed-point integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowBounds {
    /// The least.
    pub lower: i64,
    /// The most.
    pub upper: i64,
    /// Decimals of the fixed-point integers.
    pub scale: i8,
}

/// Bits that a square can be shifted by at most.
const SHIFT_MAX: u8 = 96;

impl AggregateKind {
    /// Returns the sum of squares for a variance, whose unit is as fine as fits.
    #[must_use]
    pub fn mean_squares(lower: i64, upper: i64, scale: i8, rows_max: u32) -> Self {
        let of = |shift| Self::MeanSquares { lower, upper, scale, shift };
        let fits =
            |shift: &u8| of(*shift).contribution_max(rows_max).is_some_and(|most| most < CONTRIBUTION_MAX);
        (0..SHIFT_MAX).find(fits).map_or_else(|| of(SHIFT_MAX), of)
    }

    /// Returns the bounds of the values of one row, if this looks at values that are numbers.
    #[must_use]
    pub const fn row_bounds(self) -> Option<RowBounds> {
        match self {
            Self::Rows | Self::NonNull | Self::Members | Self::Distinct { .. } => None,
            Self::Sum { lower, upper, scale }
            | Self::SumWithin { lower, upper, scale, .. }
            | Self::MeanSum { lower, upper, scale }
            | Self::MeanSquares { lower, upper, scale, .. }
            | Self::Quantile { lower, upper, scale } => Some(RowBounds { lower, upper, scale }),
        }
    }

    /// Returns what a value adds to [`crate::RawValue::sum`], for kinds that sum; otherwise zero.
    #[must_use]
    pub fn row_value(self, value: i64) -> i64 {
        match self {
            Self::Sum { lower, upper, .. }
            | Self::SumWithin { lower, upper, .. }
            | Self::MeanSum { lower, upper, .. } => bound_value(value, lower, upper),
            Self::MeanSquares { lower, upper, shift, .. } => {
                let away = i128::from(bound_value(value, lower, upper)) - i128::from(centre(lower, upper));
                i64::try_from(shifted(away.saturating_mul(away), shift)).unwrap_or(i64::MAX)
            }
            _ => 0,
        }
    }

    /// Tells whether the total of several groups is the sum of theirs.
    #[must_use]
    pub const fn adds_up(self) -> bool {
        match self {
            Self::Rows
            | Self::NonNull
            | Self::Sum { .. }
            | Self::SumWithin { .. }
            | Self::MeanSum { .. }
            | Self::MeanSquares { .. } => true,
            Self::Members | Self::Distinct { .. } | Self::Quantile { .. } => false,
        }
    }

    /// Returns how many values of a member in a group must be handed over beside the raw value, if any.
    #[must_use]
    pub const fn samples_max(self, rows_max: u32) -> Option<u32> {
        match self {
            Self::Distinct { values_max } => Some(values_max),
            Self::Quantile { .. } => Some(rows_max),
            _ => None,
        }
    }

    /// Returns the tree on which quantiles are counted, if this is one.
    pub(crate) fn tree(self) -> Option<Tree> {
        match self {
            Self::Quantile { lower, upper, .. } => Some(Tree::over(lower, upper)),
            _ => None,
        }
    }

    /// Returns the most, in magnitude, that one member contributes to one number of one group (L-infinity).
    pub(crate) fn contribution_max(self, rows_max: u32) -> Option<i64> {
        let rows = i64::from(rows_max);
        match self {
            Self::Rows | Self::NonNull | Self::Quantile { .. } => Some(rows),
            Self::Members => Some(1),
            Self::Sum { lower, upper, .. } => {
                lower.checked_abs()?.max(upper.checked_abs()?).checked_mul(rows)
            }
            Self::SumWithin { least, most, .. } => Some(least.checked_abs()?.max(most.checked_abs()?)),
            Self::MeanSum { lower, upper, .. } => reach(lower, upper)?.checked_mul(rows),
            Self::MeanSquares { .. } => {
                let (most, middle) = self.squares()?;
                middle.max(most - middle).max(1).checked_mul(rows)
            }
            Self::Distinct { values_max } => Some(i64::from(values_max)),
        }
    }

    /// Returns how many numbers of a group one member can move.
    pub(crate) fn layers(self) -> u32 {
        self.tree().map_or(1, |tree| tree.layers())
    }

    /// Returns the greatest square of one row, and the middle that is taken off, in the unit of the sum.
    pub(crate) fn squares(self) -> Option<(i64, i64)> {
        let Self::MeanSquares { lower, upper, shift, .. } = self else { return None };
        let reach = i128::from(reach(lower, upper)?);
        let most = i64::try_from(shifted(reach.checked_mul(reach)?, shift)).ok()?;
        Some((most, most / 2))
    }

    /// Takes the middle off a sum over so many rows, and returns the range that one row then has.
    pub(crate) fn centred(self, sum: i64, rows: i64) -> Option<(i128, i64, i64)> {
        let (least, middle, most) = match self {
            Self::Sum { lower, upper, .. } => (lower.min(0), 0, upper.max(0)),
            Self::MeanSum { lower, upper, .. } => (lower, centre(lower, upper), upper),
            Self::MeanSquares { .. } => {
                let (most, middle) = self.squares()?;
                (0, middle, most)
            }
            _ => return None,
        };
        let centred = i128::from(sum) - i128::from(middle) * i128::from(rows);
        Some((centred, least.checked_sub(middle)?, most.checked_sub(middle)?))
    }
}

/// One member contributes less than this to any number of a group.
pub(crate) const CONTRIBUTION_MAX: i64 = crate::spec::TOTAL_MAX / crate::spec::MEMBERS_MAX;

/// Returns the middle of two bounds, rounded down.
pub(crate) fn centre(lower: i64, upper: i64) -> i64 {
    i64::try_from((i128::from(lower) + i128::from(upper)).div_euclid(2)).unwrap_or_default()
}

/// Returns how far a value within bounds is from their middle at most.
pub(crate) fn reach(lower: i64, upper: i64) -> Option<i64> {
    let centre = centre(lower, upper);
    Some(upper.checked_sub(centre)?.max(centre.checked_sub(lower)?).max(1))
}

/// Drops bits of a number that is not negative, to the nearest.
fn shifted(value: i128, shift: u8) -> i128 {
    let shift = u32::from(shift.min(SHIFT_MAX));
    let half = 1_i128.checked_shl(shift).unwrap_or_default() / 2;
    value.saturating_add(half).checked_shr(shift).unwrap_or_default()
}

#[cfg(test)]
mod tests;
