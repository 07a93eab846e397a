//! The answer to a release, as it is stored and shown: noisy values with their error bars, what they cost
//! and what was bounded.
//!
//! Stored forms. 2: as below. 1: without `unit` and `clipped`, and averages were made of what SUM is, which is too
//! much where members have more rows than count. Both are read; 2 is written.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use membrane_model::{DatasetName, Price, TableVersion};
use membrane_privacy::{MechanismSummary, PrivacyUnit};
use serde::{Deserialize, Serialize};

use super::calendar::{date_of, instant_of};
use super::counter::Counted;
use super::literal::decimal_units;
use super::reuse::Reusable;
use crate::QueryError;

/// The version of the stored form, and the oldest that is read. A reader refuses what it does not know.
const FORMAT: u32 = 2;
const FORMAT_OLDEST: u32 = 1;
const DECIMAL_DIGITS: u8 = 38;

/// The answer to a release. Stored as JSON ([`ReleaseAnswer::to_bytes`]): the same question of the same
/// data gets these bytes again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseAnswer {
    /// The version of this form.
    pub format: u32,
    /// The columns: keys as selected; per value the value, its 95 % interval and its noise.
    pub columns: Vec<ReleaseColumn>,
    /// The rows, sorted as asked, or else by key. Cells are text; a missing one is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// What was paid.
    pub price: Price,
    /// The epsilon that the price amounts to at `delta`.
    pub epsilon: f64,
    /// The failure probability at which epsilon is stated.
    pub delta: f64,
    /// Bounds, noise and threshold.
    pub mechanism: MechanismSummary,
    /// The versions of the tables that were read.
    pub datasets: Vec<ReleasedDataset>,
    /// What a reader of the numbers should know.
    pub notes: Vec<String>,
    /// Whom the price protects; none in form 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<PrivacyUnit>,
    /// Of how many members something was left out; none in form 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clipped: Option<ClippedShare>,
    /// What later questions can use of it: not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reuse: Option<Reusable>,
    /// What the next refresh of a counter goes on from: not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) counted: Option<Counted>,
}

/// The share of members of whom something was left out: groups, rows, or what of a value lay beyond its bounds.
/// Released with noise, as all else. Among all members with a row in a group, also in groups that are not shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClippedShare {
    /// The share, within 0 and 1.
    pub share: f64,
    /// The lower end of its 95 % interval.
    pub low95: f64,
    /// The upper end of its 95 % interval.
    pub high95: f64,
}

/// One column of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseColumn {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: ReleaseRole,
    /// The type of its cells.
    #[serde(rename = "type")]
    pub kind: ReleaseType,
}

/// What a column of an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseRole {
    /// A key of the groups.
    Key,
    /// A noisy value.
    Value,
    /// The lower end of its 95 % interval.
    Low95,
    /// The upper end of its 95 % interval.
    High95,
    /// The standard deviation of its noise.
    Sd,
}

/// The type of the cells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A plain decimal with this many digits after the point.
    Decimal(i8),
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `2026-03-01`.
    Date,
    /// `2026-03-01T00:00:00Z`.
    Timestamp,
}

/// A table that a release read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasedDataset {
    /// The dataset.
    pub dataset: DatasetName,
    /// The version; none when nothing was ever stored.
    pub version: Option<TableVersion>,
}

impl ReleaseAnswer {
    pub(super) const FORMAT: u32 = FORMAT;

    /// Returns the stored form: JSON, the same bytes for the same answer.
    ///
    /// # Errors
    /// [`QueryError::Failed`] when a number cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, QueryError> {
        serde_json::to_vec(self).map_err(|_| QueryError::Failed)
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`QueryError::Failed`] when it is not one, or of a later version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, QueryError> {
        let answer: Self = serde_json::from_slice(bytes).map_err(|_| QueryError::Failed)?;
        let known = (FORMAT_OLDEST..=FORMAT).contains(&answer.format);
        if known { Ok(answer) } else { Err(QueryError::Failed) }
    }

    /// Returns the rows as an Arrow batch.
    ///
    /// # Errors
    /// [`QueryError::Failed`] when a cell does not have the type of its column.
    pub fn to_batch(&self) -> Result<RecordBatch, QueryError> {
        let mut fields = Vec::with_capacity(self.columns.len());
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (index, column) in self.columns.iter().enumerate() {
            let cells: Vec<Option<&str>> =
                self.rows.iter().map(|row| row.get(index).and_then(Option::as_deref)).collect();
            let array = array(column.kind, &cells)?;
            fields.push(Field::new(&column.name, array.data_type().clone(), true));
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows.len()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
            .map_err(|_| QueryError::Failed)
    }
}

/// Reads cells as an array. Every cell that a release writes can be read, years beyond 9999 as well, as older
/// answers may have them.
fn array(kind: ReleaseType, cells: &[Option<&str>]) -> Result<ArrayRef, QueryError> {
    Ok(match kind {
        ReleaseType::String => Arc::new(StringArray::from_iter(cells.iter().copied())),
        ReleaseType::Integer => {
            Arc::new(read(cells, |cell| cell.parse::<i64>().ok())?.into_iter().collect::<Int64Array>())
        }
        ReleaseType::Boolean => {
            Arc::new(read(cells, |cell| cell.parse::<bool>().ok())?.into_iter().collect::<BooleanArray>())
        }
        ReleaseType::Date => {
            let days = read(cells, |cell| date_of(cell).and_then(|days| i32::try_from(days).ok()))?;
            Arc::new(days.into_iter().collect::<Date32Array>())
        }
        ReleaseType::Timestamp => {
            let micros = read(cells, instant_of)?.into_iter().collect::<TimestampMicrosecondArray>();
            Arc::new(micros.with_timezone("UTC"))
        }
        ReleaseType::Number => {
            Arc::new(read(cells, |cell| cell.parse::<f64>().ok())?.into_iter().collect::<Float64Array>())
        }
        ReleaseType::Decimal(scale) => {
            let units = read(cells, |cell| decimal_units(cell, scale))?;
            let array = Decimal128Array::from(units)
                .with_precision_and_scale(DECIMAL_DIGITS, scale)
                .map_err(|_| QueryError::Failed)?;
            Arc::new(array)
        }
    })
}

fn read<T>(cells: &[Option<&str>], read: impl Fn(&str) -> Option<T>) -> Result<Vec<Option<T>>, QueryError> {
    let cell = |cell: &Option<&str>| cell.map(|cell| read(cell).ok_or(QueryError::Failed)).transpose();
    cells.iter().map(cell).collect()
}

#[cfg(test)]
mod tests;
