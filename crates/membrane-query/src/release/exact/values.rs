//! What one row adds to the sums that are kept for its member and group, each value clamped to the bounds of a row.
//!
//! Each sum is kept once: `COUNT(*)`, `SUM(amount)` and `AVG(amount)` of a column that is never NULL need two, the
//! number of rows and the sum.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};
use membrane_privacy::{AggregateKind, RawValue, RowBounds, bound_value};

use super::samples::{self, Slot};
use crate::QueryError;
use crate::release::question::{Aggregate, Question, Scalar};
use crate::release::scalar::rescale;

/// The sums that the aggregates of a question need.
pub(super) struct Sums {
    sums: Vec<Sum>,
    aggregates: Vec<Parts>,
    slots: Vec<Slot>,
}

/// One sum over rows.
#[derive(Debug, PartialEq)]
enum Sum {
    /// Every row adds one.
    Rows,
    /// Rows with a value add one.
    NonNull(usize),
    /// Rows add their value within bounds, in units of the last of `scale` decimals.
    Values { place: usize, lower: i64, upper: i64, scale: i8 },
    /// Rows add what their value within bounds adds to a sum of squares.
    Squares { place: usize, kind: AggregateKind },
}

/// The positions of the sums that an aggregate is made of.
#[derive(Debug, Clone, Copy)]
struct Parts {
    rows: Option<usize>,
    sum: Option<usize>,
    /// The position of the values that are kept of it, among those of all aggregates that keep some.
    slot: Option<usize>,
}

/// Returns how many numbers there are at most for a member and group, whatever the bounds, also while totals are made.
pub(super) fn width(question: &Question, rows_max: u32) -> usize {
    let of = |aggregate: &Aggregate| match aggregate {
        Aggregate::Members => 0,
        Aggregate::Rows | Aggregate::NonNull(_) | Aggregate::Sum(_) => 1,
        Aggregate::MeanSum(_) | Aggregate::MeanSquares(_) => 2,
        // Each value twice more, in the lists of groups.
        Aggregate::Distinct(_) | Aggregate::Quantiles(..) => {
            let values = usize::try_from(rows_max).unwrap_or(usize::MAX);
            samples::words(rows_max).saturating_add(values.saturating_mul(2)).saturating_add(1)
        }
    };
    question.aggregates.iter().map(of).sum()
}

impl Sums {
    /// Finds the sums. `place` tells where a column stands.
    pub(super) fn new(
        question: &Question,
        kinds: impl Iterator<Item = AggregateKind>,
        rows_max: u32,
        place: impl Fn(&Scalar) -> Result<usize, QueryError>,
    ) -> Result<Self, QueryError> {
        let mut found = Self { sums: Vec::new(), aggregates: Vec::new(), slots: Vec::new() };
        for (aggregate, kind) in question.aggregates.iter().zip(kinds) {
            let parts = match (aggregate, kind) {
                (Aggregate::Members, AggregateKind::Members) => Parts { rows: None, sum: None, slot: None },
                (Aggregate::Rows, AggregateKind::Rows) => {
                    Parts { rows: Some(found.position(Sum::Rows)), sum: None, slot: None }
                }
                (Aggregate::NonNull(column), AggregateKind::NonNull) => {
                    Parts { rows: Some(found.position(Sum::NonNull(place(column)?))), sum: None, slot: None }
                }
                (
                    Aggregate::Sum(column),
                    AggregateKind::Sum { lower, upper, scale }
                    | AggregateKind::SumWithin { lower, upper, scale, .. },
                ) => {
                    let sum = Sum::Values { place: place(column)?, lower, upper, scale };
                    Parts { rows: None, sum: Some(found.position(sum)), slot: None }
                }
                (Aggregate::MeanSum(column), AggregateKind::MeanSum { lower, upper, scale }) => {
                    let place = place(column)?;
                    // The same rows that the average divides by.
                    let rows = if column.is_required() { Sum::Rows } else { Sum::NonNull(place) };
                    let rows = Some(found.position(rows));
                    let sum = Some(found.position(Sum::Values { place, lower, upper, scale }));
                    Parts { rows, sum, slot: None }
                }
                (Aggregate::MeanSquares(column), kind @ AggregateKind::MeanSquares { .. }) => {
                    let place = place(column)?;
                    let rows = if column.is_required() { Sum::Rows } else { Sum::NonNull(place) };
                    let rows = Some(found.position(rows));
                    let sum = Some(found.position(Sum::Squares { place, kind }));
                    Parts { rows, sum, slot: None }
                }
                (Aggregate::Distinct(column), kind @ AggregateKind::Distinct { .. })
                | (Aggregate::Quantiles(column, _), kind @ AggregateKind::Quantile { .. }) => {
                    let place = place(column)?;
                    let rows = Some(found.position(Sum::NonNull(place)));
                    let most = kind.samples_max(rows_max).ok_or(QueryError::Failed)?;
                    found.slots.push(Slot::new(place, kind, most)?);
                    Parts { rows, sum: None, slot: Some(found.slots.len() - 1) }
                }
                _ => return Err(QueryError::Failed),
            };
            found.aggregates.push(parts);
        }
        let mut start = found.sums.len();
        for slot in &mut found.slots {
            start = slot.begin_at(start);
        }
        Ok(found)
    }

