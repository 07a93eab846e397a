//! What can go wrong.

use std::path::PathBuf;

use arrow::error::ArrowError;
use parquet::errors::ParquetError;

/// Why there is no sample.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// An option is out of its range.
    #[error("option `{option}` is not {expected}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What it may be.
        expected: &'static str,
    },
    /// A file or folder cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A Parquet file cannot be read or written.
    #[error("cannot read or write Parquet `{}`", path.display())]
    Parquet {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: ParquetError,
    },
    /// Columns do not make a batch.
    #[error("cannot build a batch of `{file}`")]
    Batch {
        /// For which file.
        file: String,
        /// Why.
        #[source]
        source: ArrowError,
    },
    /// A source file lacks a column, or has it with another type.
    #[error("`{file}` has no column `{column}` of type {expected}")]
    Column {
        /// The source file.
        file: String,
        /// The column.
        column: String,
        /// The type that it should have.
        expected: &'static str,
    },
    /// An amount of a source file is not a whole number of cents.
    #[error("column `{column}` of `{file}` has an amount that is not in whole cents")]
    InexactAmount {
        /// The source file.
        file: String,
        /// The column.
        column: String,
    },
    /// A file was given up because another one failed.
    #[error("given up because another file failed")]
    GivenUp,
}
