//! From what was delivered to the contract's types, exactly or not at all.
//!
//! | contract | from text | from typed columns |
//! | --- | --- | --- |
//! | string | any | string |
//! | integer | digits with a sign | integers; floats and decimals that are whole |
//! | number | decimal or scientific, finite | floats that are finite; integers up to 2^53; decimals |
//! | decimal(p,s) | digits, at most `s` after the point | decimals and integers that fit; floats whose shortest text fits |
//! | boolean | `true`, `false` | booleans |
//! | date | `YYYY-MM-DD` | dates |
//! | timestamp | RFC 3339 with a zone, microseconds | timestamps; without a zone they are taken as UTC |
//!
//! Nothing is rounded, cut or guessed: what does not fit exactly is of the wrong type. Empty text is no value,
//! in every format and for every type.

mod canonical;
mod numbers;
mod text;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Date32Array, PrimitiveArray, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Date64Type, Decimal128Type, Float64Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow::error::ArrowError;
use membrane_model::LogicalType;

pub(crate) use canonical::canonical_text;
pub(crate) use numbers::power_of_ten;
pub(crate) use text::decimal as exact;
pub(crate) use text::whole_number;

/// Days and microseconds of the years 1 to 9999, in which dates have four-digit years.
const DAYS: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;
const MICROS: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;
const DAY_MILLIS: i64 = 86_400_000;

/// Returns the Arrow type of a logical type.
pub(crate) fn arrow_type(logical: LogicalType) -> DataType {
    match logical {
        LogicalType::String => DataType::Utf8,
        LogicalType::Integer => DataType::Int64,
        LogicalType::Number => DataType::Float64,
        LogicalType::Decimal { precision, scale } => DataType::Decimal128(precision, scale),
        LogicalType::Boolean => DataType::Boolean,
        LogicalType::Date => DataType::Date32,
        LogicalType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))),
    }
}

/// Tells whether a text, as it is delivered, is a value of a type.
pub(crate) fn fits(text: &str, logical: LogicalType) -> bool {
    match logical {
        LogicalType::String => true,
        LogicalType::Integer => text::integer(text).is_some(),
        LogicalType::Number => text::number(text).is_some(),
        LogicalType::Decimal { precision, scale } => text::decimal(text, precision, scale).is_some(),
        LogicalType::Boolean => text::boolean(text).is_some(),
        LogicalType::Date => text::date(text).is_some(),
        LogicalType::Timestamp => text::timestamp(text).is_some(),
    }
}

/// Tells whether values of a delivered type may become the contract's.
pub(crate) fn can_become(found: &DataType, wanted: LogicalType) -> bool {
    match found {
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        // One level: no writer has more, and each would have to be undone.
        DataType::Dictionary(_, value) => {
            !matches!(**value, DataType::Dictionary(..)) && can_become(value, wanted)
        }
        DataType::Boolean => wanted == LogicalType::Boolean,
        DataType::Date32 | DataType::Date64 => wanted == LogicalType::Date,
        DataType::Timestamp(..) => wanted == LogicalType::Timestamp,
        found if is_number(found) => {
            matches!(wanted, LogicalType::Integer | LogicalType::Number | LogicalType::Decimal { .. })
        }
        _ => false,
    }
}

fn is_number(found: &DataType) -> bool {
    found.is_integer() || found.is_decimal() || matches!(found, DataType::Float32 | DataType::Float64)
}

/// Undoes encodings that only change how values lie in memory, and makes empty text no value.
pub(crate) fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Dictionary(_, value) => plain(&cast(array, value)?),
        DataType::LargeUtf8 | DataType::Utf8View => plain(&cast(array, &DataType::Utf8)?),
        DataType::Utf8 => without_empty(array),
        _ => Ok(Arc::clone(array)),
    }
}

fn without_empty(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let texts = array.as_string::<i32>();
    let is_empty = |row: usize| texts.value_length(row) == 0;
    if !(0..texts.len()).any(|row| is_empty(row) && texts.is_valid(row)) {
        return Ok(Arc::clone(array));
    }
    let there = NullBuffer::from_iter((0..texts.len()).map(|row| texts.is_valid(row) && !is_empty(row)));
    let (offsets, values, _) = texts.clone().into_parts();
    Ok(Arc::new(StringArray::try_new(offsets, values, Some(there))?))
}

/// Makes the contract's type of a delivered array. A value that does not fit becomes null, and `wrong`
/// is told its row.
pub(crate) fn coerce(
    array: &ArrayRef,
    wanted: LogicalType,
    wrong: &mut dyn FnMut(usize),
) -> Result<ArrayRef, ArrowError> {
    if *array.data_type() == DataType::Null {
        return Ok(new_null_array(&arrow_type(wanted), array.len()));
    }
    if let Some(texts) = array.as_string_opt::<i32>() {
        return from_text(array, texts, wanted, wrong);
    }
    match wanted {
        LogicalType::Integer => numbers::integer(array, wrong),
        LogicalType::Number => numbers::number(array, wrong),
        LogicalType::Decimal { precision, scale } => numbers::decimal(array, precision, scale, wrong),
        LogicalType::Boolean => Ok(Arc::clone(array)),
        LogicalType::Date => date(array, wrong),
        LogicalType::Timestamp => timestamp(array, wrong),
        LogicalType::String => Err(unexpected(array)),
    }
}

