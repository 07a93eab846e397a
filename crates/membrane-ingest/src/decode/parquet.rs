//! Apache Parquet: read in batches, page by page; only the contract's columns.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use membrane_catalog::Dataset;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;

use super::columnar::{Cutter, sources, wanted_roots};
use super::{BATCH_ROWS, Decode, Delivered};
use crate::source::{Delivery, Seekable, SpoolReader};
use crate::{Format, IngestError};

pub(super) struct ParquetDecoder {
    reader: ParquetRecordBatchReader,
    cutter: Cutter,
}

impl ParquetDecoder {
    pub(super) fn open(delivery: Delivery, dataset: &Dataset) -> Result<Self, IngestError> {
        match delivery.into_seekable()? {
            Seekable::File(file) => Self::build(file, dataset),
            Seekable::Spool(spool) => Self::build(SpoolReader(spool), dataset),
        }
    }

    fn build<R: ChunkReader + 'static>(reader: R, dataset: &Dataset) -> Result<Self, IngestError> {
        let builder = guarded(|| ParquetRecordBatchReaderBuilder::try_new(reader))?
            .map_err(|error| not_parquet(&error))?;
        // Check all columns of the file, then read only the contract's.
        sources(dataset, builder.schema())?;
        let roots = wanted_roots(dataset, builder.schema());
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let reader = guarded(|| builder.with_projection(mask).with_batch_size(BATCH_ROWS).build())?
            .map_err(|error| not_parquet(&error))?;
        let projected = arrow::array::RecordBatchReader::schema(&reader);
        let cutter = Cutter::new(sources(dataset, &Arc::clone(&projected))?);
        Ok(Self { reader, cutter })
    }
}

impl Decode for ParquetDecoder {
    fn next(&mut self) -> Result<Option<Delivered>, IngestError> {
        loop {
            if let Some(delivered) = self.cutter.pop()? {
                return Ok(Some(delivered));
            }
            let reader = &mut self.reader;
            match guarded(|| reader.next())? {
                Some(Ok(batch)) => self.cutter.push(&batch),
                Some(Err(_)) => return Err(damaged("a page cannot be decoded")),
                None => return Ok(None),
            }
        }
    }
}

/// The decoder trusts more than a damaged file keeps; a panic there is an error of the file.
fn guarded<T>(read: impl FnOnce() -> T) -> Result<T, IngestError> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|_| damaged("the decoder gave up on it"))
}

fn not_parquet(error: &ParquetError) -> IngestError {
    damaged(match error {
        ParquetError::EOF(_) => "it ends too early",
        ParquetError::NYI(_) => "it uses a feature or a compression that is not supported",
        _ => "its footer cannot be read; it may be cut off",
    })
}

// PRIVACY: the library's texts may quote the file's content; ours do not.
fn damaged(detail: &str) -> IngestError {
    IngestError::NotTheFormat { format: Format::Parquet, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests;
