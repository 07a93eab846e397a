//! What an ingest did.

use std::collections::BTreeMap;

use membrane_model::{LineageEdge, Reconciled, TableVersion};
use serde::Serialize;

/// What an ingest did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IngestReport {
    /// Records in the delivery.
    pub rows_read: u64,
    /// Rows added to the table.
    pub rows_accepted: u64,
    /// Rows set aside.
    pub rows_quarantined: u64,
    /// Bytes of the delivery.
    pub bytes_read: u64,
    /// The table's version with the rows in it; none when nothing was added.
    pub version: Option<TableVersion>,
    /// The quarantine's version with the bad rows in it, when there were any.
    pub quarantine_version: Option<TableVersion>,
    /// Whether the same delivery was committed before; nothing was added then, and no row counted.
    pub already: bool,
    /// Whether that was under another state of the contract: what it set aside then stays set aside.
    pub contract_changed: bool,
    /// How often each reason occurred, by `code:column`. A row may have several.
    pub reasons: BTreeMap<String, u64>,
    /// Rows taken in that came later than the contract says that they come.
    pub rows_late: u64,
    /// What the source said of the delivery, beside what was read. PRIVACY: sums; not for everybody.
    #[serde(skip)]
    pub reconciled: Vec<Reconciled>,
    /// Whether the delivery ended before its end: what was there is taken in, and the place is set aside.
    pub truncated: bool,
    /// Columns of the input that the contract does not know. They are not read. More than 64 fields of JSON objects
    /// are told as 65.
    pub unknown_columns: u64,
    /// The names of those that could be columns of a contract, and that most records have.
    pub unknown_names: Vec<String>,
    /// Where each column came from.
    pub edges: Vec<LineageEdge>,
}
