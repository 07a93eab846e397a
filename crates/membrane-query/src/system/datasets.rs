//! `system.datasets`: datasets, with their tables, deliveries and uses.

use chrono::{DateTime, Utc};
use datafusion::arrow::record_batch::RecordBatch;
use membrane_model::DatasetName;

use super::Record;
use super::column::{Kind, SystemColumn, column};
use super::rows::{Cell, Rows};
use crate::fault::ScanFault;

/// Whether the contract of a dataset is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is in the catalog that is served.
    Served,
    /// It was, and is not any more; rows and record are as they were.
    Gone,
}

impl Standing {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Gone => "gone",
        }
    }
}

/// What the record and the storage say of a dataset, and the catalog of its rows together. Counts are of all rows: they are for whoever may
/// audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetFacts {
    /// The dataset.
    pub name: DatasetName,
    /// Whether its contract is there.
    pub standing: Standing,
    /// What it is.
    pub description: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The area that it belongs to.
    pub domain: Option<String>,
    /// By which right it is kept.
    pub legal_basis: Option<String>,
    /// How long it is to be kept.
    pub retention: Option<String>,
    /// The version of its contract.
    pub contract_version: String,
    /// Whether its rows are about members; not known of a contract that is gone.
    pub private: Option<bool>,
    /// How many columns there are.
    pub columns: Option<u64>,
    /// The version of its table; none when nothing was ever stored.
    pub table_version: Option<u64>,
    /// Rows of the table.
    pub rows: Option<u64>,
    /// Files of the table.
    pub files: Option<u64>,
    /// Bytes of them.
    pub bytes: Option<u64>,
    /// When something was first delivered.
    pub first_delivery: Option<DateTime<Utc>>,
    /// When something was last delivered.
    pub last_delivery: Option<DateTime<Utc>>,
    /// The longest time from one delivery to the next, as the contract promises.
    pub frequency_seconds: Option<u64>,
    /// Whether that is over; none where nothing is promised.
    pub late: Option<bool>,
    /// Promises that are broken at present.
    pub broken_promises: Vec<String>,
    /// Runs of seven days that read it.
    pub reads_7d: u64,
    /// Runs of thirty days that read it.
    pub reads_30d: u64,
    /// Principals that read it in thirty days.
    pub readers_30d: u64,
    /// When it was last read, within thirty days.
    pub last_read: Option<DateTime<Utc>>,
}

pub(super) const COLUMNS: &[SystemColumn] = &[
    column("dataset", Kind::Text, "Its name."),
    column("standing", Kind::Text, "`served`, or `gone`: its contract was taken out of the catalog."),
    column("description", Kind::Text, "What it is."),
    column("owner", Kind::Text, "Who answers for it."),
    column("domain", Kind::Text, "The area that it belongs to."),
    column("legal_basis", Kind::Text, "By which right it is kept."),
    column("retention", Kind::Text, "How long it is to be kept."),
    column("contract_version", Kind::Text, "The version of its contract."),
    column("private", Kind::Truth, "Whether its rows are about members."),
    column("columns", Kind::Whole, "How many columns there are."),
    column("table_version", Kind::Whole, "The version of its table; none when nothing was ever stored."),
    column("rows", Kind::Whole, "Rows of the table."),
    column("files", Kind::Whole, "Files of the table."),
    column("bytes", Kind::Whole, "Bytes of them: what storing it costs."),
    column("first_delivery", Kind::Moment, "When something was first delivered."),
    column("last_delivery", Kind::Moment, "When something was last delivered."),
    column(
        "frequency_seconds",
        Kind::Whole,
        "The longest time from one delivery to the next, as the contract promises.",
    ),
    column("late", Kind::Truth, "Whether that is over; none where nothing is promised."),
    column("broken_promises", Kind::Text, "Promises that are broken at present, with commas between them."),
    column("reads_7d", Kind::Whole, "Runs of seven days that read it."),
    column("reads_30d", Kind::Whole, "Runs of thirty days that read it."),
    column("readers_30d", Kind::Whole, "Principals that read it in thirty days."),
    column("last_read", Kind::Moment, "When it was last read, within thirty days."),
];

pub(super) fn rows(record: &Record) -> Result<RecordBatch, ScanFault> {
    let mut rows = Rows::new(COLUMNS);
    for facts in &record.parts.facts.datasets {
        rows.push([
            Cell::text(&facts.name),
            Cell::text(facts.standing.as_str()),
            Cell::text(&facts.description),
            Cell::text_or_null(facts.owner.as_ref()),
            Cell::text_or_null(facts.domain.as_ref()),
            Cell::text_or_null(facts.legal_basis.as_ref()),
            Cell::text_or_null(facts.retention.as_ref()),
            Cell::text(&facts.contract_version),
            Cell::Truth(facts.private),
            Cell::Whole(facts.columns),
            Cell::Whole(facts.table_version),
            Cell::Whole(facts.rows),
            Cell::Whole(facts.files),
            Cell::Whole(facts.bytes),
            Cell::Moment(facts.first_delivery),
            Cell::Moment(facts.last_delivery),
            Cell::Whole(facts.frequency_seconds),
            Cell::Truth(facts.late),
            Cell::list(&facts.broken_promises),
            Cell::Whole(Some(facts.reads_7d)),
            Cell::Whole(Some(facts.reads_30d)),
            Cell::Whole(Some(facts.readers_30d)),
            Cell::Moment(facts.last_read),
        ])?;
    }
    rows.finish()
}
