//! Rows that are acknowledged and not committed yet: what the streams of this process hold, so that whoever reads sees them at once.
//!
//! Each row is read once, also while it is being committed. The rows of a stream are committed in portions that are numbered from 1;
//! the commit of a portion has its number, under the stream's name, as an application transaction. A reader first takes the portions
//! that are held, then opens the newest version of the table, and leaves out the portions that this version has: a portion is let go
//! only after its commit, so that what was not held any more is in the version that is opened later.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::record_batch::RecordBatch;
use membrane_model::{Action, DatasetName};
use membrane_policy::Permit;

use crate::{Lake, LakeError, Snapshot};

/// Which rows of which stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Portion {
    /// The stream's name in the table's log.
    pub stream: Arc<str>,
    /// The portion's number in it.
    pub number: i64,
}

/// Rows of a portion, as they are stored: tokens and ciphertext for what is protected.
#[derive(Clone)]
struct Held {
    portion: Portion,
    rows: RecordBatch,
}

/// The rows that are held, by dataset.
#[derive(Default)]
pub(crate) struct Fresh(Mutex<HashMap<DatasetName, Vec<Held>>>);

impl Fresh {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<DatasetName, Vec<Held>>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a dataset has for whoever reads it now.
#[derive(Debug, Clone)]
pub struct Current {
    /// The newest version of its table, if there is one.
    pub committed: Option<Snapshot>,
    /// Rows that are not in it yet, as they are stored, in the order in which they came.
    pub fresh: Vec<RecordBatch>,
}

impl Lake {
    /// Lets rows of a portion be read from now on, before they are committed.
    ///
    /// # Errors
    /// [`LakeError::NotPermitted`] unless the permit is for ingesting the dataset.
    pub fn hold(
        &self,
        permit: &Permit,
        dataset: &DatasetName,
        portion: &Portion,
        rows: RecordBatch,
    ) -> Result<(), LakeError> {
        if permit.action() != Action::Ingest || permit.dataset(dataset).is_none() {
            return Err(LakeError::NotPermitted { dataset: dataset.clone() });
        }
        let held = Held { portion: portion.clone(), rows };
        self.fresh().with(|all| all.entry(dataset.clone()).or_default().push(held));
        Ok(())
    }

    /// Lets go of the rows of a portion: they are committed, or never will be.
    pub fn let_go(&self, dataset: &DatasetName, portion: &Portion) {
        self.fresh().with(|all| {
            if let Some(held) = all.get_mut(dataset) {
                held.retain(|held| held.portion != *portion);
                if held.is_empty() {
                    all.remove(dataset);
                }
            }
        });
    }

    /// Opens what there is of a dataset now: the newest version of its table, and the rows that this process holds and the version does
    /// not have.
    ///
    /// # Errors
    /// As [`Lake::snapshot`], but for a dataset without a table: that is no error here.
    pub async fn current(&self, permit: &Permit, dataset: &DatasetName) -> Result<Current, LakeError> {
        // Before the table: what is let go of meanwhile is in the version that is opened then.
        let held = self.fresh().with(|all| all.get(dataset).cloned().unwrap_or_default());
        let Current { committed, .. } = self.committed(permit, dataset).await?;
        let mut fresh = Vec::with_capacity(held.len());
        for Held { portion, rows } in held {
            let is_there = match &committed {
                Some(snapshot) => snapshot.position(&portion.stream).await? >= Some(portion.number),
                None => false,
            };
            if !is_there {
                fresh.push(rows);
            }
        }
        Ok(Current { committed, fresh })
    }

    /// Opens what is committed of a dataset, and nothing else.
    ///
    /// # Errors
    /// As [`Lake::current`].
    pub async fn committed(&self, permit: &Permit, dataset: &DatasetName) -> Result<Current, LakeError> {
        let committed = match self.snapshot(permit, dataset, None).await {
            Ok(snapshot) => Some(snapshot),
            Err(LakeError::Empty { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Current { committed, fresh: Vec::new() })
    }
}
