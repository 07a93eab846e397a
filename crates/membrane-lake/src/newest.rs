//! The newest snapshot of each table, kept as long as the table's log says that it is the newest.
//!
//! To open a table is to read its log: for a small question that is most of its time. A log entry is written once and
//! never changed, and the next version's has the next number. So a kept snapshot is the newest one while its own entry
//! lies there as it was, and none with the next number does. A table that was lost, or lost and made anew, has another
//! entry or none, and is opened as if it had never been seen.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use deltalake::logstore::LogStoreRef;
use membrane_model::{DatasetName, TableVersion};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt as _};

use crate::{LakeError, Snapshot};

/// The newest snapshots that were opened.
#[derive(Default)]
pub(crate) struct Newest(Mutex<HashMap<DatasetName, Kept>>);

#[derive(Clone)]
struct Kept {
    snapshot: Snapshot,
    /// The log entry of its version.
    entry: ObjectMeta,
}

impl Newest {
    /// Opens the newest version of a table.
    pub(crate) async fn open(
        &self,
        log_store: LogStoreRef,
        dataset: &DatasetName,
    ) -> Result<Snapshot, LakeError> {
        if let Some(kept) = self.get(dataset) {
            let version = kept.snapshot.version;
            if entry(&log_store, version).await.as_ref() == Some(&kept.entry)
                && is_last(&log_store, version).await
            {
                return Ok(kept.snapshot);
            }
        }
        let snapshot = Snapshot::open(LogStoreRef::clone(&log_store), dataset, None).await?;
        if let Some(entry) = entry(&log_store, snapshot.version).await {
            self.keep(dataset, Kept { snapshot: snapshot.clone(), entry });
        }
        Ok(snapshot)
    }

    fn get(&self, dataset: &DatasetName) -> Option<Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(dataset).cloned()
    }

    fn keep(&self, dataset: &DatasetName, kept: Kept) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(dataset.clone(), kept);
    }
}

/// Returns the log entry of a version; none also when the store does not answer: opening will say why.
async fn entry(log_store: &LogStoreRef, version: TableVersion) -> Option<ObjectMeta> {
    log_store.object_store(None).head(&path(version.0)).await.ok()
}

/// Tells whether there is no log entry of the next version.
async fn is_last(log_store: &LogStoreRef, version: TableVersion) -> bool {
    let next = log_store.object_store(None).head(&path(version.0.saturating_add(1))).await;
    matches!(next, Err(object_store::Error::NotFound { .. }))
}

fn path(version: u64) -> Path {
    Path::from(format!("_delta_log/{version:020}.json"))
}

#[cfg(test)]
mod tests;
