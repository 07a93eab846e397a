//! What was done to the files of tables.

use membrane_model::{DatasetName, RunId};
use serde::Serialize;

use crate::flow::{Maintained, MaintainedTable};

/// What was done to the files of a dataset, or would be.
#[derive(Debug, Clone, Serialize)]
pub struct MaintainedBody {
    /// The run.
    pub run: String,
    /// The dataset.
    pub dataset: String,
    /// Whether it was only looked.
    pub dry_run: bool,
    /// To those of its table.
    pub table: MaintainedTableBody,
    /// To those of its quarantine.
    pub quarantine: MaintainedTableBody,
}

/// What was done to the files of one table, or would be.
#[derive(Debug, Clone, Serialize)]
pub struct MaintainedTableBody {
    /// Files that its newest version had before.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Small files that were put together.
    pub compacted_from: u64,
    /// What they were put together to.
    pub compacted_into: u64,
    /// Groups of files that were left, as another writer took one of them out meanwhile.
    pub overtaken: u64,
    /// Why files were not put together: a code.
    pub skipped: Option<&'static str>,
    /// Files that were removed, as nobody needs them.
    pub removed_files: u64,
    /// Their bytes.
    pub removed_bytes: u64,
    /// The version after it; none when it has none of its own.
    pub version: Option<u64>,
}

impl MaintainedBody {
    /// Shapes what a run did.
    #[must_use]
    pub fn new(run: RunId, dataset: &DatasetName, dry_run: bool, done: &Maintained) -> Self {
        Self {
            run: run.to_string(),
            dataset: dataset.to_string(),
            dry_run,
            table: MaintainedTableBody::new(&done.table),
            quarantine: MaintainedTableBody::new(&done.quarantine),
        }
    }
}

impl MaintainedTableBody {
    fn new(done: &MaintainedTable) -> Self {
        Self {
            files: done.compacted.files,
            bytes: done.compacted.bytes,
            compacted_from: done.compacted.from,
            compacted_into: done.compacted.into,
            overtaken: done.compacted.overtaken,
            skipped: done.skipped,
            removed_files: done.vacuumed.files,
            removed_bytes: done.vacuumed.bytes,
            version: done.compacted.version.map(|version| version.0),
        }
    }
}
