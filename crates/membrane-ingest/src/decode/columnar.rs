//! What the columnar formats share: finding the contract's columns, and cutting what was delivered into
//! batches of bounded size.
//!
//! A few bytes of a columnar file can stand for a lot: one long text in a dictionary is the value of every
//! row. So texts are read in their shared form (views, dictionaries), their lengths are added up row by row,
//! and only pieces that fit a batch are laid out. Small pieces are put together again. A row that is longer
//! than a record may be is set aside as malformed, as in the text formats.

mod lengths;
mod raw;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, UInt64Array, new_null_array};
use arrow::compute::{concat, filter, take};
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use membrane_model::Limits;

use super::{BATCH_BYTES, Delivered, Drift, Malformed, RAW_BYTES_MAX, Wanted, batch_rows, require_columns};
use crate::reason::Broken;
use crate::value::can_become;
use crate::{IngestError, value};

/// Finds the contract's columns in a schema; each of a type from which the contract's can be made.
pub(super) fn sources(wanted: &Wanted, schema: &Schema) -> Result<Vec<Option<usize>>, IngestError> {
    let find = |name: &str| schema.fields().iter().position(|field| field.name() == name);
    require_columns(wanted, |name| find(name).is_some())?;
    for column in &wanted.columns {
        let mut found = schema.fields().iter().filter(|field| field.name() == column.name.as_str());
        let Some(field) = found.next() else { continue };
        if found.next().is_some() {
            return Err(IngestError::DoubleColumn { column: column.name.clone() });
        }
        if !can_become(field.data_type(), column.logical_type) {
            return Err(IngestError::ColumnType {
                column: column.name.clone(),
                found: shown(field.data_type()),
                wanted: column.logical_type.to_string(),
            });
        }
    }
    Ok(wanted.columns.iter().map(|column| find(column.name.as_str())).collect())
}

/// Tells what a schema has that the contract does not know.
pub(super) fn drift(wanted: &Wanted, schema: &Schema) -> Drift {
    Drift::of_columns(wanted, schema.fields().iter().map(|field| field.name().as_str()))
}

/// Names a type.
///
/// PRIVACY: names of nested fields and of time zones are the deliverer's and may be anything.
fn shown(found: &DataType) -> String {
    match found {
        DataType::Struct(_) => "Struct".to_owned(),
        DataType::Map(..) => "Map".to_owned(),
        DataType::Union(..) => "Union".to_owned(),
        DataType::RunEndEncoded(..) => "RunEndEncoded".to_owned(),
        DataType::Timestamp(..) => "Timestamp".to_owned(),
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::FixedSizeList(..) => "List".to_owned(),
        DataType::Dictionary(_, value) => format!("Dictionary of {}", shown(value)),
        plain => plain.to_string(),
    }
}

/// Cuts delivered record batches into batches of our size.
pub(super) struct Cutter {
    names: Vec<String>,
    sources: Vec<Option<usize>>,
    rows_max: usize,
    record_bytes_max: usize,
    /// What is being cut, and from which row on.
    open: Option<(RecordBatch, usize)>,
    pending: Pending,
    position: i64,
}

/// Pieces that wait to become a batch.
#[derive(Default)]
struct Pending {
    pieces: Vec<Vec<ArrayRef>>,
    positions: Vec<i64>,
    malformed: Vec<Malformed>,
    bytes: usize,
}

impl Pending {
    fn records(&self) -> usize {
        self.positions.len() + self.malformed.len()
    }
}

impl Cutter {
    pub(super) fn new(wanted: &Wanted, sources: Vec<Option<usize>>, limits: &Limits) -> Self {
        let names: Vec<String> = wanted.columns.iter().map(|column| column.name.clone()).collect();
        Self {
            rows_max: batch_rows(names.len()),
            names,
            sources,
            record_bytes_max: limits.record_bytes_max,
            open: None,
            pending: Pending::default(),
            position: 0,
        }
    }

    /// Takes a batch in, when all of the one before was given out.
    pub(super) fn push(&mut self, batch: RecordBatch) {
        self.open = Some((batch, 0));
    }

    /// Sets the place aside at which the input was cut off, as the record that comes next.
    pub(super) fn cut_off(&mut self) {
        self.position += 1;
        let position = self.position;
        self.pending.malformed.push(Malformed { position, raw: String::new(), broken: Broken::Truncated });
    }

