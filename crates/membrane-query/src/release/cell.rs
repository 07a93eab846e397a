//! Key cells: from the column of a row to what groups are told apart by, and from there to text.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};

use super::calendar::{date_text, instant_text, shown_days, shown_micros};
use crate::QueryError;

/// Holds days and instants within the years that can be shown.
pub(super) fn shown(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let held: PrimitiveArray<TimestampMicrosecondType> =
                array.as_primitive::<TimestampMicrosecondType>().unary(shown_micros);
            Arc::new(held.with_timezone_opt(zone.clone()))
        }
        DataType::Date32 => {
            let held: PrimitiveArray<Date32Type> = array
                .as_primitive::<Date32Type>()
                .unary(|days| i32::try_from(shown_days(i64::from(days))).unwrap_or_default());
            Arc::new(held)
        }
        _ => Arc::clone(array),
    }
}

/// Writes key cells as text: the form of the contract's enumerations.
pub(super) fn texts(array: &dyn Array) -> Result<Vec<Option<String>>, QueryError> {
    Ok(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect(),
        DataType::Utf8View => array.as_string_view().iter().map(|text| text.map(str::to_owned)).collect(),
        DataType::Boolean => {
            array.as_boolean().iter().map(|truth| truth.map(|truth| truth.to_string())).collect()
        }
        DataType::Int64 => written(array.as_primitive::<Int64Type>(), |value| value.to_string()),
        DataType::Decimal128(_, scale) => {
            written(array.as_primitive::<Decimal128Type>(), |value| decimal_text(value, *scale))
        }
        DataType::Date32 => written(array.as_primitive::<Date32Type>(), |days| date_text(i64::from(days))),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            written(array.as_primitive::<TimestampMicrosecondType>(), instant_text)
        }
        _ => return Err(QueryError::Failed),
    })
}

fn written<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    write: impl Fn(T::Native) -> String,
) -> Vec<Option<String>> {
    array.iter().map(|value| value.map(&write)).collect()
}

/// Writes a fixed-point number in plain digits, with all digits of its scale.
pub(super) fn decimal_text(units: i128, scale: i8) -> String {
    let scale = usize::try_from(scale).unwrap_or(0);
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let point = if scale == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}
