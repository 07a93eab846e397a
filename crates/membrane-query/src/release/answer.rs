//! The answer to a release, as it is stored and shown: noisy values with their error bars, what they cost
//! and what was bounded.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Decimal128Array, Float64Array, StringArray};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use membrane_model::{DatasetName, Price, TableVersion};
use membrane_privacy::MechanismSummary;
use serde::{Deserialize, Serialize};

use super::literal::decimal_units;
use crate::QueryError;

/// The version of the stored form. A reader refuses what it does not know.
const FORMAT: u32 = 1;
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
        if answer.format == FORMAT { Ok(answer) } else { Err(QueryError::Failed) }
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

fn array(kind: ReleaseType, cells: &[Option<&str>]) -> Result<ArrayRef, QueryError> {
    let text = || -> ArrayRef { Arc::new(StringArray::from_iter(cells.iter().copied())) };
    let cast = |target: &DataType| {
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        cast_with_options(&text(), target, &strict).map_err(|_| QueryError::Failed)
    };
    match kind {
        ReleaseType::String => Ok(text()),
        ReleaseType::Integer => cast(&DataType::Int64),
        ReleaseType::Boolean => cast(&DataType::Boolean),
        ReleaseType::Date => cast(&DataType::Date32),
        ReleaseType::Timestamp => cast(&DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
        ReleaseType::Number => {
            let read = |cell: &&str| cell.parse::<f64>().map_err(|_| QueryError::Failed);
            let values = cells.iter().map(|cell| cell.as_ref().map(read).transpose());
            let values = values.collect::<Result<Vec<Option<f64>>, QueryError>>()?;
            Ok(Arc::new(Float64Array::from(values)))
        }
        ReleaseType::Decimal(scale) => {
            let read = |cell: &&str| decimal_units(cell, scale).ok_or(QueryError::Failed);
            let values = cells.iter().map(|cell| cell.as_ref().map(read).transpose());
            let values = values.collect::<Result<Vec<Option<i128>>, QueryError>>()?;
            let array = Decimal128Array::from(values)
                .with_precision_and_scale(DECIMAL_DIGITS, scale)
                .map_err(|_| QueryError::Failed)?;
            Ok(Arc::new(array))
        }
    }
}

#[cfg(test)]
mod tests;