    fn position(&mut self, sum: Sum) -> usize {
        if let Some(index) = self.sums.iter().position(|known| *known == sum) {
            return index;
        }
        self.sums.push(sum);
        self.sums.len() - 1
    }

    /// Returns how many numbers are kept for a member and group: the sums, then the values that are kept.
    pub(super) fn len(&self) -> usize {
        self.slots.last().map_or(self.sums.len(), Slot::end)
    }

    /// Returns how many aggregates there are.
    pub(super) const fn aggregates(&self) -> usize {
        self.aggregates.len()
    }

    /// Returns where values are kept.
    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Returns what each row adds to each sum, and marks the rows of which something was cut off.
    pub(super) fn contributions(
        &self,
        read: &[ArrayRef],
        clipped: &mut [bool],
    ) -> Result<Vec<Vec<i64>>, QueryError> {
        self.sums.iter().map(|sum| contributions(sum, read, clipped)).collect()
    }

    /// Puts what the aggregates found together from the sums of a part.
    pub(super) fn raw_values<'a>(&'a self, sums: &'a [i64]) -> impl Iterator<Item = RawValue> + 'a {
        let value = |index: Option<usize>| index.and_then(|index| sums.get(index)).copied().unwrap_or(0);
        self.aggregates.iter().map(move |parts| {
            let slot = parts.slot.and_then(|slot| self.slots.get(slot));
            let rows = slot.and_then(|slot| slot.distinct(sums)).unwrap_or_else(|| value(parts.rows));
            RawValue { rows, sum: value(parts.sum) }
        })
    }
}

fn contributions(sum: &Sum, read: &[ArrayRef], clipped: &mut [bool]) -> Result<Vec<i64>, QueryError> {
    let column = |place: usize| read.get(place).ok_or(QueryError::Failed);
    Ok(match sum {
        Sum::Rows => vec![1; clipped.len()],
        Sum::NonNull(place) => {
            let array = column(*place)?;
            (0..array.len()).map(|row| i64::from(array.is_valid(row))).collect()
        }
        Sum::Values { place, lower, upper, scale } => {
            clamped(column(*place)?.as_ref(), (*lower, *upper), *scale, clipped)?
        }
        Sum::Squares { place, kind } => {
            let RowBounds { lower, upper, scale } = kind.row_bounds().ok_or(QueryError::Failed)?;
            let array = column(*place)?;
            // What is cut off is marked where the values themselves are summed.
            let values = clamped(array.as_ref(), (lower, upper), scale, &mut vec![false; clipped.len()])?;
            let squared = values.into_iter().enumerate();
            squared.map(|(row, value)| if array.is_valid(row) { kind.row_value(value) } else { 0 }).collect()
        }
    })
}

/// Clamps every value, and marks those that it changes. NULL and not-a-number add nothing.
pub(super) fn clamped(
    array: &dyn Array,
    bounds: (i64, i64),
    scale: i8,
    clipped: &mut [bool],
) -> Result<Vec<i64>, QueryError> {
    Ok(match array.data_type() {
        DataType::Int64 if scale == 0 => {
            bounded(array.as_primitive::<Int64Type>().iter(), bounds, clipped, |value| value)
        }
        DataType::Decimal128(_, stored) => {
            let values = array.as_primitive::<Decimal128Type>().iter();
            // Beyond 64 bits is beyond every bound. Rounding keeps the order of values, so it moves none over a bound.
            let held = |value: i128| value.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
            let narrow = |value: i128| i64::try_from(held(value)).unwrap_or(0);
            if *stored == scale {
                bounded(values, bounds, clipped, narrow)
            } else {
                bounded(values, bounds, clipped, |value| narrow(rescale(value, *stored, scale)))
            }
        }
        DataType::Float64 => {
            let factor = 10_f64.powi(i32::from(scale));
            let values = array.as_primitive::<Float64Type>().iter();
            let numbers = values.map(|value| value.filter(|value| !value.is_nan()));
            bounded(numbers, bounds, clipped, |value| whole(value * factor))
        }
        _ => return Err(QueryError::Failed),
    })
}

fn bounded<T>(
    values: impl Iterator<Item = Option<T>>,
    (lower, upper): (i64, i64),
    clipped: &mut [bool],
    units: impl Fn(T) -> i64,
) -> Vec<i64> {
    let bounded = values.zip(clipped).map(|(value, mark)| {
        value.map_or(0, |value| {
            let value = units(value);
            *mark |= value < lower || value > upper;
            bound_value(value, lower, upper)
        })
    });
    bounded.collect()
}

/// Rounds to a whole number; what `i64` cannot hold becomes its end, and is clamped after.
#[expect(clippy::cast_possible_truncation, reason = "`as` holds a number beyond i64 at its end")]
const fn whole(value: f64) -> i64 {
    value.round() as i64
}
