//! Turns delivered bytes into batches, before anything is checked.
//!
//! Text formats give one `Utf8` column per contract column; columnar formats give the types they have.
//! A record that is none is passed on as [`Malformed`] and the rest goes on; an input that is not of
//! the format at all ends with one error.

mod columnar;
mod csv;
mod ipc;
mod judge;
mod ndjson;
mod object;
mod own;
mod parquet;
mod record;
mod wanted;
mod window;

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use membrane_model::Limits;

use crate::source::Delivery;
use crate::{Format, IngestError};

pub(crate) use own::{OwnColumn, Unread, own_columns};
pub(crate) use wanted::{Wanted, WantedColumn};

/// Rows in a batch.
pub(crate) const BATCH_ROWS: usize = 16 << 10;
/// Cells in a batch: one of a wide dataset has fewer rows, so that cells without text are bounded too.
const BATCH_CELLS: usize = BATCH_ROWS * 64;
/// Bytes of text after which a batch is closed early.
const BATCH_BYTES: usize = 8 << 20;
/// Bytes of a malformed record that are kept.
const RAW_BYTES_MAX: usize = 64 << 10;

/// One batch as it was delivered.
pub(crate) struct Delivered {
    /// The number of each row's record in the delivery, from 1.
    pub(crate) positions: Vec<i64>,
    /// One array per contract column, in the contract's order.
    pub(crate) columns: Vec<ArrayRef>,
    /// Cells (row, column) whose type is wrong though their text may look right.
    pub(crate) mistyped: Vec<(usize, usize)>,
    /// Records that are none.
    pub(crate) malformed: Vec<Malformed>,
}

// PRIVACY: the columns hold values in clear.
impl fmt::Debug for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, columns, malformed) = (self.positions.len(), self.columns.len(), self.malformed.len());
        write!(f, "Delivered({rows} rows of {columns} columns, {malformed} malformed)")
    }
}

/// A record that is none.
pub(crate) struct Malformed {
    /// Its number in the delivery, from 1.
    pub(crate) position: i64,
    /// Its text, as far as it is text, cut when it is very long.
    pub(crate) raw: String,
}

// PRIVACY: a record that cannot be read may be somebody's all the same.
impl fmt::Debug for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Malformed(record {}, {} bytes)", self.position, self.raw.len())
    }
}

/// Returns the rows of a batch of so many columns.
const fn batch_rows(columns: usize) -> usize {
    let columns = if columns == 0 { 1 } else { columns };
    let rows = BATCH_CELLS / columns;
    if rows > BATCH_ROWS {
        BATCH_ROWS
    } else if rows == 0 {
        1
    } else {
        rows
    }
}

/// Reads one delivery, batch by batch.
pub(crate) trait Decode: Send {
    /// Returns how many records the input says it has, when it says so.
    fn records(&self) -> Option<u64> {
        None
    }

    /// Returns the next batch, or none at the end.
    fn next(&mut self) -> Result<Option<Delivered>, IngestError>;
}

/// Opens a delivery, of which these columns are wanted: those of a dataset, or some of its own.
pub(crate) fn open(
    delivery: Delivery,
    format: Format,
    wanted: impl Into<Wanted>,
    limits: &Limits,
) -> Result<Box<dyn Decode>, IngestError> {
    let wanted = wanted.into();
    Ok(match format {
        Format::Csv => Box::new(csv::CsvDecoder::open(delivery, wanted, limits)?),
        Format::Ndjson => Box::new(ndjson::NdjsonDecoder::open(delivery, wanted, limits)?),
        Format::Parquet => Box::new(parquet::ParquetDecoder::open(delivery, wanted, limits)?),
        Format::ArrowIpc => Box::new(ipc::IpcDecoder::open(delivery, wanted, limits)),
    })
}

/// Collects the rows of a text format.
struct TextBatch {
    columns: Vec<StringBuilder>,
    positions: Vec<i64>,
    mistyped: Vec<(usize, usize)>,
    malformed: Vec<Malformed>,
    bytes: usize,
    rows_max: usize,
}

impl TextBatch {
    fn new(columns: usize) -> Self {
        Self {
            columns: (0..columns).map(|_| StringBuilder::new()).collect(),
            positions: Vec::new(),
            mistyped: Vec::new(),
            malformed: Vec::new(),
            bytes: 0,
            rows_max: batch_rows(columns),
        }
    }

    fn is_full(&self) -> bool {
        self.positions.len() + self.malformed.len() >= self.rows_max || self.bytes >= BATCH_BYTES
    }

    fn is_empty(&self) -> bool {
        self.positions.is_empty() && self.malformed.is_empty()
    }

    fn malformed(&mut self, position: i64, raw: &[u8]) {
        let kept = raw.get(..RAW_BYTES_MAX).unwrap_or(raw);
        self.bytes += kept.len();
        self.malformed.push(Malformed { position, raw: String::from_utf8_lossy(kept).into_owned() });
    }

    /// Returns what was collected and starts anew.
    fn take(&mut self) -> Delivered {
        self.bytes = 0;
        let rows = self.positions.len();
        let finish = |builder: &mut StringBuilder| {
            let bytes = builder.values_slice().len();
            let array: ArrayRef = Arc::new(builder.finish());
            // The next batch will be much like this one.
            *builder = StringBuilder::with_capacity(rows, bytes + bytes / 8);
            array
        };
        Delivered {
            columns: self.columns.iter_mut().map(finish).collect(),
            positions: std::mem::replace(&mut self.positions, Vec::with_capacity(rows)),
            mistyped: std::mem::take(&mut self.mistyped),
            malformed: std::mem::take(&mut self.malformed),
        }
    }
}

/// Names the contract's columns, for messages.
fn column_names(wanted: &Wanted) -> String {
    let names: Vec<&str> = wanted.columns.iter().map(|column| column.name.as_str()).collect();
    names.join(", ")
}

/// Requires that the input names at least one column, and every required one.
fn require_columns(wanted: &Wanted, has: impl Fn(&str) -> bool) -> Result<(), IngestError> {
    if !wanted.columns.iter().any(|column| has(column.name.as_str())) {
        return Err(IngestError::NoColumns { expected: column_names(wanted) });
    }
    let missing: Vec<&str> = wanted
        .columns
        .iter()
        .filter(|column| column.required && !has(column.name.as_str()))
        .map(|column| column.name.as_str())
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(IngestError::MissingColumns { columns: missing.join(", ") }) }
}

#[cfg(test)]
mod tests;
