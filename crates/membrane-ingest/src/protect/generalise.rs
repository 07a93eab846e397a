//! Makes values coarser before they are stored.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, StringArray};
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use chrono::{DateTime, Datelike as _, NaiveDate};
use membrane_model::{Generalisation, LogicalType};

use crate::value::power_of_ten;

/// Days from 0001-01-01 (day 1) to 1970-01-01.
const EPOCH_DAY: i32 = 719_163;
const DAY_MICROS: i64 = 86_400_000_000;

/// Makes every value of an array coarser; the type stays.
pub(super) fn generalise(
    array: &ArrayRef,
    how: Generalisation,
    logical: LogicalType,
) -> Result<ArrayRef, ArrowError> {
    match (how, logical) {
        (Generalisation::Month | Generalisation::Year, LogicalType::Date) => {
            map::<Date32Type>(array, |days| first_day(days, how))
        }
        (Generalisation::Month | Generalisation::Year, LogicalType::Timestamp) => {
            map::<TimestampMicrosecondType>(array, |micros| {
                let date = DateTime::from_timestamp_micros(micros)?.date_naive();
                let days = first_day(date.num_days_from_ce() - EPOCH_DAY, how)?;
                i64::from(days).checked_mul(DAY_MICROS)
            })
        }
        (Generalisation::Width(width), LogicalType::Integer) => {
            let width = i64::from(width);
            map::<Int64Type>(array, |value| value.checked_sub(value.rem_euclid(width)))
        }
        (Generalisation::Width(width), LogicalType::Number) => {
            let width = f64::from(width);
            map::<Float64Type>(array, |value| Some((value / width).floor() * width))
        }
        (Generalisation::Width(width), LogicalType::Decimal { scale, .. }) => {
            let unit = power_of_ten(u32::try_from(scale).unwrap_or_default());
            let width = unit.and_then(|unit| unit.checked_mul(width.into()));
            map::<Decimal128Type>(array, |value| value.checked_sub(value.checked_rem_euclid(width?)?))
        }
        (Generalisation::Prefix(length), LogicalType::String) => Ok(Arc::new(prefixes(array, length))),
        (how, logical) => Err(ArrowError::SchemaError(format!("{logical} cannot become coarser by {how}"))),
    }
}

fn map<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    coarser: impl Fn(T::Native) -> Option<T::Native>,
) -> Result<ArrayRef, ArrowError> {
    let out_of_range = || ArrowError::ComputeError("a coarser value is out of range".to_owned());
    let values = array.as_primitive::<T>();
    let coarse = values.try_unary::<_, T, _>(|value| coarser(value).ok_or_else(out_of_range))?;
    let coarse: PrimitiveArray<T> = coarse.with_data_type(array.data_type().clone());
    Ok(Arc::new(coarse))
}

/// Returns the first day of the month or the year, in days since 1970-01-01.
fn first_day(days: i32, how: Generalisation) -> Option<i32> {
    let date = NaiveDate::from_num_days_from_ce_opt(days.checked_add(EPOCH_DAY)?)?;
    let month = if how == Generalisation::Year { 1 } else { date.month() };
    let first = NaiveDate::from_ymd_opt(date.year(), month, 1)?;
    Some(first.num_days_from_ce() - EPOCH_DAY)
}

fn prefixes(array: &ArrayRef, length: u8) -> StringArray {
    let prefix = |text: &'_ str| text.chars().take(length.into()).collect::<String>();
    array.as_string::<i32>().iter().map(|text| text.map(prefix)).collect()
}

#[cfg(test)]
mod tests;
