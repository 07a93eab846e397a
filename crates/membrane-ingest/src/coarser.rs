//! Makes values coarser before they are stored; the type stays.
//!
//! Not every value has a coarser one: the band of the least integer starts below it, and a decimal's may have
//! a digit more than the contract gives it. Such rows are set aside when they are checked, so that nothing is
//! left to fail when they are protected.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, StringArray};
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use chrono::{DateTime, Datelike as _, NaiveDate};
use membrane_catalog::Column;
use membrane_model::{Generalisation, LogicalType};

use crate::value::{mapped, power_of_ten};

/// Days from 0001-01-01 (day 1) to 1970-01-01.
const EPOCH_DAY: i32 = 719_163;
const DAY_MICROS: i64 = 86_400_000_000;

/// How the values of one column become coarser.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coarser {
    how: Generalisation,
    logical: LogicalType,
    /// Whether the values are direct identifiers.
    identifying: bool,
}

impl Coarser {
    pub(crate) fn new(column: &Column, how: Generalisation) -> Self {
        Self { how, logical: column.logical_type, identifying: column.is_identifying() }
    }

    /// Tells the rows whose values have no coarser one.
    pub(crate) fn misfits(&self, array: &ArrayRef, wrong: &mut dyn FnMut(usize)) -> Result<(), ArrowError> {
        self.convert(array, wrong).map(drop)
    }

    /// Makes every value of an array coarser.
    pub(crate) fn apply(&self, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let mut misfits = 0_usize;
        let coarse = self.convert(array, &mut |_| misfits += 1)?;
        if misfits > 0 {
            return Err(ArrowError::ComputeError("a value has no coarser one".to_owned()));
        }
        Ok(coarse)
    }

    fn convert(&self, array: &ArrayRef, wrong: &mut dyn FnMut(usize)) -> Result<ArrayRef, ArrowError> {
        let how = self.how;
        match (how, self.logical) {
            (Generalisation::Month | Generalisation::Year, LogicalType::Date) => {
                Ok(map::<Date32Type>(array, |days| first_day(days, how), wrong))
            }
            (Generalisation::Month | Generalisation::Year, LogicalType::Timestamp) => {
                let first = |micros: i64| {
                    let date = DateTime::from_timestamp_micros(micros)?.date_naive();
                    let days = first_day(date.num_days_from_ce() - EPOCH_DAY, how)?;
                    i64::from(days).checked_mul(DAY_MICROS)
                };
                Ok(map::<TimestampMicrosecondType>(array, first, wrong))
            }
            (Generalisation::Width(width), LogicalType::Integer) => {
                let width = i64::from(width);
                let start = |value: i64| value.checked_sub(value.checked_rem_euclid(width)?);
                Ok(map::<Int64Type>(array, start, wrong))
            }
            (Generalisation::Width(width), LogicalType::Number) => {
                let width = f64::from(width);
                let start = |value: f64| Some((value / width).floor() * width).filter(|it| it.is_finite());
                Ok(map::<Float64Type>(array, start, wrong))
            }
            (Generalisation::Width(width), LogicalType::Decimal { precision, scale }) => {
                let unit = power_of_ten(u32::try_from(scale).unwrap_or_default());
                let width = unit.and_then(|unit| unit.checked_mul(width.into()));
                let limit = power_of_ten(precision.into()).unwrap_or(i128::MAX);
                let start = |value: i128| {
                    let start = value.checked_sub(value.checked_rem_euclid(width?)?)?;
                    (start > -limit).then_some(start)
                };
                Ok(map::<Decimal128Type>(array, start, wrong))
            }
            (Generalisation::Prefix(length), LogicalType::String) => {
                Ok(Arc::new(prefixes(array, length.into(), self.identifying)))
            }
            (how, logical) => {
                Err(ArrowError::SchemaError(format!("{logical} cannot become coarser by {how}")))
            }
        }
    }
}

fn map<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    coarser: impl Fn(T::Native) -> Option<T::Native>,
    wrong: &mut dyn FnMut(usize),
) -> ArrayRef {
    let coarse: PrimitiveArray<T> = mapped::<T, T>(array, coarser, wrong);
    Arc::new(coarse.with_data_type(array.data_type().clone()))
}

/// Returns the first day of the month or the year, in days since 1970-01-01.
fn first_day(days: i32, how: Generalisation) -> Option<i32> {
    let date = NaiveDate::from_num_days_from_ce_opt(days.checked_add(EPOCH_DAY)?)?;
    let month = if how == Generalisation::Year { 1 } else { date.month() };
    let first = NaiveDate::from_ymd_opt(date.year(), month, 1)?;
    Some(first.num_days_from_ce() - EPOCH_DAY)
}

/// PRIVACY: of an identifier at most half is kept, however short it is: `prefix(3)` of a name of three
/// characters would else be the name.
fn prefixes(array: &ArrayRef, length: usize, identifying: bool) -> StringArray {
    let prefix = |text: &'_ str| {
        let most = if identifying { length.min(text.chars().count() / 2) } else { length };
        text.chars().take(most).collect::<String>()
    };
    array.as_string::<i32>().iter().map(|text| text.map(prefix)).collect()
}

#[cfg(test)]
mod tests;
