//! Reads the package's files, column by column, into the types of the contracts.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::file_name;
use crate::SampleError;
use crate::parquet_file::{MONEY, timestamp};

const BATCH_ROWS: usize = 1 << 16;

/// What a column of the package becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    /// A float that holds whole cents.
    Money,
    /// An instant without a zone.
    Instant,
    /// An instant at midnight.
    Day,
}

impl Kind {
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Integer => DataType::Int64,
            Self::Money => MONEY,
            Self::Instant => timestamp(),
            Self::Day => DataType::Date32,
        }
    }
}

/// A file of the package.
pub(super) struct Source {
    file: String,
    path: PathBuf,
    reader: ParquetRecordBatchReader,
}

impl Source {
    pub(super) fn open(package_dir: &Path, stem: &str) -> Result<Self, SampleError> {
        let file = file_name(stem);
        let path = package_dir.join(&file);
        let opened = File::open(&path).map_err(|source| SampleError::Read { path: path.clone(), source })?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(opened)
            .and_then(|builder| builder.with_batch_size(BATCH_ROWS).build())
            .map_err(|source| SampleError::Parquet { path: path.clone(), source })?;
        Ok(Self { file, path, reader })
    }

    /// Reads the next rows.
    pub(super) fn next(&mut self) -> Result<Option<SourceRows<'_>>, SampleError> {
        match self.reader.next() {
            None => Ok(None),
            Some(Ok(batch)) => Ok(Some(SourceRows { file: &self.file, batch })),
            Some(Err(source)) => Err(SampleError::Parquet { path: self.path.clone(), source: source.into() }),
        }
    }
}

/// Some rows of a file of the package.
pub(super) struct SourceRows<'a> {
    file: &'a str,
    batch: RecordBatch,
}

impl SourceRows<'_> {
    pub(super) fn rows(&self) -> u64 {
        self.batch.num_rows() as u64
    }

    /// Returns a column of numbers.
    pub(super) fn integers(&self, column: &str) -> Result<&Int64Array, SampleError> {
        let wrong = || self.no_column(column, "integer");
        self.batch
            .column_by_name(column)
            .and_then(|values| values.as_primitive_opt::<Int64Type>())
            .ok_or_else(wrong)
    }

    /// Returns a column of texts.
    pub(super) fn texts(&self, column: &str) -> Result<StringArray, SampleError> {
        let wrong = || self.no_column(column, "text");
        let values = self.batch.column_by_name(column).ok_or_else(wrong)?;
        match values.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                let texts = cast(values, &DataType::Utf8).map_err(|source| self.unfit(source))?;
                texts.as_string_opt().cloned().ok_or_else(wrong)
            }
            _ => Err(wrong()),
        }
    }

    /// Returns a column of amounts as exact decimals.
    pub(super) fn money(&self, column: &str) -> Result<Decimal128Array, SampleError> {
        let wrong = || self.no_column(column, "float");
        let amounts =
            self.batch.column_by_name(column).and_then(|values| values.as_primitive_opt::<Float64Type>());
        let inexact = || SampleError::InexactAmount { file: self.file.to_owned(), column: column.to_owned() };
        let cents = amounts
            .ok_or_else(wrong)?
            .iter()
            .map(|amount| amount.map(|amount| cents(amount).ok_or_else(inexact)).transpose())
            .collect::<Result<Decimal128Array, SampleError>>()?;
        cents.with_precision_and_scale(12, 2).map_err(|source| self.unfit(source))
    }

    /// Returns a column as what it becomes.
    pub(super) fn column(&self, column: &str, kind: Kind) -> Result<ArrayRef, SampleError> {
        match kind {
            Kind::Text => Ok(Arc::new(self.texts(column)?)),
            Kind::Integer => Ok(Arc::new(self.integers(column)?.clone())),
            Kind::Money => Ok(Arc::new(self.money(column)?)),
            // The package gives instants without a zone; they are read as UTC.
            Kind::Instant => Ok(Arc::new(self.micros(column)?.with_timezone("UTC"))),
            Kind::Day => cast(&self.micros(column)?, &DataType::Date32).map_err(|source| self.unfit(source)),
        }
    }

    fn micros(&self, column: &str) -> Result<TimestampMicrosecondArray, SampleError> {
        let wrong = || self.no_column(column, "timestamp without zone");
        let values = self.batch.column_by_name(column).ok_or_else(wrong)?;
        if !matches!(values.data_type(), DataType::Timestamp(_, None)) {
            return Err(wrong());
        }
        let micros = cast(values, &DataType::Timestamp(TimeUnit::Microsecond, None))
            .map_err(|source| self.unfit(source))?;
        micros.as_primitive_opt().cloned().ok_or_else(wrong)
    }

    fn no_column(&self, column: &str, expected: &'static str) -> SampleError {
        SampleError::Column { file: self.file.to_owned(), column: column.to_owned(), expected }
    }

    fn unfit(&self, source: ArrowError) -> SampleError {
        SampleError::Batch { file: self.file.to_owned(), source }
    }
}

/// Returns an amount in cents, if that is what the float was meant to be. Floats of this size are at
/// most a billionth off; a ten-thousandth of a cent is something else.
fn cents(amount: f64) -> Option<i128> {
    let cents = amount * 100.0;
    let whole = cents.round();
    let exact = (cents - whole).abs() < 1e-4 && whole.abs() < 1e10;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and below ten billion")]
    exact.then_some(whole as i128)
}
