//! What one row adds to each aggregate of its member and group, clamped to the bounds of the row.

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};
use membrane_privacy::{AggregateKind, bound_value};

use crate::QueryError;
use crate::release::question::{Aggregate, ColumnRef};

/// Where an aggregate finds what a row adds.
pub(super) enum RawColumn {
    /// Every row adds one.
    Rows,
    /// Presence is enough.
    Members,
    /// Rows with a value add one.
    NonNull(usize),
    /// Rows add their value within bounds, in units of the last of `scale` decimals.
    Sum { place: usize, lower: i64, upper: i64, scale: i8 },
}

impl RawColumn {
    pub(super) fn new(
        aggregate: &Aggregate,
        kind: AggregateKind,
        place: impl Fn(&ColumnRef) -> Result<usize, QueryError>,
    ) -> Result<Self, QueryError> {
        Ok(match (aggregate, kind) {
            (Aggregate::Rows, AggregateKind::Rows) => Self::Rows,
            (Aggregate::Members, AggregateKind::Members) => Self::Members,
            (Aggregate::NonNull(column), AggregateKind::NonNull) => Self::NonNull(place(column)?),
            (Aggregate::Sum(column), AggregateKind::Sum { lower, upper, scale }) => {
                Self::Sum { place: place(column)?, lower, upper, scale }
            }
            _ => return Err(QueryError::Failed),
        })
    }
}

/// Returns what each row of a batch adds.
pub(super) fn contributions(raw: &RawColumn, batch: &RecordBatch) -> Result<Vec<i64>, QueryError> {
    let rows = batch.num_rows();
    let column = |place: usize| batch.columns().get(place).ok_or(QueryError::Failed);
    Ok(match raw {
        RawColumn::Rows => vec![1; rows],
        RawColumn::Members => vec![0; rows],
        RawColumn::NonNull(place) => {
            let array = column(*place)?;
            (0..rows).map(|row| i64::from(array.is_valid(row))).collect()
        }
        RawColumn::Sum { place, lower, upper, scale } => {
            clamped(column(*place)?.as_ref(), *lower, *upper, *scale)?
        }
    })
}

/// Clamps every value. NULL and not-a-number add nothing.
fn clamped(array: &dyn Array, lower: i64, upper: i64, scale: i8) -> Result<Vec<i64>, QueryError> {
    Ok(match array.data_type() {
        DataType::Int64 if scale == 0 => {
            let bound = |value: Option<i64>| value.map_or(0, |value| bound_value(value, lower, upper));
            array.as_primitive::<Int64Type>().iter().map(bound).collect()
        }
        DataType::Decimal128(_, stored) if *stored == scale => {
            let bound = |value: Option<i128>| {
                value.map_or(0, |value| {
                    i64::try_from(value.clamp(i128::from(lower), i128::from(upper))).unwrap_or(0)
                })
            };
            array.as_primitive::<Decimal128Type>().iter().map(bound).collect()
        }
        DataType::Float64 => {
            let factor = 10_f64.powi(i32::from(scale));
            let bound = |value: Option<f64>| {
                value.map_or(0, |value| {
                    if value.is_nan() { 0 } else { bound_value(whole(value * factor), lower, upper) }
                })
            };
            array.as_primitive::<Float64Type>().iter().map(bound).collect()
        }
        _ => return Err(QueryError::Failed),
    })
}

/// Rounds to a whole number; what `i64` cannot hold becomes its end, and is clamped after.
#[expect(clippy::cast_possible_truncation, reason = "`as` holds a number beyond i64 at its end")]
const fn whole(value: f64) -> i64 {
    value.round() as i64
}