fn from_text(
    array: &ArrayRef,
    texts: &StringArray,
    wanted: LogicalType,
    wrong: &mut dyn FnMut(usize),
) -> Result<ArrayRef, ArrowError> {
    Ok(match wanted {
        LogicalType::String => Arc::clone(array),
        LogicalType::Integer => Arc::new(parsed::<Int64Type>(texts, text::integer, wrong)),
        LogicalType::Number => Arc::new(parsed::<Float64Type>(texts, text::number, wrong)),
        LogicalType::Decimal { precision, scale } => {
            let parse = |value: &str| text::decimal(value, precision, scale);
            Arc::new(
                parsed::<Decimal128Type>(texts, parse, wrong).with_precision_and_scale(precision, scale)?,
            )
        }
        LogicalType::Boolean => {
            let mut builder = BooleanBuilder::with_capacity(texts.len());
            for (row, value) in texts.iter().enumerate() {
                builder.append_option(fitting(row, value, text::boolean, wrong));
            }
            Arc::new(builder.finish())
        }
        LogicalType::Date => Arc::new(parsed::<Date32Type>(texts, text::date, wrong)),
        LogicalType::Timestamp => {
            let micros = parsed::<TimestampMicrosecondType>(texts, text::timestamp, wrong);
            Arc::new(micros.with_timezone("UTC"))
        }
    })
}

/// Applies a conversion to a value; tells `wrong` when there is one and it does not fit.
fn fitting<T, U>(
    row: usize,
    value: Option<T>,
    convert: impl Fn(T) -> Option<U>,
    wrong: &mut dyn FnMut(usize),
) -> Option<U> {
    let value = value?;
    let converted = convert(value);
    if converted.is_none() {
        wrong(row);
    }
    converted
}

fn parsed<T: ArrowPrimitiveType>(
    texts: &StringArray,
    parse: impl Fn(&str) -> Option<T::Native>,
    wrong: &mut dyn FnMut(usize),
) -> PrimitiveArray<T> {
    texts.iter().enumerate().map(|(row, value)| fitting(row, value, &parse, wrong)).collect()
}

/// Converts an array of one primitive type to another; `wrong` is told where there is a value that does not
/// fit.
pub(crate) fn mapped<F: ArrowPrimitiveType, T: ArrowPrimitiveType>(
    array: &ArrayRef,
    convert: impl Fn(F::Native) -> Option<T::Native>,
    wrong: &mut dyn FnMut(usize),
) -> PrimitiveArray<T> {
    let values = array.as_primitive::<F>().iter().enumerate();
    values.map(|(row, value)| fitting(row, value, &convert, wrong)).collect()
}

fn date(array: &ArrayRef, wrong: &mut dyn FnMut(usize)) -> Result<ArrayRef, ArrowError> {
    let in_range = |days: i32| DAYS.contains(&days).then_some(days);
    let dates: Date32Array = match array.data_type() {
        DataType::Date32 => mapped::<Date32Type, Date32Type>(array, in_range, wrong),
        DataType::Date64 => {
            let whole = |millis: i64| {
                let days = (millis % DAY_MILLIS == 0).then_some(millis / DAY_MILLIS)?;
                i32::try_from(days).ok().and_then(in_range)
            };
            mapped::<Date64Type, Date32Type>(array, whole, wrong)
        }
        _ => return Err(unexpected(array)),
    };
    Ok(Arc::new(dates))
}

fn timestamp(array: &ArrayRef, wrong: &mut dyn FnMut(usize)) -> Result<ArrayRef, ArrowError> {
    let in_range = |micros: i64| MICROS.contains(&micros).then_some(micros);
    let times = |factor: i64| move |value: i64| value.checked_mul(factor).and_then(in_range);
    let micros: TimestampMicrosecondArray = match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            mapped::<TimestampSecondType, _>(array, times(1_000_000), wrong)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            mapped::<TimestampMillisecondType, _>(array, times(1_000), wrong)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            mapped::<TimestampMicrosecondType, _>(array, times(1), wrong)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            let whole = |nanos: i64| (nanos % 1_000 == 0).then_some(nanos / 1_000).and_then(in_range);
            mapped::<TimestampNanosecondType, _>(array, whole, wrong)
        }
        _ => return Err(unexpected(array)),
    };
    Ok(Arc::new(micros.with_timezone("UTC")))
}

/// INVARIANT: [`can_become`] was asked before; this is for what it forgot.
fn unexpected(array: &ArrayRef) -> ArrowError {
    ArrowError::CastError(format!("unexpected type {}", array.data_type()))
}

#[cfg(test)]
mod tests;
