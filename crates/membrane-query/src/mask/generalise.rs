//! `month`, `year`, `width` and `prefix`: a coarser value of the same type.
//!
//! | how | date, timestamp | number | text |
//! | --- | --- | --- | --- |
//! | `month` | first of the month | | |
//! | `year` | first of January | | |
//! | `width(n)` | | lower edge of its band of `n` | |
//! | `prefix(n)` | | | first `n` characters, and fewer of a short text |
//!
//! Bands go down, also below zero: `width(10)` turns -3 into -10. A prefix hides at least two characters and half of the
//! text, as [`super::partial`] does, also in code points; a text of which nothing is left becomes NULL. What cannot be
//! made coarser within its type (a date before the calendar's begin, a number at the type's edge, a float so large that
//! its band holds nothing else) becomes NULL: never the value itself. So does what does not fit its type at all, which
//! the rules refuse before.
//!
//! [`stored`] does again what ingest does under the contract: there a prefix is cut and nothing more, so that doing it
//! twice changes nothing.

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime};
use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, StringViewBuilder,
};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use membrane_model::{Generalisation, LogicalType};

use super::{fixed, geo, partial};
use crate::fault::ScanFault;
use crate::mask::doc::MaskDoc;
use crate::rebuild::is_utc_micros;
use crate::rules::arrow_type;
use crate::typed::{date_of, days_of};

pub(crate) const DOCS: [MaskDoc; 4] = [
    MaskDoc {
        name: "month",
        level: "generalised",
        types: "date, timestamp",
        shows: "the first of the month",
        examples: &[("1990-05-17", Some("1990-05-01"))],
    },
    MaskDoc {
        name: "year",
        level: "generalised",
        types: "date, timestamp",
        shows: "the first of January",
        examples: &[("1990-05-17", Some("1990-01-01"))],
    },
    MaskDoc {
        name: "width(10)",
        level: "generalised",
        types: "integer, number, decimal",
        shows: "the lower edge of its band",
        examples: &[("37", Some("30")), ("-3", Some("-10"))],
    },
    MaskDoc {
        name: "prefix(3)",
        level: "generalised",
        types: "text",
        shows: "so many first characters, fewer of a short text, none of one of two characters",
        examples: &[("Grace Hopper", Some("Gra")), ("abcd", Some("ab")), ("张伟", None)],
    },
];

/// 2^50: so many bands from zero, each still holds several floats.
const FLOAT_BANDS_MAX: f64 = 1_125_899_906_842_624.0;

/// Makes an array of stored values coarser, for a reader. The result is of the logical type, in fresh buffers.
pub(super) fn values(
    array: &ArrayRef,
    logical: LogicalType,
    how: Generalisation,
) -> Result<ArrayRef, ScanFault> {
    coarser(array, logical, how, text)
}

/// Makes an array of stored values as coarse as the contract says that they are. The result is of the logical type, in
/// fresh buffers.
pub(super) fn stored(
    array: &ArrayRef,
    logical: LogicalType,
    how: Generalisation,
) -> Result<ArrayRef, ScanFault> {
    coarser(array, logical, how, stored_text)
}

fn coarser(
    array: &ArrayRef,
    logical: LogicalType,
    how: Generalisation,
    text: fn(&str, Generalisation) -> Option<&str>,
) -> Result<ArrayRef, ScanFault> {
    match (logical, array.data_type()) {
        (LogicalType::Boolean, DataType::Boolean) => {
            let values = array.as_boolean().iter().map(|value| value.and_then(|value| boolean(value, how)));
            Ok(Arc::new(values.collect::<BooleanArray>()))
        }
        (LogicalType::Date, DataType::Date32) => map::<Date32Type>(array, |value| days(value, how)),
        (LogicalType::Timestamp, data_type) if is_utc_micros(data_type) => {
            let mapped = map::<TimestampMicrosecondType>(array, |value| micros(value, how))?;
            let utc = mapped.as_primitive::<TimestampMicrosecondType>().clone().with_timezone("UTC");
            Ok(Arc::new(utc))
        }
        (LogicalType::Integer, DataType::Int64) => map::<Int64Type>(array, |value| integer(value, how)),
        (LogicalType::Number, DataType::Float64) => map::<Float64Type>(array, |value| number(value, how)),
        (LogicalType::Decimal { scale, .. }, data_type) if *data_type == arrow_type(logical) => {
            map::<Decimal128Type>(array, |value| decimal(value, scale, how))
        }
        (LogicalType::String, DataType::Utf8View) => {
            Ok(texts(array.len(), array.as_string_view().iter(), |value| text(value, how)))
        }
        (LogicalType::String, DataType::Utf8) => {
            Ok(texts(array.len(), array.as_string::<i32>().iter(), |value| text(value, how)))
        }
        _ => Err(ScanFault::Shape),
    }
}

