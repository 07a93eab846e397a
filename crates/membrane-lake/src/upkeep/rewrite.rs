//! Files of a table in place of others: the same rows of them, or some.
//!
//! ```text
//! Rewrite::put_in_place   f1 .. fn -> their rows, those that stay -> g1 .. gm -> one commit: + g1 .. gm, - f1 .. fn
//! ```
//!
//! The commit is made right after the version that was read. Whoever appends meanwhile wins, and it is made again on top of theirs as long as
//! f1 .. fn are all there; once one of them is gone, it is given up.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::new_null_array;
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add};
use deltalake::logstore::LogStoreRef;
use deltalake::protocol::DeltaOperation;
use deltalake::{DeltaTable, DeltaTableError};
use futures::{StreamExt as _, TryStreamExt as _};
use membrane_catalog::{Dataset, StoredColumn};
use membrane_model::{RunId, TableVersion};

use super::{content_version, kept};
use crate::appender::files::{FILE_BYTES, discard, writer};
use crate::appender::{ATTEMPTS_MAX, Outcome, is_contention, may_pass, outcome, pause};
use crate::durable::Durable;
use crate::error::in_folder;
use crate::lake::load;
use crate::layout::Fit;
use crate::uploads::Uploads;
use crate::{LakeError, Target, data_file, layout};

const DOING: &str = "read the table's log";
const READING: &str = "read a data file";

/// A file of the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct File {
    pub(super) modified: i64,
    pub(super) path: String,
    pub(super) bytes: u64,
}

/// Returns the files of a version, in the order in which their rows came: what came together stays together.
pub(super) fn files_of(table: &DeltaTable) -> Result<Vec<File>, LakeError> {
    let state = table.snapshot().map_err(|source| LakeError::table(DOING, source))?;
    let file = |file: deltalake::kernel::LogicalFileView| File {
        modified: file.modification_time(),
        path: file.path().to_string(),
        bytes: u64::try_from(file.size()).unwrap_or_default(),
    };
    let mut files: Vec<File> = state.log_data().iter().map(file).collect();
    files.sort_unstable();
    Ok(files)
}

pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// What becomes of the table's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// They are the same after it: the commit says so, and whose they are.
    Kept,
    /// Some are gone after it.
    Deleted,
}

/// Which rows of a batch stay.
pub(super) type Keep<'a> = dyn Fn(RecordBatch) -> Result<RecordBatch, LakeError> + Sync + 'a;

/// What was written in place of a group.
pub(super) struct Written {
    pub(super) version: TableVersion,
    pub(super) files: u64,
    pub(super) rows: u64,
}

/// Puts files of one table in place of others.
pub(super) struct Rewrite<'a> {
    log_store: LogStoreRef,
    dataset: &'a Arc<Dataset>,
    run: RunId,
    effect: Effect,
    schema: SchemaRef,
    columns: Vec<StoredColumn>,
}

