//! What became of a commit whose answer was an error, and whether to try again.
//!
//! | the error | what it says |
//! | --- | --- |
//! | the version is taken, or conflicts with another's | another writer was faster, or this one was and did not hear of it |
//! | a connection broke, or the store kept failing | nothing: the commit may be there, may still come, or not |
//! | permission denied, a full disk, ... | it was not made |
//!
//! The log says which. A commit that may still come names its data files: they stay until a vacuum finds that no version has them.

use std::error::Error;
use std::time::Duration;

use deltalake::DeltaTableError;
use deltalake::kernel::Add;
use deltalake::kernel::transaction::TransactionError;
use deltalake::logstore::LogStoreRef;
use futures::StreamExt as _;

use crate::LakeError;
use crate::lake::load;

/// Attempts to commit against other writers, and against a store that fails.
pub(crate) const ATTEMPTS_MAX: usize = 8;
/// The pause after the first attempt that the store failed; it doubles.
const PAUSE: Duration = Duration::from_millis(100);

/// What became of a commit, by the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is there, in this version at the latest.
    Committed(u64),
    /// It is not there.
    Absent,
}

/// Tells whether the table has these files, or had them: names of data files are used once.
pub(crate) async fn outcome(log_store: &LogStoreRef, adds: &[Add]) -> Result<Outcome, LakeError> {
    let fault = |source| LakeError::table("read the table's log", source);
    let (Some(table), Some(first)) = (load(log_store).await?, adds.first()) else {
        return Ok(Outcome::Absent);
    };
    let state = table.snapshot().map_err(fault)?;
    let version = table.version().unwrap_or_default();
    if state.log_data().iter().any(|file| file.path() == first.path) {
        return Ok(Outcome::Committed(version));
    }
    // Another writer may have put it together with others since.
    let mut tombstones = state.all_tombstones(log_store.as_ref());
    while let Some(tombstone) = tombstones.next().await {
        if tombstone.map_err(fault)?.path() == first.path {
            return Ok(Outcome::Committed(version));
        }
    }
    Ok(Outcome::Absent)
}

/// Waits before the next attempt.
pub(crate) async fn pause(attempt: usize) {
    let times = u32::try_from(attempt).unwrap_or(u32::MAX).min(6);
    tokio::time::sleep(PAUSE * 2_u32.saturating_pow(times)).await;
}

/// Tells whether another writer was only faster.
pub(crate) fn is_contention(error: &DeltaTableError) -> bool {
    matches!(
        error,
        DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::Transaction {
                source: TransactionError::CommitConflict(_)
                    | TransactionError::MaxCommitAttempts(_)
                    | TransactionError::VersionAlreadyExists(_),
            }
    )
}

/// Tells whether it may go by: the store did not say no, it failed. A local folder's errors are final.
pub(crate) fn may_pass(log_store: &LogStoreRef, error: &DeltaTableError) -> bool {
    if log_store.config().location().scheme() == "file" {
        return false;
    }
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<object_store::Error>() {
            return matches!(error, object_store::Error::Generic { .. });
        }
        next = error.source();
    }
    false
}