fn texts<'a>(
    rows: usize,
    values: impl Iterator<Item = Option<&'a str>>,
    coarser: impl Fn(&'a str) -> Option<&'a str>,
) -> ArrayRef {
    let mut out = StringViewBuilder::with_capacity(rows);
    for value in values {
        out.append_option(value.and_then(&coarser));
    }
    Arc::new(out.finish())
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
    if how == Generalisation::Fixed {
        return Some(fixed::DAY);
    }
    date_of(days).and_then(|date| floor_date(date, how)).map(days_of)
}

/// Makes a timestamp coarser.
pub(crate) fn micros(micros: i64, how: Generalisation) -> Option<i64> {
    if how == Generalisation::Fixed {
        return Some(i64::from(fixed::DAY));
    }
    let date = DateTime::from_timestamp_micros(micros)?.date_naive();
    Some(floor_date(date, how)?.and_time(NaiveTime::MIN).and_utc().timestamp_micros())
}

/// Makes an integer coarser.
pub(crate) fn integer(value: i64, how: Generalisation) -> Option<i64> {
    if how == Generalisation::Fixed {
        return Some(fixed::INTEGER);
    }
    let width = i64::from(width_of(how)?);
    value.checked_div_euclid(width)?.checked_mul(width)
}

/// Makes a float coarser.
pub(crate) fn number(value: f64, how: Generalisation) -> Option<f64> {
    if how == Generalisation::Fixed {
        return Some(fixed::NUMBER);
    }
    let width = f64::from(width_of(how)?);
    let band = (value / width).floor();
    // Far from zero floats lie further apart than the bands: the edge would be the value.
    // Below zero there is a zero of its own, which would stand out: both become one.
    Some(band * width + 0.0).filter(|edge| band.abs() < FLOAT_BANDS_MAX && edge.is_finite())
}

/// Makes a decimal coarser; `scale` is the number of its digits after the point.
pub(crate) fn decimal(units: i128, scale: i8, how: Generalisation) -> Option<i128> {
    if how == Generalisation::Fixed {
        return Some(i128::from(fixed::INTEGER));
    }
    let unit = 10_i128.checked_pow(u32::try_from(scale).ok()?)?;
    let width = unit.checked_mul(i128::from(width_of(how)?))?;
    units.checked_div_euclid(width)?.checked_mul(width)
}

/// Makes a text coarser.
pub(crate) fn text(text: &str, how: Generalisation) -> Option<&str> {
    match how {
        Generalisation::Prefix(length) => Some(partial::head(text, length)).filter(|head| !head.is_empty()),
        Generalisation::Geo(length) => geo::area(text, length),
        Generalisation::Fixed => Some(fixed::TEXT),
        _ => None,
    }
}

/// Makes true and false coarser.
pub(crate) fn boolean(_: bool, how: Generalisation) -> Option<bool> {
    (how == Generalisation::Fixed).then_some(fixed::BOOLEAN)
}

/// Cuts a text as ingest does.
fn stored_text(text: &str, how: Generalisation) -> Option<&str> {
    let Generalisation::Prefix(length) = how else { return None };
    let end = text.char_indices().nth(usize::from(length)).map_or(text.len(), |(offset, _)| offset);
    text.get(..end)
}

const fn width_of(how: Generalisation) -> Option<u32> {
    match how {
        Generalisation::Width(width) => Some(width),
        _ => None,
    }
}

fn floor_date(date: NaiveDate, how: Generalisation) -> Option<NaiveDate> {
    let month = match how {
        Generalisation::Year => 1,
        Generalisation::Month => date.month(),
        _ => return None,
    };
    NaiveDate::from_ymd_opt(date.year(), month, 1)
}

#[cfg(test)]
mod tests;
