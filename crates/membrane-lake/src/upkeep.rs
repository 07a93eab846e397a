//! Keeps tables in order while others read and write them: small files become large ones, rows go whose time is over, and files that nobody
//! needs.
//!
//! ```text
//! compact   files f1 .. fn, all small -> one file with the same rows in the same order -> one commit: + file, - f1 .. fn
//! retain    files with rows that the contract does not keep any longer -> files with the others -> one commit for each group of them
//! vacuum    what lies in the folder and is neither in the newest version nor younger than a moment -> removed
//! ```
//!
//! A compacted file is written as an appended one is: the same types, statistics of the same columns and no others, sealed cells as
//! they were. No cell is opened, and no key is at hand. The commit says that no data changed, and names the version whose rows
//! these are (`kept`): what was answered from those rows stays answered. It is made only for the version that was read, right after it;
//! whoever appends meanwhile wins, and the commit is made again on top of theirs as long as the files are all there.
//!
//! A vacuum writes no commit. Which moment is safe is the caller's to say: no reader may be at work that began before it.

mod age;
mod compact;
mod kept;
mod retain;
mod rewrite;
mod vacuum;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use membrane_catalog::Dataset;
use membrane_model::{Action, DatasetName, TableVersion};
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

/// Which rows went by a contract's rule, or would go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retained {
    /// Rows that went.
    pub rows: u64,
    /// Files that had some.
    pub files: u64,
    /// Those of them whose other rows were written again.
    pub rewritten: u64,
    /// The table's version after it; none when nothing went.
    pub version: Option<TableVersion>,
    /// The version that it stands at, as far as it was looked: that one, or the one in which nothing was past.
    pub stands: Option<TableVersion>,
    /// Whether rows were left, as other writers kept taking out the files.
    pub overtaken: bool,
}

/// What there still is of rows that the contract does not keep any longer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Remains {
    /// The newest version, which was looked at; none when there is no table.
    pub version: Option<TableVersion>,
    /// Rows of it that are past.
    pub rows: u64,
    /// Rows of it of which nobody knows when they happened: no rule takes them out.
    pub timeless: u64,
    /// What lies there still that the newest version does not have.
    pub held: HeldFiles,
}

/// Files that earlier versions had, with rows that are past: a vacuum takes them once they were not needed for long enough.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeldFiles {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the last of them was taken out of the table.
    pub since: Option<DateTime<Utc>>,
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

    /// Takes out of one of a dataset's tables the rows that its contract, the one that the permit was decided by, does not keep any longer
    /// at a moment. Nothing when the contract has no rule. Which rows go is nobody else's to say. Each group of files is a commit of its own:
    /// what went is said in `done` as soon as it did, also where an error comes after it.
    ///
    /// # Errors
    /// [`LakeError::NotPermitted`] unless the permit is for ingesting the dataset; [`LakeError::SchemaChanged`] when rows are to go and the
    /// table does not fit the contract, or is not its plain files; [`LakeError`] when the storage fails. What was committed before stays.
    pub async fn retain(
        &self,
        permit: &Permit,
        dataset: &DatasetName,
        target: Target,
        (now, dry_run): (DateTime<Utc>, bool),
        done: &mut Retained,
    ) -> Result<(), LakeError> {
        let dataset = permitted(permit, dataset)?;
        let log_store = self.log_store(&dataset.name, target)?;
        retain::retain(log_store, (dataset, target), permit.run_id(), (now, dry_run), done).await
    }

    /// Looks what there still is, at a moment, of rows that a dataset's contract does not keep any longer. Each file that lies there is read,
    /// one column of it.
    ///
    /// # Errors
    /// [`LakeError::NotPermitted`] unless the permit is for ingesting the dataset; [`LakeError`] when the storage fails.
    pub async fn remains(
        &self,
        permit: &Permit,
        dataset: &DatasetName,
        target: Target,
        now: DateTime<Utc>,
    ) -> Result<Remains, LakeError> {
        let dataset = permitted(permit, dataset)?;
        retain::remains(self.log_store(&dataset.name, target)?, (dataset, target), now).await
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

fn permitted<'a>(permit: &'a Permit, dataset: &DatasetName) -> Result<&'a Arc<Dataset>, LakeError> {
    let permitted = permit.dataset(dataset).filter(|_| permit.action() == Action::Ingest);
    permitted
        .map(membrane_policy::DatasetPermit::dataset)
        .ok_or_else(|| LakeError::NotPermitted { dataset: dataset.clone() })
}

fn require(permit: &Permit, dataset: &Dataset) -> Result<(), LakeError> {
    if permit.action() == Action::Ingest && permit.dataset(&dataset.name).is_some() {
        return Ok(());
    }
    Err(LakeError::NotPermitted { dataset: dataset.name.clone() })
}

#[cfg(test)]
mod tests;
