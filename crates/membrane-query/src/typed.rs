//! Values of logical types as canonical text, and back: what is sealed is text, and what partial masks and
//! tokens work on is text.
//!
//! Text as it is; integers and decimals in plain digits; dates `2026-03-01`; timestamps RFC 3339 in UTC with
//! microseconds; booleans `true` and `false`.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder,
    StringViewBuilder, TimestampMicrosecondBuilder,
};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use membrane_model::{Generalisation, LogicalType};

use crate::fault::ScanFault;
use crate::mask::generalise;

/// The day count of 1970-01-01 in chrono's calendar.
const EPOCH_DAYS_FROM_CE: i32 = 719_163;

/// Builds an array of a logical type from opened cells, made coarser on the way where a mask asks for it.
///
/// PRIVACY: a value is made coarser before it is appended: no array of the opened values is ever made.
pub(crate) struct TypedBuilder {
    cells: Cells,
    coarser: Option<Generalisation>,
}

enum Cells {
    String(StringViewBuilder),
    Integer(Int64Builder),
    Number(Float64Builder),
    Decimal(Decimal128Builder, u8, i8),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
}

impl TypedBuilder {
    /// Makes a builder with room for some rows.
    pub(crate) fn new(
        logical: LogicalType,
        rows: usize,
        coarser: Option<Generalisation>,
    ) -> Result<Self, ScanFault> {
        let cells = match logical {
            LogicalType::String => Cells::String(StringViewBuilder::with_capacity(rows)),
            LogicalType::Integer => Cells::Integer(Int64Builder::with_capacity(rows)),
            LogicalType::Number => Cells::Number(Float64Builder::with_capacity(rows)),
            LogicalType::Decimal { precision, scale } => {
                let builder =
                    Decimal128Builder::with_capacity(rows).with_precision_and_scale(precision, scale)?;
                Cells::Decimal(builder, precision, scale)
            }
            LogicalType::Boolean => Cells::Boolean(BooleanBuilder::with_capacity(rows)),
            LogicalType::Date => Cells::Date(Date32Builder::with_capacity(rows)),
            LogicalType::Timestamp => {
                Cells::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC"))
            }
        };
        Ok(Self { cells, coarser })
    }

    /// Appends an opened cell, or NULL.
    pub(crate) fn push(&mut self, cell: Option<&[u8]>) -> Result<(), ScanFault> {
        let text = cell.map(std::str::from_utf8).transpose().map_err(|_| ScanFault::Cell)?;
        let how = self.coarser;
        match &mut self.cells {
            Cells::String(builder) => {
                builder.append_option(shown(text, how, generalise::text));
            }
            Cells::Integer(builder) => {
                let value = read(text, |text| text.parse().ok())?;
                builder.append_option(shown(value, how, generalise::integer));
            }
            Cells::Number(builder) => {
                let value = read(text, |text| text.parse().ok())?;
                builder.append_option(shown(value, how, generalise::number));
            }
            Cells::Decimal(builder, precision, scale) => {
                let value = read(text, |text| parse_decimal(text, *precision, *scale))?;
                builder
                    .append_option(shown(value, how, |units, how| generalise::decimal(units, *scale, how)));
            }
            Cells::Boolean(builder) => {
                let value = read(text, |text| text.parse().ok())?;
                builder.append_option(shown(value, how, generalise::boolean));
            }
            Cells::Date(builder) => {
                let date = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(days_of);
                builder.append_option(shown(read(text, date)?, how, generalise::days));
            }
            Cells::Timestamp(builder) => {
                builder.append_option(shown(read(text, parse_micros)?, how, generalise::micros));
            }
        }
        Ok(())
    }

