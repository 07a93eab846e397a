//! What a dataset set aside.

use membrane_ingest::{AsideCount, AsideRow, ReplayReport};
use membrane_model::{DatasetName, RunId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::AsideShown;

/// How much a dataset set aside, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuarantineBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The dataset.
    pub dataset: String,
    /// By run and reasons, the earliest run first.
    pub set_aside: Vec<AsideCountBody>,
}

/// Rows that one run set aside for one list of reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AsideCountBody {
    /// The run that set them aside.
    pub run: String,
    /// Why: `code:column`, joined by commas.
    pub reasons: String,
    /// How many.
    pub rows: u64,
}

/// Rows that a dataset set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AsideRowsBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The dataset.
    pub dataset: String,
    /// Whether the rows were opened: whoever asks may see every column of every row in clear.
    pub opened: bool,
    /// The rows.
    pub rows: Vec<AsideRowBody>,
}

/// A row that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AsideRowBody {
    /// The run that set it aside.
    pub run: String,
    /// The number of its record in the delivery, from 1.
    pub position: i64,
    /// Why: `code:column`, joined by commas.
    pub reasons: String,
    /// The row as it was delivered; none where it was not opened.
    pub row: Option<serde_json::Value>,
}

/// What a replay did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayBody {
    /// The run.
    pub run: String,
    /// The dataset.
    pub dataset: String,
    /// Rows that were tried.
    pub rows_tried: u64,
    /// Rows that are in the dataset now.
    pub rows_accepted: u64,
    /// Rows that were tried and still break the contract.
    pub rows_refused: u64,
    /// Rows that were not tried: duplicates, records that could not be read, those of other runs.
    pub rows_left: u64,
    /// The version of the table that has the rows.
    pub version: Option<u64>,
    /// Whether an earlier replay was found half done, and was ended first.
    pub settled: bool,
}

impl QuarantineBody {
    /// Shows counts.
    #[must_use]
    pub fn new(run: RunId, dataset: &DatasetName, counts: &[AsideCount]) -> Self {
        let count = |count: &AsideCount| AsideCountBody {
            run: count.run.to_string(),
            reasons: count.reasons.clone(),
            rows: count.rows,
        };
        Self {
            run: run.to_string(),
            dataset: dataset.to_string(),
            set_aside: counts.iter().map(count).collect(),
        }
    }
}

impl AsideRowsBody {
    /// Shows rows.
    #[must_use]
    pub fn new(run: RunId, dataset: &DatasetName, shown: &AsideShown) -> Self {
        Self {
            run: run.to_string(),
            dataset: dataset.to_string(),
            opened: shown.opened,
            rows: shown.rows.iter().map(AsideRowBody::from).collect(),
        }
    }
}

impl From<&AsideRow> for AsideRowBody {
    fn from(row: &AsideRow) -> Self {
        Self {
            run: row.run.to_string(),
            position: row.position,
            reasons: row.reasons.clone(),
            row: row.row.as_deref().and_then(|row| serde_json::from_str(row).ok()),
        }
    }
}

impl ReplayBody {
    /// Shows what a replay did.
    #[must_use]
    pub fn new(run: RunId, dataset: &DatasetName, report: &ReplayReport) -> Self {
        Self {
            run: run.to_string(),
            dataset: dataset.to_string(),
            rows_tried: report.rows_tried,
            rows_accepted: report.rows_accepted,
            rows_refused: report.rows_refused,
            rows_left: report.rows_left,
            version: report.version.map(|version| version.0),
            settled: report.settled,
        }
    }
}
