//! Numbers from typed columns, exactly.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Decimal128Type, Float32Type, Float64Type, Int64Type};
use arrow::error::ArrowError;

use super::{fitting, mapped, text, unexpected};

/// Integers up to this size are exact as `f64`.
const EXACT: i64 = 1 << 53;
const DECIMAL_DIGITS_MAX: u8 = 38;

/// Returns 10^exponent, if it fits.
pub(crate) fn power_of_ten(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

pub(super) fn integer(array: &ArrayRef, wrong: &mut dyn FnMut(usize)) -> Result<ArrayRef, ArrowError> {
    Ok(match array.data_type() {
        DataType::Float32 => {
            Arc::new(mapped::<Float32Type, Int64Type>(array, |value| whole(value.into()), wrong))
        }
        DataType::Float64 => Arc::new(mapped::<Float64Type, Int64Type>(array, whole, wrong)),
        found if found.is_integer() => checked_cast(array, &DataType::Int64, wrong)?,
        found if found.is_decimal() => {
            let (decimals, scale) = as_decimal128(array, wrong)?;
            let convert = |value: i128| rescale(value, scale, 0).and_then(|value| value.try_into().ok());
            Arc::new(mapped::<Decimal128Type, Int64Type>(&decimals, convert, wrong))
        }
        _ => return Err(unexpected(array)),
    })
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and below 2^53")]
#[expect(clippy::cast_precision_loss, reason = "2^53 is exact")]
fn whole(value: f64) -> Option<i64> {
    (value.fract().abs() < f64::MIN_POSITIVE && value.abs() <= EXACT as f64).then_some(value as i64)
}

pub(super) fn number(array: &ArrayRef, wrong: &mut dyn FnMut(usize)) -> Result<ArrayRef, ArrowError> {
    let finite = |value: f64| value.is_finite().then_some(value);
    Ok(match array.data_type() {
        DataType::Float32 => {
            Arc::new(mapped::<Float32Type, Float64Type>(array, |value| finite(value.into()), wrong))
        }
        DataType::Float64 => Arc::new(mapped::<Float64Type, Float64Type>(array, finite, wrong)),
        found if found.is_integer() => {
            let integers = checked_cast(array, &DataType::Int64, wrong)?;
            Arc::new(mapped::<Int64Type, Float64Type>(&integers, exact_float, wrong))
        }
        found if found.is_decimal() => {
            let (decimals, scale) = as_decimal128(array, wrong)?;
            let convert =
                |value: i128| format!("{value}e{}", -i32::from(scale)).parse().ok().and_then(finite);
            Arc::new(mapped::<Decimal128Type, Float64Type>(&decimals, convert, wrong))
        }
        _ => return Err(unexpected(array)),
    })
}

#[expect(clippy::cast_precision_loss, reason = "checked to be at most 2^53")]
fn exact_float(value: i64) -> Option<f64> {
    (-EXACT..=EXACT).contains(&value).then_some(value as f64)
}

pub(super) fn decimal(
    array: &ArrayRef,
    precision: u8,
    scale: i8,
    wrong: &mut dyn FnMut(usize),
) -> Result<ArrayRef, ArrowError> {
    let limit = power_of_ten(precision.into()).unwrap_or(i128::MAX);
    let fits = |value: i128| (-limit < value && value < limit).then_some(value);
    let decimals: Decimal128Array = match array.data_type() {
        DataType::Float32 | DataType::Float64 => from_floats(array, precision, scale, wrong),
        found if found.is_integer() => {
            let integers = checked_cast(array, &DataType::Int64, wrong)?;
            let convert = |value: i64| rescale(value.into(), 0, scale).and_then(fits);
            mapped::<Int64Type, Decimal128Type>(&integers, convert, wrong)
        }
        found if found.is_decimal() => {
            let (decimals, from) = as_decimal128(array, wrong)?;
            let convert = |value: i128| rescale(value, from, scale).and_then(fits);
            mapped::<Decimal128Type, Decimal128Type>(&decimals, convert, wrong)
        }
        _ => return Err(unexpected(array)),
    };
    Ok(Arc::new(decimals.with_precision_and_scale(precision, scale)?))
}

/// A float becomes a decimal when the shortest text that stands for it is one.
fn from_floats(array: &ArrayRef, precision: u8, scale: i8, wrong: &mut dyn FnMut(usize)) -> Decimal128Array {
    let mut digits = String::with_capacity(32);
    let mut convert = |row: usize, write: &dyn Fn(&mut String) -> std::fmt::Result| {
        digits.clear();
        let value = write(&mut digits).is_ok().then_some(digits.as_str());
        fitting(row, value, |value| text::decimal(value, precision, scale), wrong)
    };
    if let Some(floats) = array.as_primitive_opt::<Float32Type>() {
        let values = floats.iter().enumerate();
        values.map(|(row, value)| value.and_then(|value| convert(row, &|to| write!(to, "{value}")))).collect()
    } else {
        let values = array.as_primitive::<Float64Type>().iter().enumerate();
        values.map(|(row, value)| value.and_then(|value| convert(row, &|to| write!(to, "{value}")))).collect()
    }
}

/// Moves the point from one scale to another when no digit is lost.
fn rescale(value: i128, from: i8, to: i8) -> Option<i128> {
    let shift = i32::from(to) - i32::from(from);
    let factor = power_of_ten(shift.unsigned_abs())?;
    if shift >= 0 { value.checked_mul(factor) } else { (value % factor == 0).then_some(value / factor) }
}

fn as_decimal128(array: &ArrayRef, wrong: &mut dyn FnMut(usize)) -> Result<(ArrayRef, i8), ArrowError> {
    match array.data_type() {
        DataType::Decimal128(_, scale) => Ok((Arc::clone(array), *scale)),
        DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) | DataType::Decimal256(_, scale) => {
            let to = DataType::Decimal128(DECIMAL_DIGITS_MAX, *scale);
            Ok((checked_cast(array, &to, wrong)?, *scale))
        }
        _ => Err(unexpected(array)),
    }
}

/// Casts; what does not fit becomes null and is told.
fn checked_cast(
    array: &ArrayRef,
    to: &DataType,
    wrong: &mut dyn FnMut(usize),
) -> Result<ArrayRef, ArrowError> {
    let cast = cast_with_options(array, to, &CastOptions { safe: true, ..CastOptions::default() })?;
    if cast.null_count() > array.null_count() {
        for row in (0..array.len()).filter(|row| cast.is_null(*row) && array.is_valid(*row)) {
            wrong(row);
        }
    }
    Ok(cast)
}
