//! Keeps tables in order while others read and write them: small files become large ones, and files that nobody needs go.
//!
//! ```text
//! compact   files f1 .. fn, all small -> one file with the same rows in the same order -> one commit: + file, - f1 .. fn
//! vacuum    what lies in the folder and is neither in the newest version nor younger than a moment -> removed
//! ```
//!
//! A compacted file is written as an appended one is: the same types, statistics of the same columns and no others, sealed cells as
//! they were. No cell is opened, and no key is at hand. The commit says that no data changed, and names the version whose rows
//! these are (`kept`): what was answered from those rows stays answered. It is made only for the version that was read, right after it;
//! whoever appends meanwhile wins, and the commit is made again on top of theirs as long as the files are all there.
//!
//! A vacuum writes no commit. Which moment is safe is the caller's to say: no reader may be at work that began before it.

mod compact;
mod kept;
mod vacuum;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use membrane_catalog::Dataset;
use membrane_model::{Action, TableVersion};
use membrane_policy::Permit;

use crate::{Lake, LakeError, Target};

pub(crate) use kept::content_version;

/// When files are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactRules {
    /// Files with fewer bytes are small.
    pub small_bytes: u64,
    /// So many small files of about one size are put together, and fewer are left alone.
    pub files_min: usize,
    /// Whether it is only looked what would be done.
    pub dry_run: bool,
}

/// What a compaction did, or would do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Files that the table had.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Small files that were put together.
    pub from: u64,
    /// What they were put together to.
    pub into: u64,
    /// Rows that were written again.
    pub rows: u64,
    /// The table's version after it; none when nothing was done.
    pub version: Option<TableVersion>,
    /// Times that it was given up because other writers removed the files.
    pub overtaken: u64,
}

/// What a vacuum removed, or would remove.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vacuumed {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Lake {
    /// Puts small files of one of a dataset's tables together. Nothing when there is no table.
    ///
    /// # Errors
    /// [`LakeError::NotPermitted`] unless the permit is for ingesting this dataset; [`LakeError::SchemaChanged`] when the table does
    /// not fit the contract, or is not its plain files; [`LakeError`] when the storage fails. What was committed before stays.
    pub async fn compact(
        &self,
        permit: &Permit,
        dataset: &Arc<Dataset>,
        target: Target,
        rules: CompactRules,
    ) -> Result<Compacted, LakeError> {
        require(permit, dataset)?;
        let log_store = self.log_store(&dataset.name, target)?;
        compact::compact(log_store, dataset, target, (permit.run_id(), rules)).await
    }

    /// Removes the files of one of a dataset's tables that its newest version does not have, and that were there, or were taken out,
    /// before a moment: versions from before it cannot be read any more. Then the log is brought in order.
    ///
    /// # Errors
    /// [`LakeError::NotPermitted`] unless the permit is for ingesting this dataset; [`LakeError`] when the storage fails.
    pub async fn vacuum(
        &self,
        permit: &Permit,
        dataset: &Arc<Dataset>,
        target: Target,
        (before, dry_run): (DateTime<Utc>, bool),
    ) -> Result<Vacuumed, LakeError> {
        require(permit, dataset)?;
        vacuum::vacuum(self.log_store(&dataset.name, target)?, (before, dry_run)).await
    }
}

fn require(permit: &Permit, dataset: &Dataset) -> Result<(), LakeError> {
    if permit.action() == Action::Ingest && permit.dataset(&dataset.name).is_some() {
        return Ok(());
    }
    Err(LakeError::NotPermitted { dataset: dataset.name.clone() })
}

#[cfg(test)]
mod tests;
