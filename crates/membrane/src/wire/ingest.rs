//! What became of a delivery.

use std::collections::BTreeMap;

use membrane_model::{DatasetName, Verdict};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::Ingested;

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IngestBody {
    /// The run.
    pub run: String,
    /// The dataset.
    pub dataset: String,
    /// Whether the same delivery was taken in before; nothing was added then.
    pub already: bool,
    /// Rows of the delivery.
    pub rows_read: u64,
    /// Rows that are now in the dataset.
    pub rows_accepted: u64,
    /// Rows that broke the contract and were set aside, protected too.
    pub rows_quarantined: u64,
    /// Bytes of the delivery.
    pub bytes_read: u64,
    /// The version of the table that has the rows.
    pub version: Option<u64>,
    /// The version of the dataset's quarantine that has the rows set aside.
    pub quarantine_version: Option<u64>,
    /// Whether an `already` delivery was checked under another contract than today's: what that set aside stays so, unless
    /// the delivery comes under another source.
    pub contract_changed: bool,
    /// Why rows were set aside: `code:column`, and how often.
    pub reasons: BTreeMap<String, u64>,
    /// Rows that were added and came later than the contract says.
    pub rows_late: u64,
    /// What is as the sender says: `rows`, and columns whose sums are.
    pub totals_agree: Vec<String>,
    /// What is not, and is taken in because its source says so.
    pub totals_differ: Vec<String>,
    /// Columns of which it cannot be told: values were set aside that cannot be read as numbers.
    pub totals_unknown: Vec<String>,
    /// Whether the delivery was cut off: the rows that were there are taken in, the place where it ends is set aside.
    pub truncated: bool,
    /// Columns of the delivery that the contract does not know. They are not read. More than 64 fields of JSON objects
    /// are told as 65.
    pub unknown_columns: u64,
    /// The names of those that could be columns of a contract, and that most rows have; the others are not told.
    pub unknown_names: Vec<String>,
}

impl IngestBody {
    /// Shows what became of a delivery.
    #[must_use]
    pub fn new(dataset: &DatasetName, ingested: &Ingested) -> Self {
        let report = &ingested.report;
        let totals = |verdict| {
            let of = report.reconciled.iter().filter(|total| total.verdict == verdict);
            of.map(|total| total.what().to_owned()).collect()
        };
        Self {
            run: ingested.run.to_string(),
            dataset: dataset.to_string(),
            already: report.already,
            rows_read: report.rows_read,
            rows_accepted: report.rows_accepted,
            rows_quarantined: report.rows_quarantined,
            bytes_read: report.bytes_read,
            version: report.version.map(|version| version.0),
            quarantine_version: report.quarantine_version.map(|version| version.0),
            contract_changed: report.contract_changed,
            reasons: report.reasons.clone(),
            rows_late: report.rows_late,
            totals_agree: totals(Verdict::Agrees),
            totals_differ: totals(Verdict::Differs),
            totals_unknown: totals(Verdict::Unknown),
            truncated: report.truncated,
            unknown_columns: report.unknown_columns,
            unknown_names: report.unknown_names.clone(),
        }
    }
}
