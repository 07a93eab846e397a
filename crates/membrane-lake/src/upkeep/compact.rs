//! Puts small files together, some at a time: each time is one commit, so that what was done stays done.

use std::collections::BTreeMap;
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
use futures::TryStreamExt as _;
use membrane_catalog::{Dataset, StoredColumn};
use membrane_model::{RunId, TableVersion};

use super::{CompactRules, Compacted, content_version, kept};
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

/// Files of about one size: each class has files up to sixteen times as large as those of the class before.
const CLASS_BITS: u32 = 4;

/// A file of the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct File {
    modified: i64,
    path: String,
    bytes: u64,
}

pub(super) async fn compact(
    log_store: LogStoreRef,
    dataset: &Arc<Dataset>,
    target: Target,
    (run, rules): (RunId, CompactRules),
) -> Result<Compacted, LakeError> {
    let Some(table) = load(&log_store).await? else { return Ok(Compacted::default()) };
    let files = files_of(&table)?;
    let total = |files: &[File]| files.iter().map(|file| file.bytes).sum::<u64>();
    let mut done = Compacted { files: count(files.len()), bytes: total(&files), ..Compacted::default() };
    let groups = groups(files, rules);
    if groups.is_empty() {
        return Ok(done);
    }
    let mut columns = match target {
        Target::Table => dataset.stored_columns(),
        Target::Quarantine => layout::quarantine_columns(),
    };
    // A contract may be ahead: a column that it got comes with the first rows that have it, and not with old ones.
    let state = table.snapshot().map_err(|source| LakeError::table(DOING, source))?;
    let stored = state.schema();
    columns.retain(|column| stored.field(&column.name).is_some());
    let schema = Arc::new(layout::arrow_schema(&columns));
    let act = Act { log_store, dataset, run, schema, columns };
    act.require_plain(&table)?;
    for group in groups {
        let from = count(group.len());
        if rules.dry_run {
            done.from += from;
            done.into += 1;
            continue;
        }
        match act.put_together(&group).await? {
            Some(written) => {
                done.from += from;
                done.into += written.files;
                done.rows += written.rows;
                done.version = Some(written.version);
            }
            None => done.overtaken += 1,
        }
    }
    Ok(done)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn files_of(table: &DeltaTable) -> Result<Vec<File>, LakeError> {
    let state = table.snapshot().map_err(|source| LakeError::table(DOING, source))?;
    let file = |file: deltalake::kernel::LogicalFileView| File {
        modified: file.modification_time(),
        path: file.path().to_string(),
        bytes: u64::try_from(file.size()).unwrap_or_default(),
    };
    let mut files: Vec<File> = state.log_data().iter().map(file).collect();
    // In the order in which their rows came: what came together stays together.
    files.sort_unstable();
    Ok(files)
}

/// Returns which files are put together. Files of about one size only, so that a large file is not written again for each small
/// one that comes.
fn groups(files: Vec<File>, rules: CompactRules) -> Vec<Vec<File>> {
    let mut classes: BTreeMap<u32, Vec<File>> = BTreeMap::new();
    for file in files.into_iter().filter(|file| file.bytes < rules.small_bytes.min(FILE_BYTES)) {
        classes.entry(file.bytes.checked_ilog2().unwrap_or(0) / CLASS_BITS).or_default().push(file);
    }
    let mut groups = Vec::new();
    for class in classes.into_values().filter(|class| class.len() >= rules.files_min.max(2)) {
        let mut group: Vec<File> = Vec::new();
        let mut bytes = 0;
        for file in class {
            if bytes + file.bytes > FILE_BYTES {
                groups.push(std::mem::take(&mut group));
                bytes = 0;
            }
            bytes += file.bytes;
            group.push(file);
        }
        groups.push(group);
    }
    groups.retain(|group| group.len() >= 2);
    groups
}

/// What was written in place of a group.
struct Written {
    version: TableVersion,
    files: u64,
    rows: u64,
}

struct Act<'a> {
    log_store: LogStoreRef,
    dataset: &'a Arc<Dataset>,
    run: RunId,
    schema: SchemaRef,
    columns: Vec<StoredColumn>,
}

impl Act<'_> {
    /// The table is its files and nothing else, and they are as the contract says.
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

    /// Writes the rows of some files into one, and commits it in their place. Nothing when another writer took one of them out.
    async fn put_together(&self, group: &[File]) -> Result<Option<Written>, LakeError> {
        let uploads = Uploads::new();
        let durable = Durable::of(self.log_store.config().location());
        let result = self.write_and_commit(group, &uploads, &durable).await;
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
        group: &[File],
        uploads: &Arc<Uploads>,
        durable: &Durable,
    ) -> Result<Option<Written>, LakeError> {
        let mut to = writer(&self.log_store, &self.columns, &self.schema, uploads, durable);
        let mut rows = 0;
        for file in group {
            let mut from =
                std::pin::pin!(data_file::open(&self.log_store, (&file.path, file.bytes), READING).await?);
            while let Some(batch) = from.try_next().await? {
                let batch = self.fitted(&batch)?;
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
        let adds: Vec<Add> = adds.into_iter().map(|add| Add { data_change: false, ..add }).collect();
        let paths = adds.iter().map(|add| add.path.clone()).collect();
        let synced = match uploads.require_synced() {
            Ok(()) => durable.sync_files(paths).await,
            Err(error) => Err(error),
        };
        synced.map_err(|source| LakeError::storage("sync the data files", in_folder(source)))?;
        let Some(version) = self.commit(group, &adds, durable).await? else { return Ok(None) };
        Ok(Some(Written { version, files: count(adds.len()), rows }))
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
                Ok(Some(table)) => files_of(&table).map(|there| (table, there)),
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
                    let ours = match outcome(&self.log_store, adds).await {
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
        let content = content_version(&self.log_store, table).await.map_err(|error| match error {
            LakeError::Table { source, .. } => *source,
            other => DeltaTableError::generic(other),
        })?;
        let marks = kept::transactions(table.version().unwrap_or_default(), content);
        let marks = marks.ok_or_else(|| DeltaTableError::generic("the table has too many versions"))?;
        // INVARIANT: without retries the commit is the version after the one that was read, as its marks say.
        let properties = CommitProperties::default()
            .with_metadata([("membrane.run".to_owned(), self.run.to_string().into())])
            .with_max_retries(0);
        let properties = marks.into_iter().fold(properties, CommitProperties::with_application_transaction);
        let log_data = state.log_data();
        let goes = |path: &str| group.iter().any(|file| file.path == path);
        let going = log_data.iter().filter(|file| goes(file.path().as_ref()));
        let mut actions: Vec<Action> = adds.iter().cloned().map(Action::Add).collect();
        actions.extend(going.map(|file| Action::Remove(file.remove_action(false))));
        let target_size = i64::try_from(FILE_BYTES).unwrap_or(i64::MAX);
        let operation = DeltaOperation::Optimize { predicate: None, target_size };
        let commit = CommitBuilder::from(properties).with_actions(actions).build(
            Some(state),
            Arc::clone(&self.log_store),
            operation,
        );
        Ok(commit.await?.version())
    }
}

/// Returns how many rows the writer says that it wrote.
fn rows_of(add: &Add) -> i64 {
    let statistics = add.get_stats().ok().flatten();
    statistics.map_or(-1, |statistics| statistics.num_records)
}

#[cfg(test)]
mod tests;
