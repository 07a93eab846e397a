//! Turns delivered bytes into batches, before anything is checked.
//!
//! Text formats give one `Utf8` column per contract column; columnar formats give the types they have.
//! A record that is none is passed on as [`Malformed`] and the rest goes on; an input that is not of
//! the format at all ends with one error.

mod array;
mod avro;
mod columnar;
mod csv;
mod drift;
mod excel;
mod ipc;
mod judge;
mod ndjson;
mod object;
mod objects;
mod own;
mod parquet;
mod record;
mod wanted;
mod window;
mod zip;

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use membrane_model::Limits;

use crate::reason::Broken;
use crate::source::{Content, Delivery, Text};
use crate::{Format, IngestError, Reading};

use window::Window;

pub(crate) use drift::Drift;
pub(crate) use own::{OwnColumn, Unread, own_columns};
pub(crate) use wanted::{Wanted, WantedColumn};

/// Rows in a batch.
pub(crate) const BATCH_ROWS: usize = 16 << 10;
/// Cells in a batch: one of a wide dataset has fewer rows, so that cells without text are bounded too.
const BATCH_CELLS: usize = BATCH_ROWS * 64;
/// Bytes of text after which a batch is closed early.
const BATCH_BYTES: usize = 8 << 20;
/// Spaces in front of the first letter of a JSON input.
const SPACES_MAX: usize = 64 << 10;
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
    /// In which way it is none.
    pub(crate) broken: Broken,
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

    /// Returns what was found besides rows, so far.
    fn found(&self) -> Found;
}

/// What a decoder finds besides rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Whether the delivery ended before its end.
    pub(crate) is_cut: bool,
    /// Columns that the contract does not know.
    pub(crate) drift: Drift,
}

/// Opens a delivery, of which these columns are wanted: those of a dataset, or some of its own.
pub(crate) fn open(
    delivery: Delivery,
    format: Format,
    wanted: impl Into<Wanted>,
    limits: &Limits,
    reading: &Reading,
) -> Result<Box<dyn Decode>, IngestError> {
    let wanted = wanted.into().called(&reading.columns);
    let on_truncated = reading.on_truncated.unwrap_or(wanted.on_truncated);
    let content = Content::open(delivery, reading.packing, on_truncated)?;
    Ok(match format {
        Format::Csv => {
            let text = Text::open(content, reading.encoding)?;
            Box::new(csv::CsvDecoder::open(text, wanted, limits)?)
        }
        Format::Ndjson | Format::Json => {
            let text = Text::open(content, reading.encoding)?;
            match objects_of(text, format, wanted, limits)? {
                Lines::Array(decoder) => decoder,
                Lines::Each(decoder) => decoder,
            }
        }
        Format::Parquet => Box::new(parquet::ParquetDecoder::open(content, wanted, limits)?),
        Format::ArrowIpc => Box::new(ipc::IpcDecoder::open(content, wanted, limits)),
        Format::Avro => Box::new(avro::AvroDecoder::open(content, wanted, limits)?),
        Format::Excel => {
            Box::new(excel::ExcelDecoder::open(content, wanted, limits, reading.sheet.as_deref())?)
        }
    })
}

/// How objects stand in a text.
enum Lines {
    /// In an array.
    Array(Box<array::ArrayDecoder>),
    /// Each on a line of its own.
    Each(Box<ndjson::NdjsonDecoder>),
}

/// Opens a text of objects.
fn objects_of(text: Text, format: Format, wanted: Wanted, limits: &Limits) -> Result<Lines, IngestError> {
    let mut window = opened(text)?;
    let is_array = first_letter(&mut window)? == Some(b'[');
    Ok(if format == Format::Json && is_array {
        Lines::Array(Box::new(array::ArrayDecoder::open(window, wanted, limits)))
    } else {
        Lines::Each(Box::new(ndjson::NdjsonDecoder::open(window, format, wanted, limits)?))
    })
}

/// Opens a text and leaves its byte order mark out.
fn opened(text: Text) -> Result<Window<Text>, IngestError> {
    let mut window = Window::new(text);
    while window.bytes().len() < 3 && !window.has_ended() {
        window.fill().map_err(IngestError::read)?;
    }
    let mark = judge::byte_order_mark(window.bytes())?;
    window.consume(mark);
    Ok(window)
}

/// Returns the first byte that is no space. Where many spaces come first, nobody looks further.
fn first_letter(window: &mut Window<Text>) -> Result<Option<u8>, IngestError> {
    loop {
        let found = window.bytes().iter().copied().find(|byte| !byte.is_ascii_whitespace());
        if found.is_some() || window.has_ended() || window.bytes().len() > SPACES_MAX {
            return Ok(found);
        }
        window.fill().map_err(IngestError::read)?;
    }
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

    fn malformed(&mut self, position: i64, raw: &[u8], broken: Broken) {
        let kept = raw.get(..RAW_BYTES_MAX).unwrap_or(raw);
        self.bytes += kept.len();
        self.malformed.push(Malformed { position, raw: String::from_utf8_lossy(kept).into_owned(), broken });
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
