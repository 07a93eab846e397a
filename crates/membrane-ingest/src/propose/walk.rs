//! Reads a sample of a file: all of it when it is small, and else rows from all over it.
//!
//! Memory is bounded by one batch, and by what is kept of each column. The same file gives the same sample each time, so that it
//! can be gone through twice.

use std::path::Path;

use arrow::array::{Array as _, ArrayRef, AsArray as _, StringArray};
use arrow::error::ArrowError;
use membrane_model::{Limits, LogicalType};

use super::profile::float;
use super::rounding::whole;
use crate::decode::{self, OwnColumn, Wanted, WantedColumn};
use crate::source::{Delivery, SourceFile};
use crate::value::{canonical_text, coerce};
use crate::{Format, IngestError, Reading};

/// Cells that a sample has at most, so that wide files have fewer rows.
const CELLS_MAX: u64 = 20_000_000;

/// A file that can be gone through.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    pub(crate) path: &'a Path,
    pub(crate) format: Format,
    pub(crate) limits: Limits,
    pub(crate) reading: Reading,
    pub(crate) rows_max: u64,
    /// The columns that are read, in the file's order.
    pub(crate) columns: Vec<OwnColumn>,
}

/// What was gone through.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Walked {
    /// Rows that were looked at.
    pub(crate) rows: u64,
    /// Records that are none.
    pub(crate) malformed: u64,
    /// Whether rows were left out.
    pub(crate) is_sample: bool,
}

/// Some rows of the sample, as text.
pub(crate) struct Piece {
    /// One array per column.
    pub(crate) columns: Vec<StringArray>,
    /// Cells that are no text in JSON: row and column.
    pub(crate) scalars: Vec<(usize, usize)>,
    pub(crate) rows: usize,
}

impl Piece {
    /// Returns the text of a cell, when there is one.
    pub(crate) fn cell(&self, column: usize, row: usize) -> Option<&str> {
        let column = self.columns.get(column)?;
        (row < column.len() && column.is_valid(row))
            .then(|| column.value(row))
            .filter(|text| !text.is_empty())
    }
}

impl<'a> Walk<'a> {
    /// Opens a file and reads which columns it has. Those that cannot be read are returned beside.
    pub(crate) fn open(
        path: &'a Path,
        format: Format,
        limits: Limits,
        reading: &Reading,
        rows_max: u64,
    ) -> Result<(Self, Vec<(usize, OwnColumn)>), IngestError> {
        let delivery = Delivery::of_file(&SourceFile::open(path)?).0;
        let own = decode::own_columns(delivery, format, &limits, reading)?;
        let (read, left): (Vec<_>, Vec<_>) =
            own.into_iter().enumerate().partition(|(_, column)| column.unread.is_none());
        let columns: Vec<OwnColumn> = read.into_iter().map(|(_, column)| column).collect();
        if columns.is_empty() {
            return Err(IngestError::NotTheFormat {
                format,
                detail: "it has no columns that can be read".to_owned(),
            });
        }
        let cells = CELLS_MAX / u64::try_from(columns.len()).unwrap_or(CELLS_MAX);
        let rows_max = rows_max.min(cells.max(1_000));
        Ok((Self { path, format, limits, reading: reading.clone(), rows_max, columns }, left))
    }

    /// Goes through the sample.
    pub(crate) fn each(&self, visit: &mut dyn FnMut(&Piece)) -> Result<Walked, IngestError> {
        let file = SourceFile::open(self.path)?;
        let (delivery, meter) = Delivery::of_file(&file);
        let length = std::fs::metadata(self.path).map_err(IngestError::read)?.len();
        let mut decoder = decode::open(delivery, self.format, self.wanted(), &self.limits, &self.reading)?;
        let records = decoder.records();
        let mut walked = Walked::default();
        let mut all = 0_u64;
        let mut expected = None;
        while walked.rows < self.rows_max {
            let Some(batch) = decoder.next()? else { break };
            let rows = u64::try_from(batch.positions.len()).unwrap_or_default();
            all += rows;
            walked.malformed += u64::try_from(batch.malformed.len()).unwrap_or_default();
            let expected = *expected.get_or_insert_with(|| {
                records.unwrap_or_else(|| expected_rows(all, meter.bytes(), length)).max(1)
            });
            // Of each batch as large a part as the sample is of the file.
            let share = if expected > self.rows_max {
                rows.saturating_mul(self.rows_max).div_ceil(expected)
            } else {
                rows
            };
            let room = share.min(self.rows_max - walked.rows);
            let piece = self.piece(&batch, usize::try_from(room).unwrap_or(usize::MAX))?;
            walked.rows += u64::try_from(piece.rows).unwrap_or_default();
            visit(&piece);
        }
        let ended = decoder.next()?.is_none();
        walked.is_sample = !ended || walked.rows < all;
        file.require_unchanged()?;
        Ok(walked)
    }

    fn wanted(&self) -> Wanted {
        let column = |column: &OwnColumn| WantedColumn {
            name: column.name.clone(),
            logical_type: column.logical_type.unwrap_or(LogicalType::String),
            required: false,
        };
        Wanted { columns: self.columns.iter().map(column).collect(), ..Wanted::nothing() }
    }

    fn piece(&self, batch: &decode::Delivered, room: usize) -> Result<Piece, IngestError> {
        let rows = batch.positions.len().min(room);
        let text = |(array, column): (&ArrayRef, &OwnColumn)| {
            let array = array.slice(0, rows);
            let logical = column.logical_type.unwrap_or(LogicalType::String);
            let typed = coerce(&array, logical, &mut |_| ())?;
            if logical == LogicalType::String {
                Ok(typed.as_string::<i32>().clone())
            } else {
                canonical_text(&typed, logical)
            }
        };
        let columns: Result<Vec<StringArray>, ArrowError> =
            batch.columns.iter().zip(&self.columns).map(text).collect();
        let scalars = batch.mistyped.iter().filter(|(row, _)| *row < rows).copied().collect();
        let columns = columns.map_err(|error| IngestError::arrow("read the values of a column", error))?;
        Ok(Piece { columns, scalars, rows })
    }
}

/// Reckons how many rows a file has from how far it was read.
fn expected_rows(rows: u64, bytes: u64, length: u64) -> u64 {
    let ratio = if bytes == 0 { 1.0 } else { float(length / 1024 + 1) / float(bytes / 1024 + 1) };
    let expected = float(rows) * ratio.max(1.0);
    whole(expected)
}
