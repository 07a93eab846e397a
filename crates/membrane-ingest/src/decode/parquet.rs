//! Apache Parquet: read in batches, page by page; only the contract's columns.
//!
//! Memory stays bounded whatever the file says: text is read as views of what pages and dictionaries hold, each
//! row group is measured before it is decoded (`size`), and read so many rows and columns at a time (`plan`).

mod page_head;
mod plan;
mod size;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use membrane_model::Limits;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type as PhysicalType;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader as _, Length as _};

use super::columnar::{Cutter, drift, sources, wanted_roots};
use super::{Decode, Delivered, Drift, Found, Wanted as Columns, batch_rows};
use crate::source::{Content, Seekable};
use crate::{Format, IngestError};

use plan::Plan;

/// Bytes of the footer, which is parsed whole.
const FOOTER_BYTES_MAX: u64 = 16 << 20;
/// Bytes of the widest number, a decimal of 76 digits.
const NUMBER_BYTES_MAX: i32 = 32;

pub(super) struct ParquetDecoder {
    bytes: Seekable,
    metadata: ArrowReaderMetadata,
    /// The contract's columns: their places among the file's, and of their values among the leaves.
    columns: Vec<Wanted>,
    schema: SchemaRef,
    rows_max: usize,
    /// The next row group.
    next: usize,
    open: Option<Open>,
    cutter: Cutter,
    drift: Drift,
}

/// A column of the file that the contract has.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    root: usize,
    leaf: usize,
    is_text: bool,
}

/// The row group that is being read.
enum Open {
    /// All columns side by side.
    Whole(Box<ParquetRecordBatchReader>),
    /// Piece by piece, and each piece set by set.
    Sets { group: usize, plan: Plan, start: usize, rows: usize },
}