impl<'a> Rewrite<'a> {
    /// Begins, unless the table is more than its files, or they are not as the contract says.
    pub(super) fn open(
        (log_store, table): (LogStoreRef, &DeltaTable),
        (dataset, target): (&'a Arc<Dataset>, Target),
        (run, effect): (RunId, Effect),
    ) -> Result<Self, LakeError> {
        let mut columns = match target {
            Target::Table => dataset.stored_columns(),
            Target::Quarantine => layout::quarantine_columns(),
        };
        // A contract may be ahead: a column that it got comes with the first rows that have it, and not with old ones.
        let state = table.snapshot().map_err(|source| LakeError::table(DOING, source))?;
        let stored = state.schema();
        columns.retain(|column| stored.field(&column.name).is_some());
        let schema = Arc::new(layout::arrow_schema(&columns));
        let rewrite = Self { log_store, dataset, run, effect, schema, columns };
        rewrite.require_plain(table)?;
        Ok(rewrite)
    }

    fn require_plain(&self, table: &DeltaTable) -> Result<(), LakeError> {
        let state = table.snapshot().map_err(|source| LakeError::table(DOING, source))?;
        let expected = layout::delta_fields(&self.schema).unwrap_or_default();
        let stored = state.schema();
        let plain = layout::is_plain(state);
        let difference = match layout::fit(&expected, stored.fields()) {
            // No column is new here: at most one has become optional.
            Fit::Fits | Fit::Grows(_) if plain => return Ok(()),
            Fit::Differs(difference) => difference,
            Fit::Fits | Fit::Grows(_) => "rows of its files are marked, or it is in parts".to_owned(),
        };
        Err(LakeError::SchemaChanged { dataset: self.dataset.name.clone(), difference })
    }

    /// Writes the rows of some files that stay into others, and commits these in their place; without a choice no row stays. Nothing when
    /// another writer took one of them out.
    pub(super) async fn put_in_place(
        &self,
        group: &[File],
        keep: Option<&Keep<'_>>,
    ) -> Result<Option<Written>, LakeError> {
        let uploads = Uploads::new();
        let durable = Durable::of(self.log_store.config().location());
        let result = self.write_and_commit((group, keep), &uploads, &durable).await;
        // After an outcome that nobody knows the files may be the table's.
        if matches!(&result, Ok(None))
            || matches!(&result, Err(error) if !matches!(error, LakeError::Unknown { .. }))
        {
            discard(None, &uploads, &self.log_store).await;
        }
        result
    }

    async fn write_and_commit(
        &self,
        (group, keep): (&[File], Option<&Keep<'_>>),
        uploads: &Arc<Uploads>,
        durable: &Durable,
    ) -> Result<Option<Written>, LakeError> {
        let (adds, rows) = match keep {
            Some(keep) => self.write((group, keep), uploads, durable).await?,
            None => (Vec::new(), 0),
        };
        let paths = adds.iter().map(|add| add.path.clone()).collect();
        let synced = match uploads.require_synced() {
            Ok(()) => durable.sync_files(paths).await,
            Err(error) => Err(error),
        };
        synced.map_err(|source| LakeError::storage("sync the data files", in_folder(source)))?;
        let Some(version) = self.commit(group, &adds, durable).await? else { return Ok(None) };
        Ok(Some(Written { version, files: count(adds.len()), rows }))
    }

    async fn write(
        &self,
        (group, keep): (&[File], &Keep<'_>),
        uploads: &Arc<Uploads>,
        durable: &Durable,
    ) -> Result<(Vec<Add>, u64), LakeError> {
        let mut to = writer(&self.log_store, &self.columns, &self.schema, uploads, durable);
        let mut rows = 0;
        for file in group {
            let mut from =
                std::pin::pin!(data_file::open(&self.log_store, (&file.path, file.bytes), READING).await?);
            while let Some(batch) = from.try_next().await? {
                let batch = keep(self.fitted(&batch)?)?;
                if batch.num_rows() == 0 {
                    continue;
                }
                rows += count(batch.num_rows());
                to.write(&batch).await.map_err(|source| LakeError::table("write a data file", source))?;
                uploads.settle().await;
            }
        }
        let adds = to.close().await.map_err(|source| LakeError::table("finish a data file", source))?;
        let written: i64 = adds.iter().map(rows_of).sum();
        if u64::try_from(written).ok() != Some(rows) {
            return Err(self.changed("its files do not have the rows that were read"));
        }
        let data_change = self.effect == Effect::Deleted;
        Ok((adds.into_iter().map(|add| Add { data_change, ..add }).collect(), rows))
    }

    /// Brings a batch into the table's form: files that others wrote may spell types otherwise, and older ones lack columns.
    fn fitted(&self, batch: &RecordBatch) -> Result<RecordBatch, LakeError> {
        let mut columns = Vec::with_capacity(self.schema.fields().len());
        for field in self.schema.fields() {
            let column = match batch.column_by_name(field.name()) {
                Some(column) if column.data_type() == field.data_type() => Arc::clone(column),
                Some(column) => {
                    cast(column, field.data_type()).map_err(|_| self.changed("a file has another type"))?
                }
                None if field.is_nullable() => new_null_array(field.data_type(), batch.num_rows()),
                None => return Err(self.changed("a file lacks a column")),
            };
            columns.push(column);
        }
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|_| self.changed("a file has other columns"))
    }

    fn changed(&self, difference: &str) -> LakeError {
        LakeError::SchemaChanged { dataset: self.dataset.name.clone(), difference: difference.to_owned() }
    }

    async fn commit(
        &self,
        group: &[File],
        adds: &[Add],
        durable: &Durable,
    ) -> Result<Option<TableVersion>, LakeError> {
        let unknown = |source: DeltaTableError| LakeError::Unknown {
            dataset: self.dataset.name.clone(),
            source: Box::new(source),
        };
        // Whether an earlier commit may still land: then the files stay, whatever comes.
        let mut unsettled: Option<DeltaTableError> = None;
        for attempt in 0..ATTEMPTS_MAX {
            let read = match load(&self.log_store).await {
                Ok(None) => return Ok(None),
                Ok(Some(table)) => {
                    files_of(&table).map(|there| (table, there.into_iter().collect::<HashSet<File>>()))
                }
                Err(error) => Err(error),
            };
            let (table, there) = match (read, unsettled.take()) {
                (Ok(read), before) => {
                    unsettled = before;
                    read
                }
                (Err(_), Some(before)) => return Err(unknown(before)),
                (Err(error), None) => return Err(error),
            };
            // Files only go: once one of them is gone, this group is over.
            if !group.iter().all(|file| there.contains(file)) {
                return unsettled.map_or(Ok(None), |before| Err(unknown(before)));
            }
            match self.attempt(&table, group, adds).await {
                Ok(version) => return self.told(version, durable).await.map(Some),
                Err(error) => {
                    let ours = match self.outcome(group, adds).await {
                        Ok(ours) => ours,
                        Err(_) => return Err(unknown(error)),
                    };
                    match (ours, is_contention(&error)) {
                        (Outcome::Committed(version), _) => {
                            return self.told(version, durable).await.map(Some);
                        }
                        (Outcome::Absent, true) => {}
                        (Outcome::Absent, false) if unsettled.is_some() => return Err(unknown(error)),
                        (Outcome::Absent, false) if !may_pass(&self.log_store, &error) => {
                            return Err(LakeError::table("commit to the table's log", error));
                        }
                        (Outcome::Absent, false) if attempt + 1 == ATTEMPTS_MAX => {
                            return Err(unknown(error));
                        }
                        (Outcome::Absent, false) => {
                            unsettled = Some(error);
                            pause(attempt).await;
                        }
                    }
                }
            }
        }
        unsettled.map_or(Ok(None), |before| Err(unknown(before)))
    }

    /// Says what became of a commit: by the files that it brought, or, where it brought none, by those that went with their rows.
    async fn outcome(&self, group: &[File], adds: &[Add]) -> Result<Outcome, LakeError> {
        if !adds.is_empty() {
            return outcome(&self.log_store, adds).await;
        }
        let fault = |source| LakeError::table(DOING, source);
        let Some(table) = load(&self.log_store).await? else { return Ok(Outcome::Absent) };
        let state = table.snapshot().map_err(fault)?;
        let mut left: HashSet<&str> = group.iter().map(|file| file.path.as_str()).collect();
        let mut tombstones = state.all_tombstones(self.log_store.as_ref());
        while let Some(tombstone) = tombstones.next().await {
            let tombstone = tombstone.map_err(fault)?;
            // Where a compaction took a file out, its rows are in another one.
            if tombstone.data_change() {
                left.remove(&*tombstone.path());
            }
        }
        let version = table.version().unwrap_or_default();
        Ok(if left.is_empty() { Outcome::Committed(version) } else { Outcome::Absent })
    }

    async fn told(&self, version: u64, durable: &Durable) -> Result<TableVersion, LakeError> {
        let synced = durable.sync_log(version).await;
        synced.map_err(|source| LakeError::Unknown {
            dataset: self.dataset.name.clone(),
            source: Box::new(in_folder(source).into()),
        })?;
        Ok(TableVersion(version))
    }

    async fn attempt(
        &self,
        table: &DeltaTable,
        group: &[File],
        adds: &[Add],
    ) -> Result<u64, DeltaTableError> {
        let state = table.snapshot()?;
        // INVARIANT: without retries the commit is the version after the one that was read, as its marks say.
        let properties = CommitProperties::default()
            .with_metadata([("membrane.run".to_owned(), self.run.to_string().into())])
            .with_max_retries(0);
        let (properties, operation) = match self.effect {
            Effect::Kept => {
                let target_size = i64::try_from(FILE_BYTES).unwrap_or(i64::MAX);
                let operation = DeltaOperation::Optimize { predicate: None, target_size };
                (self.marked(table, properties).await?, operation)
            }
            Effect::Deleted => (properties, DeltaOperation::Delete { predicate: None }),
        };
        let log_data = state.log_data();
        let goes: HashSet<&str> = group.iter().map(|file| file.path.as_str()).collect();
        let going = log_data.iter().filter(|file| goes.contains(&*file.path()));
        let mut actions: Vec<Action> = adds.iter().cloned().map(Action::Add).collect();
        let data_change = self.effect == Effect::Deleted;
        actions.extend(going.map(|file| Action::Remove(file.remove_action(data_change))));
        let commit = CommitBuilder::from(properties).with_actions(actions).build(
            Some(state),
            Arc::clone(&self.log_store),
            operation,
        );
        Ok(commit.await?.version())
    }

    /// Says in a commit whose rows it keeps.
    async fn marked(
        &self,
        table: &DeltaTable,
        properties: CommitProperties,
    ) -> Result<CommitProperties, DeltaTableError> {
        let content = content_version(&self.log_store, table).await.map_err(|error| match error {
            LakeError::Table { source, .. } => *source,
            other => DeltaTableError::generic(other),
        })?;
        let marks = kept::transactions(table.version().unwrap_or_default(), content);
        let marks = marks.ok_or_else(|| DeltaTableError::generic("the table has too many versions"))?;
        Ok(marks.into_iter().fold(properties, CommitProperties::with_application_transaction))
    }
}

/// Returns how many rows the writer says that it wrote.
fn rows_of(add: &Add) -> i64 {
    let statistics = add.get_stats().ok().flatten();
    statistics.map_or(-1, |statistics| statistics.num_records)
}
