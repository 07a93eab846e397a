//! `age(n)`: the lower edge of the band of `n` years of age, in whole years, on the day of the question.
//!
//! 90 and above is one band: so few people are that old that a band among them would be nearly a name (the rule of the
//! HIPAA Safe Harbor, 45 CFR 164.514(b)(2)). A date of birth after the day of the question gives NULL.
//!
//! PRIVACY: whoever asks day after day sees the day on which somebody passes from one band into the next, which is a
//! birthday. With bands of ten years it is seen of one in ten members a year.

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, Int64Builder};
use datafusion::arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};
use membrane_model::LogicalType;

use crate::fault::ScanFault;
use crate::mask::doc::MaskDoc;
use crate::rebuild::is_utc_micros;
use crate::rules::AgeMask;
use crate::typed::{date_of, parse_micros};

pub(crate) const DOC: MaskDoc = MaskDoc {
    name: "age(10)",
    level: "generalised",
    types: "date, timestamp; shown as an integer",
    shows: "the lower edge of a band of ages of so many years, on the day of the question; 90 for all above",
    // On 2026-06-15, the day of the tests.
    examples: &[
        ("1990-05-17", Some("30")),
        ("1996-06-15", Some("30")),
        ("1996-06-16", Some("20")),
        ("1930-01-01", Some("90")),
        ("2027-01-01", None),
    ],
};

/// The age from which there is one band.
const OLDEST: i64 = 90;

/// Returns the lower edge of the band of somebody born on a day.
pub(super) fn band(born: NaiveDate, mask: AgeMask) -> Option<i64> {
    let years = i64::from(mask.on.year()) - i64::from(born.year());
    let before_birthday = (mask.on.month(), mask.on.day()) < (born.month(), born.day());
    let age = years - i64::from(before_birthday);
    let width = i64::from(mask.years.max(1));
    if age < 0 { None } else { Some((age.min(OLDEST) / width * width).min(OLDEST)) }
}

/// Makes bands of an array of stored dates or instants.
pub(super) fn values(array: &ArrayRef, logical: LogicalType, mask: AgeMask) -> Result<ArrayRef, ScanFault> {
    let bands: Int64Array = match (logical, array.data_type()) {
        (LogicalType::Date, DataType::Date32) => {
            array.as_primitive::<Date32Type>().iter().map(|days| band(date_of(days?)?, mask)).collect()
        }
        (LogicalType::Timestamp, data_type) if is_utc_micros(data_type) => array
            .as_primitive::<TimestampMicrosecondType>()
            .iter()
            .map(|micros| band(DateTime::from_timestamp_micros(micros?)?.date_naive(), mask))
            .collect(),
        _ => return Err(ScanFault::Shape),
    };
    Ok(Arc::new(bands))
}

/// Appends the band of an opened cell.
pub(super) fn push(
    cell: Option<&str>,
    logical: LogicalType,
    mask: AgeMask,
    out: &mut Int64Builder,
) -> Result<(), ScanFault> {
    let Some(text) = cell else {
        out.append_null();
        return Ok(());
    };
    let born = match logical {
        LogicalType::Date => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(),
        LogicalType::Timestamp => {
            parse_micros(text).and_then(DateTime::from_timestamp_micros).map(|instant| instant.date_naive())
        }
        _ => return Err(ScanFault::Shape),
    };
    out.append_option(band(born.ok_or(ScanFault::Cell)?, mask));
    Ok(())
}
