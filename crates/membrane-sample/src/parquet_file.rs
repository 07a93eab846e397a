//! Parquet files, in row groups of bounded size, with their dirt.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use crate::dirt::{Dirt, DirtyKind, Faults};
use crate::out_file::{Monitor, OutFile};
use crate::world::World;
use crate::{FileReport, SampleError};

/// Rows that are collected before they become a batch.
const BATCH_ROWS: usize = 8_192;

const ROW_GROUP_ROWS: usize = 1 << 17;

/// The type of an instant: microseconds, UTC.
pub(crate) fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The type of money.
pub(crate) const MONEY: DataType = DataType::Decimal128(12, 2);

/// Makes a schema of columns that may all be null, because the data may be dirty.
pub(crate) fn schema(columns: Vec<(&str, DataType)>) -> SchemaRef {
    let fields = columns.into_iter().map(|(name, data_type)| Field::new(name, data_type, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// A Parquet file that grows batch by batch.
pub(crate) struct ParquetFile {
    writer: ArrowWriter<OutFile>,
    schema: SchemaRef,
}

impl ParquetFile {
    /// Opens a file. `distinct` names columns whose values hardly repeat: no dictionary for them.
    pub(crate) fn create(
        folder: &Path,
        name: &str,
        schema: SchemaRef,
        distinct: &[&str],
    ) -> Result<Self, SampleError> {
        let out = OutFile::create(folder, name)?;
        let path = out.path().to_owned();
        let properties = distinct.iter().fold(
            WriterProperties::builder()
                .set_compression(Compression::SNAPPY)
                .set_created_by("membrane sample".to_owned())
                .set_max_row_group_row_count(Some(ROW_GROUP_ROWS)),
            |properties, column| properties.set_column_dictionary_enabled(ColumnPath::from(*column), false),
        );
        let writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties.build()))
            .map_err(|source| SampleError::Parquet { path, source })?;
        Ok(Self { writer, schema })
    }

    /// Appends columns in the order of the schema.
    pub(crate) fn write(&mut self, columns: Vec<ArrayRef>) -> Result<(), SampleError> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|source| {
            SampleError::Batch { file: self.writer.inner().path().display().to_string(), source }
        })?;
        self.writer.write(&batch).map_err(|source| fault(self.writer.inner(), source))
    }

    /// Finishes the file and returns its size.
    pub(crate) fn finish(self) -> Result<u64, SampleError> {
        let path = self.writer.inner().path().to_owned();
        self.writer.into_inner().map_err(|source| SampleError::Parquet { path, source })?.finish()
    }
}

fn fault(out: &OutFile, source: ParquetError) -> SampleError {
    SampleError::Parquet { path: out.path().to_owned(), source }
}

/// A row of a Parquet file.
pub(crate) trait ParquetRow: Clone + 'static {
    /// The dataset.
    const DATASET: &'static str;
    /// The file's name.
    const NAME: &'static str;
    /// Numbers the files, for their dirt.
    const NUMBER: u64;
    /// Columns whose values hardly repeat.
    const DISTINCT: &'static [&'static str];
    /// The faults that a row may get.
    const FAULTS: Faults<fn(&mut Self)>;
    /// The share of dirt that is late rows, which whoever draws the rows chooses.
    const LATE_SHARE: f64 = 0.0;

    /// Returns the file's schema.
    fn schema() -> SchemaRef;

    /// Makes columns of rows, in the order of the schema.
    fn columns(rows: &[Self]) -> Result<Vec<ArrayRef>, arrow::error::ArrowError>;
}

/// A Parquet file that grows row by row.
pub(crate) struct ParquetRows<'a, R: ParquetRow> {
    file: ParquetFile,
    monitor: &'a Monitor<'a>,
    dirt: Dirt<fn(&mut R)>,
    pending: Vec<R>,
    kept: Option<R>,
    rows: u64,
}

impl<'a, R: ParquetRow> ParquetRows<'a, R> {
    pub(crate) fn create(world: &World, monitor: &'a Monitor<'a>) -> Result<Self, SampleError> {
        Ok(Self {
            file: ParquetFile::create(&world.out, R::NAME, R::schema(), R::DISTINCT)?,
            monitor,
            dirt: Dirt::new(world.seeds, R::NUMBER, world.dirty_rate * (1.0 - R::LATE_SHARE), R::FAULTS),
            pending: Vec::with_capacity(BATCH_ROWS),
            kept: None,
            rows: 0,
        })
    }

    /// Writes a row, or what dirt makes of it.
    pub(crate) fn write(&mut self, mut row: R) -> Result<(), SampleError> {
        match self.dirt.roll() {
            None if self.dirt.keeps() => self.kept = Some(row.clone()),
            None => {}
            Some((DirtyKind::Duplicate, _)) => {
                let again = self.kept.clone().unwrap_or_else(|| row.clone());
                self.put(again)?;
            }
            Some((_, spoil)) => spoil(&mut row),
        }
        self.put(row)
    }

    /// Writes a row of the year before, delivered now. Nothing else is wrong with it.
    pub(crate) fn write_late(&mut self, row: R) -> Result<(), SampleError> {
        self.dirt.count(DirtyKind::Late);
        self.put(row)
    }

    /// Finishes the file.
    pub(crate) fn finish(mut self) -> Result<FileReport, SampleError> {
        self.flush()?;
        Ok(FileReport {
            dataset: R::DATASET.to_owned(),
            name: R::NAME.to_owned(),
            rows: self.rows,
            bytes: self.file.finish()?,
            dirty: self.dirt.into_counts(),
        })
    }

    fn put(&mut self, row: R) -> Result<(), SampleError> {
        self.pending.push(row);
        self.rows += 1;
        if self.pending.len() >= BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), SampleError> {
        let columns = R::columns(&self.pending)
            .map_err(|source| SampleError::Batch { file: R::NAME.to_owned(), source })?;
        self.file.write(columns)?;
        self.pending.clear();
        self.monitor.tell(R::NAME, self.rows)
    }
}

#[cfg(test)]
mod tests;
