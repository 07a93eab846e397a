//! The columns that a file has itself, before anybody has written a contract for it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use membrane_model::{Limits, LogicalType};

use super::{Lines, Wanted, avro, csv, excel, ipc, objects_of, parquet};
use crate::source::{Content, Delivery, Text};
use crate::{Format, IngestError, Reading};

/// Columns of a file that are looked at; a contract has no more.
pub(crate) const COLUMNS_MAX: usize = 2_000;

/// A column that a file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnColumn {
    /// Its name in the file.
    pub(crate) name: String,
    /// The type that the file says it has; none for text.
    pub(crate) logical_type: Option<LogicalType>,
    /// Why it cannot be read as a column, when it cannot.
    pub(crate) unread: Option<Unread>,
}

/// Why a column cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// Its name is no text, or empty.
    NoName,
    /// Another column has the same name.
    Twice,
    /// Lists, structures and other types that no column of a contract has.
    Type,
}

impl Unread {
    /// Returns it in words.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::NoName => "it has no name",
            Self::Twice => "another column has its name",
            Self::Type => "its type is nested or unknown: flatten it first",
        }
    }
}

/// Reads which columns a delivery has.
pub(crate) fn own_columns(
    delivery: Delivery,
    format: Format,
    limits: &Limits,
    reading: &Reading,
) -> Result<Vec<OwnColumn>, IngestError> {
    let text = |name: Option<String>| (name.unwrap_or_default(), None, true);
    let on_truncated = reading.on_truncated.unwrap_or_default();
    let content = Content::open(delivery, reading.packing, on_truncated)?;
    let found: Vec<(String, Option<LogicalType>, bool)> = match format {
        Format::Csv => {
            let names = csv::own_names(Text::open(content, reading.encoding)?, limits)?;
            names.into_iter().map(text).collect()
        }
        Format::Ndjson | Format::Json => {
            let content = Text::open(content, reading.encoding)?;
            let names = match objects_of(content, format, Wanted::nothing(), limits)? {
                Lines::Array(decoder) => decoder.own_names(COLUMNS_MAX)?,
                Lines::Each(decoder) => decoder.own_names(COLUMNS_MAX)?,
            };
            names.into_iter().map(|name| text(Some(name))).collect()
        }
        Format::Parquet => of_schema(parquet::own_schema(content)?.as_ref()),
        Format::ArrowIpc => of_schema(ipc::own_schema(content, limits)?.as_ref()),
        Format::Avro => of_schema(&avro::own_schema(content)?),
        Format::Excel => {
            let columns = excel::own_columns(content, limits, reading.sheet.as_deref())?;
            columns.into_iter().map(|(name, logical)| (name, logical, true)).collect()
        }
    };
    let mut times: HashMap<String, usize> = HashMap::new();
    for (name, _, _) in &found {
        *times.entry(name.clone()).or_default() += 1;
    }
    let column = |(name, logical_type, can_be_read): (String, Option<LogicalType>, bool)| {
        let unread = if name.is_empty() {
            Some(Unread::NoName)
        } else if times.get(&name).is_some_and(|times| *times > 1) {
            Some(Unread::Twice)
        } else if can_be_read {
            None
        } else {
            Some(Unread::Type)
        };
        OwnColumn { name, logical_type, unread }
    };
    Ok(found.into_iter().take(COLUMNS_MAX).map(column).collect())
}

fn of_schema(schema: &Schema) -> Vec<(String, Option<LogicalType>, bool)> {
    let column = |field: &Arc<Field>| {
        let (logical_type, can_be_read) = match logical(field.data_type()) {
            Some(LogicalType::String) => (None, true),
            Some(logical) => (Some(logical), true),
            None => (None, false),
        };
        (field.name().clone(), logical_type, can_be_read)
    };
    schema.fields().iter().map(column).collect()
}

/// Returns the contract's type that holds every value of a type, when there is one.
fn logical(found: &DataType) -> Option<LogicalType> {
    Some(match found {
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => LogicalType::String,
        DataType::Dictionary(_, value) if !matches!(**value, DataType::Dictionary(..)) => logical(value)?,
        DataType::Boolean => LogicalType::Boolean,
        DataType::Date32 | DataType::Date64 => LogicalType::Date,
        DataType::Timestamp(..) => LogicalType::Timestamp,
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => exact(*precision, *scale),
        found if found.is_integer() => LogicalType::Integer,
        DataType::Float32 | DataType::Float64 => LogicalType::Number,
        _ => return None,
    })
}

fn exact(precision: u8, scale: i8) -> LogicalType {
    match scale {
        0 if precision <= 18 => LogicalType::Integer,
        0.. => LogicalType::Decimal { precision, scale },
        _ => LogicalType::Number,
    }
}

#[cfg(test)]
mod tests;