    /// Gives the next batch out: a full one, or what is left when nothing more will come.
    pub(super) fn pop(&mut self, ended: bool) -> Result<Option<Delivered>, IngestError> {
        let arrow = |source| IngestError::arrow("decode a column", source);
        while let Some((batch, start)) = self.open.take() {
            let end = self.piece(&batch, start).map_err(arrow)?;
            if end < batch.num_rows() {
                self.open = Some((batch, end));
            }
            if self.pending.records() >= self.rows_max || self.pending.bytes >= BATCH_BYTES {
                return self.flush().map(Some).map_err(arrow);
            }
        }
        if ended && self.pending.records() > 0 { self.flush().map(Some).map_err(arrow) } else { Ok(None) }
    }

    /// Lays out the rows from `start` on, as many as the pending batch has room for, and returns where they end.
    fn piece(&mut self, batch: &RecordBatch, start: usize) -> Result<usize, ArrowError> {
        let room = self.rows_max.saturating_sub(self.pending.records()).max(1);
        let window = batch.slice(start, room.min(batch.num_rows() - start));
        let columns: Vec<Option<&ArrayRef>> = self
            .sources
            .iter()
            .map(|source| source.and_then(|source| window.columns().get(source)))
            .collect();
        let mut lengths = vec![0_usize; window.num_rows()];
        for column in columns.iter().flatten() {
            lengths::add(column, &mut lengths);
        }
        let mut rows = 0;
        let mut good = Vec::new();
        for length in lengths {
            let is_good = length <= self.record_bytes_max;
            let kept = if is_good { length } else { RAW_BYTES_MAX };
            if rows > 0 && self.pending.bytes + kept > BATCH_BYTES {
                break;
            }
            self.pending.bytes += kept;
            self.position += 1;
            if is_good {
                self.pending.positions.push(self.position);
            } else {
                let raw = raw::row(&self.names, &columns, rows);
                self.pending.malformed.push(Malformed {
                    position: self.position,
                    raw,
                    broken: Broken::TooLarge,
                });
            }
            good.push(is_good);
            rows += 1;
        }
        let pieces = columns.iter().map(|column| lay_out(*column, rows, &good)).collect::<Result<_, _>>()?;
        self.pending.pieces.push(pieces);
        Ok(start + rows)
    }

    /// Makes a batch of what is pending.
    fn flush(&mut self) -> Result<Delivered, ArrowError> {
        let Pending { pieces, positions, malformed, .. } = std::mem::take(&mut self.pending);
        let column = |at: usize| {
            let parts: Vec<&dyn Array> =
                pieces.iter().filter_map(|piece| piece.get(at)).map(AsRef::as_ref).collect();
            concat(&parts)
        };
        let columns = match pieces.as_slice() {
            [] => self.sources.iter().map(|_| new_null_array(&DataType::Null, 0)).collect(),
            [single] => single.clone(),
            _ => (0..self.sources.len()).map(column).collect::<Result<_, _>>()?,
        };
        Ok(Delivered { positions, columns, mistyped: Vec::new(), malformed })
    }
}

/// Lays out the good ones of the first rows of a column. A column that was not delivered has no values.
fn lay_out(column: Option<&ArrayRef>, rows: usize, good: &[bool]) -> Result<ArrayRef, ArrowError> {
    let Some(column) = column else {
        return Ok(new_null_array(&DataType::Null, good.iter().filter(|good| **good).count()));
    };
    let piece = column.slice(0, rows);
    let piece = if good.iter().all(|good| *good) {
        piece
    } else {
        // Before they are laid out: what is shared stays shared until the long rows are gone.
        filter(&piece, &BooleanArray::from(good.to_vec()))?
    };
    own(&value::plain(&piece)?)
}

/// Copies an array that is a small part of a large buffer, which would else stay in memory as long as it does.
fn own(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let used = array.to_data().get_slice_memory_size().unwrap_or(usize::MAX);
    if array.get_array_memory_size() <= used.saturating_mul(2).saturating_add(SMALL_BYTES) {
        return Ok(Arc::clone(array));
    }
    let rows: UInt64Array = (0..u64::try_from(array.len()).unwrap_or_default()).collect();
    take(array, &rows, None)
}

/// Bytes that an array may keep besides its own.
const SMALL_BYTES: usize = 16 << 10;

/// Returns the places of the contract's columns in a schema.
pub(super) fn wanted_roots(wanted: &Wanted, schema: &Arc<Schema>) -> Vec<usize> {
    let wanted = |name: &str| wanted.columns.iter().any(|column| column.name.as_str() == name);
    let fields = schema.fields().iter().enumerate();
    fields.filter(|(_, field)| wanted(field.name())).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests;
