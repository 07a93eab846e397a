//! `generalise`: a coarser value of the same type.
//!
//! | how | date, timestamp | number | text |
//! | --- | --- | --- | --- |
//! | `month` | first of the month | | |
//! | `year` | first of January | | |
//! | `width(n)` | | lower edge of its band of `n` | |
//! | `prefix(n)` | | | first `n` characters |
//!
//! Bands go down, also below zero: `width(10)` turns -3 into -10. What cannot be made coarser within its type
//! (a date before the calendar's begin, a number at the type's edge) becomes NULL: never the value itself. So does what
//! does not fit its type at all, which the rules refuse before.

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime};
use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, StringViewBuilder,
};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use membrane_model::Generalisation;

use super::clusters::starts;
use crate::fault::ScanFault;
use crate::typed::{date_of, days_of};

/// Makes an array of values coarser.
pub(super) fn values(array: &ArrayRef, how: Generalisation) -> Result<ArrayRef, ScanFault> {
    match array.data_type() {
        DataType::Date32 => map::<Date32Type>(array, |value| days(value, how)),
        DataType::Timestamp(..) => map::<TimestampMicrosecondType>(array, |value| micros(value, how)),
        DataType::Int64 => map::<Int64Type>(array, |value| integer(value, how)),
        DataType::Float64 => map::<Float64Type>(array, |value| number(value, how)),
        DataType::Decimal128(_, scale) => map::<Decimal128Type>(array, |value| decimal(value, *scale, how)),
        DataType::Utf8View => {
            let mut out = StringViewBuilder::with_capacity(array.len());
            for value in array.as_string_view() {
                out.append_option(value.and_then(|value| text(value, how)));
            }
            Ok(Arc::new(out.finish()))
        }
        _ => Err(ScanFault::Shape),
    }
}

fn map<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    coarser: impl Fn(T::Native) -> Option<T::Native>,
) -> Result<ArrayRef, ScanFault> {
    let array = array.as_primitive_opt::<T>().ok_or(ScanFault::Shape)?;
    let mapped: PrimitiveArray<T> = array.iter().map(|value| value.and_then(&coarser)).collect();
    Ok(Arc::new(mapped.with_data_type(array.data_type().clone())))
}

/// Makes a date coarser.
pub(crate) fn days(days: i32, how: Generalisation) -> Option<i32> {
    date_of(days).and_then(|date| floor_date(date, how)).map(days_of)
}

/// Makes a timestamp coarser.
pub(crate) fn micros(micros: i64, how: Generalisation) -> Option<i64> {
    let date = DateTime::from_timestamp_micros(micros)?.date_naive();
    Some(floor_date(date, how)?.and_time(NaiveTime::MIN).and_utc().timestamp_micros())
}

/// Makes an integer coarser.
pub(crate) fn integer(value: i64, how: Generalisation) -> Option<i64> {
    let width = i64::from(width_of(how)?);
    value.checked_div_euclid(width)?.checked_mul(width)
}

/// Makes a float coarser.
pub(crate) fn number(value: f64, how: Generalisation) -> Option<f64> {
    let width = f64::from(width_of(how)?);
    Some((value / width).floor() * width).filter(|edge| edge.is_finite())
}

/// Makes a decimal coarser; `scale` is the number of its digits after the point.
pub(crate) fn decimal(units: i128, scale: i8, how: Generalisation) -> Option<i128> {
    let unit = 10_i128.checked_pow(u32::try_from(scale).ok()?)?;
    let width = unit.checked_mul(i128::from(width_of(how)?))?;
    units.checked_div_euclid(width)?.checked_mul(width)
}

/// Makes a text coarser.
pub(crate) fn text(text: &str, how: Generalisation) -> Option<&str> {
    let Generalisation::Prefix(length) = how else { return None };
    let length = usize::from(length);
    let end = if text.is_ascii() {
        length.min(text.len())
    } else {
        starts(text).get(length).copied().unwrap_or(text.len())
    };
    text.get(..end)
}

const fn width_of(how: Generalisation) -> Option<u32> {
    match how {
        Generalisation::Width(width) => Some(width),
        Generalisation::Month | Generalisation::Year | Generalisation::Prefix(_) => None,
    }
}

fn floor_date(date: NaiveDate, how: Generalisation) -> Option<NaiveDate> {
    let month = match how {
        Generalisation::Year => 1,
        Generalisation::Month => date.month(),
        Generalisation::Width(_) | Generalisation::Prefix(_) => return None,
    };
    NaiveDate::from_ymd_opt(date.year(), month, 1)
}

#[cfg(test)]
mod tests;