impl ParquetDecoder {
    pub(super) fn open(
        content: Content,
        columns: impl Into<Columns>,
        limits: &Limits,
    ) -> Result<Self, IngestError> {
        let named = columns.into();
        let bytes = content.into_seekable()?;
        let metadata = load(&bytes)?;
        // Check all columns of the file, then read only the contract's.
        sources(&named, metadata.schema())?;
        let roots = wanted_roots(&named, metadata.schema());
        let drift = drift(&named, metadata.schema());
        let options = ArrowReaderOptions::new().with_schema(as_views(metadata.schema()));
        let metadata = guarded(|| ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options))?
            .map_err(|error| not_parquet(&error))?;
        let schema = metadata.schema().project(&roots).map_err(|_| damaged("its schema cannot be read"))?;
        let decoder = Self {
            columns: roots.iter().map(|root| wanted(&metadata, *root)).collect::<Result<_, _>>()?,
            cutter: Cutter::new(&named, sources(&named, &schema)?, limits),
            schema: Arc::new(schema),
            rows_max: batch_rows(named.columns.len()),
            bytes,
            metadata,
            next: 0,
            open: None,
            drift,
        };
        decoder.require_known_codecs()?;
        Ok(decoder)
    }

    fn require_known_codecs(&self) -> Result<(), IngestError> {
        for group in self.metadata.metadata().row_groups() {
            for wanted in &self.columns {
                let Some(column) = group.columns().get(wanted.leaf) else { return Err(damaged(SCHEMA)) };
                if let Some(codec) = size::unread(column.compression()) {
                    let name =
                        self.metadata.schema().fields().get(wanted.root).map_or("", |field| field.name());
                    return Err(damaged(&format!(
                        "column `{name}` is compressed with {codec}, which is not read here; Zstandard, Snappy, \
                         LZ4 and gzip are"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Reads the next rows; none at the end of the file.
    fn read(&mut self) -> Result<Option<RecordBatch>, IngestError> {
        loop {
            let batch = match &mut self.open {
                Some(Open::Whole(reader)) => match guarded(|| reader.next())? {
                    Some(Ok(batch)) => Some(batch),
                    Some(Err(_)) => return Err(damaged(PAGE)),
                    None => None,
                },
                Some(Open::Sets { .. }) => self.read_sets()?,
                None => None,
            };
            if batch.is_some() {
                return Ok(batch);
            }
            self.open = None;
            if self.next >= self.metadata.metadata().num_row_groups() {
                return Ok(None);
            }
            self.open = Some(self.open_group(self.next)?);
            self.next += 1;
        }
    }

    fn open_group(&self, group: usize) -> Result<Open, IngestError> {
        let about = self.metadata.metadata().row_groups().get(group).ok_or_else(|| damaged(SCHEMA))?;
        let mut sizes = Vec::with_capacity(self.columns.len());
        for wanted in &self.columns {
            let column = about.columns().get(wanted.leaf).ok_or_else(|| damaged(SCHEMA))?;
            sizes.push((wanted.root, guarded(|| size::measure(&self.bytes, column, wanted.is_text))??));
        }
        let plan = Plan::new(&sizes, self.rows_max)?;
        let rows = usize::try_from(about.num_rows()).map_err(|_| damaged(SCHEMA))?;
        if let [all] = plan.sets.as_slice() {
            return Ok(Open::Whole(Box::new(self.reader(group, all, plan.rows, None)?)));
        }
        Ok(Open::Sets { group, plan, start: 0, rows })
    }

    /// Opens some columns of a row group, from one row on when it is told.
    fn reader(
        &self,
        group: usize,
        roots: &[usize],
        rows: usize,
        from: Option<usize>,
    ) -> Result<ParquetRecordBatchReader, IngestError> {
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), roots.iter().copied());
        let build = || {
            let builder =
                ParquetRecordBatchReaderBuilder::new_with_metadata(self.bytes.clone(), self.metadata.clone())
                    .with_row_groups(vec![group])
                    .with_projection(mask)
                    .with_batch_size(rows);
            match from {
                Some(start) => builder.with_offset(start).with_limit(rows).build(),
                None => builder.build(),
            }
        };
        guarded(build)?.map_err(|error| not_parquet(&error))
    }

    /// Reads the next piece of a row group set by set.
    fn read_sets(&mut self) -> Result<Option<RecordBatch>, IngestError> {
        let Some(Open::Sets { group, plan, start, rows }) = &self.open else { return Ok(None) };
        let (group, start, count) = (*group, *start, plan.rows.min(rows.saturating_sub(*start)));
        if count == 0 {
            return Ok(None);
        }
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for set in &plan.sets {
            let mut reader = self.reader(group, set, count, Some(start))?;
            match guarded(|| reader.next())? {
                Some(Ok(piece)) if piece.num_rows() == count => {
                    columns.extend(piece.columns().iter().cloned())
                }
                _ => return Err(damaged(PAGE)),
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options);
        if let Some(Open::Sets { start, .. }) = &mut self.open {
            *start += count;
        }
        batch.map(Some).map_err(|_| damaged(PAGE))
    }
}

impl Decode for ParquetDecoder {
    fn records(&self) -> Option<u64> {
        u64::try_from(self.metadata.metadata().file_metadata().num_rows()).ok()
    }

    fn next(&mut self) -> Result<Option<Delivered>, IngestError> {
        loop {
            if let Some(delivered) = self.cutter.pop(false)? {
                return Ok(Some(delivered));
            }
            match self.read()? {
                Some(batch) => self.cutter.push(batch),
                None => return self.cutter.pop(true),
            }
        }
    }

    fn found(&self) -> Found {
        Found { is_cut: false, drift: self.drift.clone() }
    }
}

const SCHEMA: &str = "its schema cannot be read";
const PAGE: &str = "a page cannot be decoded";

fn load(bytes: &Seekable) -> Result<ArrowReaderMetadata, IngestError> {
    require_small_footer(bytes)?;
    guarded(|| ArrowReaderMetadata::load(bytes, ArrowReaderOptions::new()))?
        .map_err(|error| not_parquet(&error))
}

/// Returns the schema of a content.
pub(super) fn own_schema(content: Content) -> Result<SchemaRef, IngestError> {
    Ok(Arc::clone(load(&content.into_seekable()?)?.schema()))
}

/// Requires that the footer, which tells its own length in front of the file's last four bytes, can be parsed.
fn require_small_footer(bytes: &Seekable) -> Result<(), IngestError> {
    let Some(place) = bytes.len().checked_sub(8) else { return Ok(()) };
    let tail = bytes.get_bytes(place, 8).map_err(|error| not_parquet(&error))?;
    let length = tail.first_chunk::<4>().map_or(0, |length| u32::from_le_bytes(*length));
    if tail.ends_with(b"PAR1") && u64::from(length) > FOOTER_BYTES_MAX {
        let advice = "write larger row groups, so that the footer of the Parquet file is smaller";
        return Err(IngestError::TooLarge { bytes_max: FOOTER_BYTES_MAX, advice });
    }
    Ok(())
}

/// Finds the leaf of a column of the file. Columns that can become the contract's have one.
fn wanted(metadata: &ArrowReaderMetadata, root: usize) -> Result<Wanted, IngestError> {
    let schema = metadata.parquet_schema();
    let mut leaves = (0..schema.num_columns()).filter(|leaf| schema.get_column_root_idx(*leaf) == root);
    let (Some(leaf), None) = (leaves.next(), leaves.next()) else { return Err(damaged(SCHEMA)) };
    let about = schema.column(leaf);
    if about.physical_type() == PhysicalType::FIXED_LEN_BYTE_ARRAY && about.type_length() > NUMBER_BYTES_MAX {
        return Err(damaged("a number is wider than 32 bytes"));
    }
    Ok(Wanted { root, leaf, is_text: about.physical_type() == PhysicalType::BYTE_ARRAY })
}

/// Returns the schema with every text read as a view: rows that have the same text share it.
fn as_views(schema: &Schema) -> SchemaRef {
    let is_text =
        |found: &DataType| matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let field = |field: &Arc<Field>| {
        let shared = match field.data_type() {
            DataType::Dictionary(_, value) => is_text(value),
            plain => is_text(plain),
        };
        if shared {
            let view = Field::new(field.name(), DataType::Utf8View, field.is_nullable());
            Arc::new(view.with_metadata(field.metadata().clone()))
        } else {
            Arc::clone(field)
        }
    };
    let fields: Vec<Arc<Field>> = schema.fields().iter().map(field).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// The decoder trusts more than a damaged file keeps; a panic there is an error of the file.
fn guarded<T>(read: impl FnOnce() -> T) -> Result<T, IngestError> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|_| damaged("the decoder gave up on it"))
}

fn not_parquet(error: &ParquetError) -> IngestError {
    damaged(match error {
        ParquetError::EOF(_) => "it ends too early",
        ParquetError::NYI(_) => "it uses a feature that is not supported",
        _ => "its footer cannot be read; it may be cut off",
    })
}

// PRIVACY: the library's texts may quote the file's content; ours do not.
fn damaged(detail: &str) -> IngestError {
    IngestError::NotTheFormat { format: Format::Parquet, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests;
