//! Rows that are acknowledged and not committed yet: what the streams of this process hold, so that whoever reads sees them at once.
//!
//! Each row is read once, also while it is being committed. The rows of a stream are committed in portions that are numbered from 1;
//! the commit of a portion has its number, under the stream's name, as an application transaction. A reader first takes the portions
//! that are held, then opens the newest version of the table, and leaves out the portions that this version has: a portion is let go
//! only after its commit, so that what was not held any more is in the version that is opened later.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::record_batch::RecordBatch;
use membrane_model::{Action, DatasetName, TableVersion};
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
    /// The how manieth batch it was that this process was given to hold, from 1.
    number: u64,
}

/// The rows that are held, by dataset.
#[derive(Default)]
pub(crate) struct Fresh(Mutex<AllHeld>);

#[derive(Default)]
struct AllHeld {
    by_dataset: HashMap<DatasetName, Vec<Held>>,
    /// How many batches were ever held.
    count: u64,
}

impl Fresh {
    fn with<T>(&self, work: impl FnOnce(&mut AllHeld) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Counted {
    last: u64,
    numbers: Vec<u64>,
}

/// How far somebody has got who follows what comes into a dataset. The default is the beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark {
    /// The table's id, and the version that was read.
    pub table: Option<(String, TableVersion)>,
    /// The number of the last batch that was held; it is of this process, and means nothing to another.
    pub held: u64,
}

/// Which files of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Files {
    /// Each of them.
    All,
    /// These, by their paths in the table's log.
    Some(BTreeSet<String>),
}

/// What came into a dataset after a mark.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// What there is now, all of it.
    pub current: Current,
    /// The files that are new.
    pub files: Files,
    /// The rows that are new and not committed yet.
    pub fresh: Vec<RecordBatch>,
    /// From where to go on.
    pub mark: Mark,
}

impl Arrived {
    /// Tells whether nothing is new.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fresh.is_empty() && matches!(&self.files, Files::Some(files) if files.is_empty())
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
        self.fresh().with(|all| {
            all.count += 1;
            let held = Held { portion: portion.clone(), rows, number: all.count };
            all.by_dataset.entry(dataset.clone()).or_default().push(held);
        });
        Ok(())
    }

    /// Lets go of the rows of a portion: they are committed, or never will be.
    pub fn let_go(&self, dataset: &DatasetName, portion: &Portion) {
        self.fresh().with(|all| {
            if let Some(held) = all.by_dataset.get_mut(dataset) {
                held.retain(|held| held.portion != *portion);
                if held.is_empty() {
                    all.by_dataset.remove(dataset);
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
        let (current, _) = self.current_and_count(permit, dataset).await?;
        Ok(current)
    }

    /// The same, with the number of the last batch that was held before, and with each batch's own.
    async fn current_and_count(
        &self,
        permit: &Permit,
        dataset: &DatasetName,
    ) -> Result<(Current, Counted), LakeError> {
        // Before the table: what is let go of meanwhile is in the version that is opened then.
        let (held, last) =
            self.fresh().with(|all| (all.by_dataset.get(dataset).cloned().unwrap_or_default(), all.count));
        let Current { committed, .. } = self.committed(permit, dataset).await?;
        let (mut fresh, mut numbers) = (Vec::with_capacity(held.len()), Vec::with_capacity(held.len()));
        let streams = held.iter().map(|held| Arc::clone(&held.portion.stream)).collect();
        let positions = match &committed {
            Some(snapshot) => snapshot.positions(&streams).await?,
            None => HashMap::new(),
        };
        for Held { portion, rows, number } in held {
            if positions.get(&portion.stream) < Some(&portion.number) {
                fresh.push(rows);
                numbers.push(number);
            }
        }
        Ok((Current { committed, fresh }, Counted { last, numbers }))
    }

    /// Opens what there is of a dataset now, and tells what of it came in after a mark. Rows may be told of twice, as held ones and as
    /// committed ones; none is left out.
    ///
    /// # Errors
    /// As [`Lake::current`].
    pub async fn arrived(
        &self,
        permit: &Permit,
        dataset: &DatasetName,
        since: &Mark,
    ) -> Result<Arrived, LakeError> {
        let (current, counted) = self.current_and_count(permit, dataset).await?;
        let rows = current.fresh.iter().zip(&counted.numbers);
        let fresh = rows.filter(|(_, number)| **number > since.held).map(|(rows, _)| rows.clone()).collect();
        let (files, table) = match &current.committed {
            None => (Files::Some(BTreeSet::new()), None),
            Some(snapshot) => {
                let files = match &since.table {
                    Some((id, version)) if *id == snapshot.table_id && *version == snapshot.version => {
                        Files::Some(BTreeSet::new())
                    }
                    Some((id, version)) if *id == snapshot.table_id && *version < snapshot.version => {
                        self.added(permit, dataset, *version, snapshot).await?
                    }
                    _ => Files::All,
                };
                (files, Some((snapshot.table_id.clone(), snapshot.version)))
            }
        };
        let mark = Mark { table, held: counted.last };
        Ok(Arrived { current, files, fresh, mark })
    }

    /// Returns the files that a version has and an earlier one had not. Where the earlier one cannot be read any more, or files of it are
    /// gone, all may have changed.
    async fn added(
        &self,
        permit: &Permit,
        dataset: &DatasetName,
        before: TableVersion,
        now: &Snapshot,
    ) -> Result<Files, LakeError> {
        let earlier = match self.snapshot(permit, dataset, Some(before)).await {
            Ok(earlier) => earlier,
            Err(LakeError::NoVersion { .. } | LakeError::Table { .. }) => return Ok(Files::All),
            Err(error) => return Err(error),
        };
        let (had, has) = (earlier.paths()?, now.paths()?);
        let gone = had.iter().any(|path| !has.contains(path));
        Ok(if gone { Files::All } else { Files::Some(has.difference(&had).cloned().collect()) })
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