    /// Returns the array.
    pub(crate) fn finish(mut self) -> ArrayRef {
        match &mut self.cells {
            Cells::String(builder) => Arc::new(builder.finish()),
            Cells::Integer(builder) => Arc::new(builder.finish()),
            Cells::Number(builder) => Arc::new(builder.finish()),
            Cells::Decimal(builder, ..) => Arc::new(builder.finish()),
            Cells::Boolean(builder) => Arc::new(builder.finish()),
            Cells::Date(builder) => Arc::new(builder.finish()),
            Cells::Timestamp(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Makes a value coarser where that is asked.
fn shown<T>(
    value: Option<T>,
    how: Option<Generalisation>,
    coarser: impl FnOnce(T, Generalisation) -> Option<T>,
) -> Option<T> {
    match how {
        None => value,
        Some(how) => value.and_then(|value| coarser(value, how)),
    }
}

fn read<T>(text: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, ScanFault> {
    text.map(|text| parse(text).ok_or(ScanFault::Cell)).transpose()
}

/// Calls `each` with the canonical text of every row of an array of stored values.
pub(crate) fn for_each_text(
    array: &dyn Array,
    logical: LogicalType,
    mut each: impl FnMut(Option<&str>) -> Result<(), ScanFault>,
) -> Result<(), ScanFault> {
    let mut scratch = String::new();
    match (logical, array.data_type()) {
        (LogicalType::String, DataType::Utf8View) => array.as_string_view().iter().try_for_each(each),
        (LogicalType::String, DataType::Utf8) => array.as_string::<i32>().iter().try_for_each(each),
        (LogicalType::Boolean, DataType::Boolean) => {
            let name = |value| if value { "true" } else { "false" };
            array.as_boolean().iter().try_for_each(|value| each(value.map(name)))
        }
        (LogicalType::Integer, DataType::Int64) => {
            array.as_primitive::<Int64Type>().iter().try_for_each(|value| {
                written(&mut scratch, value, &mut each, |value, out| write!(out, "{value}").is_ok())
            })
        }
        (LogicalType::Number, DataType::Float64) => {
            array.as_primitive::<Float64Type>().iter().try_for_each(|value| {
                written(&mut scratch, value, &mut each, |value, out| write!(out, "{value}").is_ok())
            })
        }
        (LogicalType::Decimal { .. }, DataType::Decimal128(_, scale)) => {
            array.as_primitive::<Decimal128Type>().iter().try_for_each(|value| {
                written(&mut scratch, value, &mut each, |value, out| write_decimal(value, *scale, out))
            })
        }
        (LogicalType::Date, DataType::Date32) => {
            array.as_primitive::<Date32Type>().iter().try_for_each(|value| {
                written(&mut scratch, value, &mut each, |days, out| {
                    date_of(days).is_some_and(|date| write!(out, "{}", date.format("%Y-%m-%d")).is_ok())
                })
            })
        }
        (LogicalType::Timestamp, DataType::Timestamp(..)) => {
            let array = array.as_primitive_opt::<TimestampMicrosecondType>().ok_or(ScanFault::Shape)?;
            array.iter().try_for_each(|value| {
                written(&mut scratch, value, &mut each, |micros, out| {
                    DateTime::from_timestamp_micros(micros).is_some_and(|instant| {
                        write!(out, "{}", instant.to_rfc3339_opts(SecondsFormat::Micros, true)).is_ok()
                    })
                })
            })
        }
        _ => Err(ScanFault::Shape),
    }
}

fn written<T>(
    scratch: &mut String,
    value: Option<T>,
    each: &mut impl FnMut(Option<&str>) -> Result<(), ScanFault>,
    write: impl FnOnce(T, &mut String) -> bool,
) -> Result<(), ScanFault> {
    let Some(value) = value else { return each(None) };
    scratch.clear();
    if !write(value, scratch) {
        return Err(ScanFault::Shape);
    }
    each(Some(scratch))
}

/// Returns the days since 1970-01-01.
pub(crate) fn days_of(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - EPOCH_DAYS_FROM_CE
}

/// Returns the date of a number of days since 1970-01-01.
pub(crate) fn date_of(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(days.checked_add(EPOCH_DAYS_FROM_CE)?)
}

/// Reads a timestamp in RFC 3339.
pub(crate) fn parse_micros(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.timestamp_micros())
}

/// Reads a plain decimal exactly: what does not fit is refused, not rounded.
pub(crate) fn parse_decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let scale = usize::try_from(scale).ok()?;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fits = !whole.is_empty()
        && fraction.len() <= scale
        && whole.chars().chain(fraction.chars()).all(|digit| digit.is_ascii_digit());
    if !fits {
        return None;
    }
    let padding = std::iter::repeat_n(b'0', scale - fraction.len());
    let mut units: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()).chain(padding) {
        units = units.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
    }
    let limit = 10_i128.checked_pow(u32::from(precision))?;
    if units >= limit {
        return None;
    }
    Some(if negative { -units } else { units })
}

/// Writes a decimal in plain digits, with all digits of its scale.
fn write_decimal(units: i128, scale: i8, out: &mut String) -> bool {
    let Ok(scale) = usize::try_from(scale) else { return false };
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let point = if scale == 0 { "" } else { "." };
    write!(out, "{sign}{whole}{point}{fraction}").is_ok()
}

#[cfg(test)]
mod tests;
