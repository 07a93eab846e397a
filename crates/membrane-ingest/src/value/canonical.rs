//! The canonical text of a value: what is sealed, what tokens are made of, what enumerations list.
//!
//! | type | text |
//! | --- | --- |
//! | string | as it is |
//! | integer | `-12` |
//! | number | the shortest that stands for it, never scientific |
//! | decimal | `12.50`, always with all digits of its scale |
//! | boolean | `true`, `false` |
//! | date | `2026-03-01` |
//! | timestamp | `2026-03-01T10:00:00.000000Z` |

use std::fmt::{self, Write};

use arrow::array::{Array, ArrayRef, AsArray, StringArray, StringBuilder};
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use chrono::{DateTime, NaiveDate, SecondsFormat};
use membrane_model::LogicalType;

/// Days from 0001-01-01 (day 1) to 1970-01-01.
const EPOCH_DAY: i32 = 719_163;

/// Returns the canonical text of every value of an array of the logical type.
pub(crate) fn canonical_text(array: &ArrayRef, logical: LogicalType) -> Result<StringArray, ArrowError> {
    match logical {
        LogicalType::String => Ok(array.as_string::<i32>().clone()),
        LogicalType::Integer => written::<Int64Type>(array, |to, value| write!(to, "{value}")),
        LogicalType::Number => written::<Float64Type>(array, |to, value| write!(to, "{value}")),
        LogicalType::Decimal { scale, .. } => {
            written::<Decimal128Type>(array, |to, value| write_decimal(to, value, scale))
        }
        LogicalType::Boolean => {
            let word = |value: bool| if value { "true" } else { "false" };
            Ok(array.as_boolean().iter().map(|value| value.map(word)).collect())
        }
        LogicalType::Date => written::<Date32Type>(array, |to, days| {
            let date = days.checked_add(EPOCH_DAY).and_then(NaiveDate::from_num_days_from_ce_opt);
            write!(to, "{}", date.ok_or(fmt::Error)?)
        }),
        LogicalType::Timestamp => written::<TimestampMicrosecondType>(array, |to, micros| {
            let moment = DateTime::from_timestamp_micros(micros).ok_or(fmt::Error)?;
            to.write_str(&moment.to_rfc3339_opts(SecondsFormat::Micros, true))
        }),
    }
}

fn written<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    write: impl Fn(&mut StringBuilder, T::Native) -> fmt::Result,
) -> Result<StringArray, ArrowError> {
    let mut builder = StringBuilder::with_capacity(array.len(), array.len() * 12);
    for value in array.as_primitive::<T>() {
        match value {
            Some(value) => {
                write(&mut builder, value)
                    .map_err(|_| ArrowError::CastError("a value has no text".to_owned()))?;
                builder.append_value("");
            }
            None => builder.append_null(),
        }
    }
    Ok(builder.finish())
}

fn write_decimal(to: &mut StringBuilder, value: i128, scale: i8) -> fmt::Result {
    let digits = usize::try_from(scale).unwrap_or_default();
    let sign = if value < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", value.unsigned_abs(), width = digits + 1);
    let (whole, fraction) = text.split_at_checked(text.len() - digits).ok_or(fmt::Error)?;
    if digits == 0 { write!(to, "{sign}{whole}") } else { write!(to, "{sign}{whole}.{fraction}") }
}
