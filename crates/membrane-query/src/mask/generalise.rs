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
//! (a date before the calendar's begin, a number at the type's edge) becomes NULL: never the value itself.

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
    match (how, array.data_type()) {
        (Generalisation::Month | Generalisation::Year, DataType::Date32) => {
            map::<Date32Type>(array, |days| date_of(days).and_then(|date| floor_date(date, how)).map(days_of))
        }
        (Generalisation::Month | Generalisation::Year, DataType::Timestamp(..)) => {
            map::<TimestampMicrosecondType>(array, |micros| {
                let date = DateTime::from_timestamp_micros(micros)?.date_naive();
                Some(floor_date(date, how)?.and_time(NaiveTime::MIN).and_utc().timestamp_micros())
            })
        }
        (Generalisation::Width(width), DataType::Int64) => {
            let width = i64::from(width);
            map::<Int64Type>(array, |value| value.checked_div_euclid(width)?.checked_mul(width))
        }
        (Generalisation::Width(width), DataType::Float64) => {
            let width = f64::from(width);
            map::<Float64Type>(array, |value| {
                Some((value / width).floor() * width).filter(|edge| edge.is_finite())
            })
        }
        (Generalisation::Width(width), DataType::Decimal128(_, scale)) => {
            let unit = u32::try_from(*scale).ok().and_then(|scale| 10_i128.checked_pow(scale));
            let width = unit.and_then(|unit| unit.checked_mul(i128::from(width))).ok_or(ScanFault::Shape)?;
            map::<Decimal128Type>(array, |value| value.checked_div_euclid(width)?.checked_mul(width))
        }
        (Generalisation::Prefix(length), DataType::Utf8View) => {
            let mut out = StringViewBuilder::with_capacity(array.len());
            for text in array.as_string_view() {
                out.append_option(text.map(|text| prefix(text, length)));
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

fn floor_date(date: NaiveDate, how: Generalisation) -> Option<NaiveDate> {
    let month = if matches!(how, Generalisation::Year) { 1 } else { date.month() };
    NaiveDate::from_ymd_opt(date.year(), month, 1)
}

fn prefix(text: &str, length: u8) -> &str {
    let length = usize::from(length);
    let end = if text.is_ascii() {
        length.min(text.len())
    } else {
        starts(text).get(length).copied().unwrap_or(text.len())
    };
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
