//! Streaming append with exactly-once commits.
//!
//! Batches become Parquet files that no reader sees. [`Appender::commit`] adds them all in one Delta
//! commit together with an application transaction (`txn`): the id of the delivery and a position in
//! it. The Delta library accepts a transaction id twice, so the appender looks itself: before the
//! commit, and again whenever another writer came between.
//!
//! | what happens | what is left |
//! | --- | --- |
//! | the process is killed before the commit | files that no log names, for vacuum |
//! | an error, [`Appender::abort`] or a drop before the commit | nothing |
//! | the same transaction was committed before | nothing; `already` is true |
//! | the commit's answer is lost | settled by reading the log, or tried again; see `outcome` |
//! | nobody can tell whether it was committed | its files; running the delivery again settles it |
//!
//! A contract may have got columns that the table does not have. They come with the commit of the first rows that are of it,
//! so that no reader sees the one without the other.
//!
//! On a local folder a commit is told only when it is synced; see `durable`.

mod commit;
pub(crate) mod files;
mod growth;
mod outcome;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use deltalake::datafile::writer::DeltaWriter;
use deltalake::kernel::transaction::CommitProperties;
use deltalake::kernel::{Add, Transaction};
use deltalake::logstore::LogStoreRef;
use deltalake::protocol::SaveMode;
use deltalake::{DeltaTable, DeltaTableError};
use membrane_catalog::{Dataset, StoredColumn};
use membrane_model::{RunId, TableVersion};

use crate::durable::Durable;
use crate::error::in_folder;
use crate::lake::load;
use crate::positions::{position, positions};
use crate::uploads::Uploads;
use crate::{LakeError, Target, layout};

use files::{discard, writer};

pub(crate) use outcome::{ATTEMPTS_MAX, Outcome, is_contention, may_pass, outcome, pause};

/// Appends batches to one table; see the module.
pub struct Appender {
    dataset: Arc<Dataset>,
    log_store: LogStoreRef,
    run: RunId,
    columns: Vec<StoredColumn>,
    schema: SchemaRef,
    uploads: Arc<Uploads>,
    durable: Durable,
    marks: Vec<Transaction>,
    /// What must be the last position under an id for the commit to be made.
    expected: Vec<(String, Option<i64>)>,
    /// The revision of the contract that rows are of: which the table had, and which it gets.
    contract: Option<(Option<i64>, i64)>,
    /// What of what was there before goes.
    replaces: Replaces,
    /// Never locked: the writer is not `Sync`, and only `&mut self` reaches it.
    writer: Mutex<Option<DeltaWriter>>,
    rows: u64,
    /// Whether a commit was tried that may still come.
    unsettled: bool,
}

/// What of a table goes with a commit.
enum Replaces {
    Nothing,
    All,
    /// These files, by their paths; the commit is not made when one of them is gone.
    Files(HashSet<String>),
}

/// What a commit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The table's version that holds the rows.
    pub version: TableVersion,
    /// Rows added.
    pub rows: u64,
    /// Bytes of the data files added.
    pub bytes: u64,
    /// Data files added.
    pub files: u64,
    /// Whether the transaction had been committed before, so that nothing was added.
    pub already: bool,
}

impl std::fmt::Debug for Appender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Appender").field("dataset", &self.dataset.name.as_str()).finish_non_exhaustive()
    }
}

impl Appender {
    pub(crate) async fn open(
        log_store: LogStoreRef,
        dataset: Arc<Dataset>,
        target: Target,
        run: RunId,
    ) -> Result<Self, LakeError> {
        let columns = match target {
            Target::Table => dataset.stored_columns(),
            Target::Quarantine => layout::quarantine_columns(),
        };
        let schema = Arc::new(layout::arrow_schema(&columns));
        let uploads = Uploads::new();
        let durable = Durable::of(log_store.config().location());
        let writer = Mutex::new(Some(writer(&log_store, &columns, &schema, &uploads, &durable)));
        let appender = Self {
            dataset,
            log_store,
            run,
            columns,
            schema,
            uploads,
            durable,
            marks: Vec::new(),
            expected: Vec::new(),
            contract: None,
            replaces: Replaces::Nothing,
            writer,
            rows: 0,
            unsettled: false,
        };
        if let Some(table) = load(&appender.log_store).await? {
            appender.require_same_schema(&table)?;
        }
        Ok(appender)
    }

    /// Returns the schema that batches must have.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Returns the position that was last committed under this transaction id, if any. What is told as
    /// committed is durable.
    ///
    /// # Errors
    /// [`LakeError`] when the log cannot be read or synced.
    pub async fn committed(&self, app_id: &str) -> Result<Option<i64>, LakeError> {
        let Some(table) = load(&self.log_store).await? else { return Ok(None) };
        let position = position(&self.log_store, &table, app_id).await?;
        if position.is_some() {
            self.sync_log(table.version().unwrap_or_default()).await?;
        }
        Ok(position)
    }

    /// Returns the positions that were last committed under some transaction ids, of those that have one. It is read of one version.
    ///
    /// # Errors
    /// As [`Appender::committed`].
    pub async fn all_committed(
        &self,
        app_ids: impl IntoIterator<Item = &str>,
    ) -> Result<HashMap<String, i64>, LakeError> {
        let Some(table) = load(&self.log_store).await? else { return Ok(HashMap::new()) };
        let found = positions(&self.log_store, &table, app_ids).await?;
        if !found.is_empty() {
            self.sync_log(table.version().unwrap_or_default()).await?;
        }
        Ok(found)
    }

    /// Puts another transaction into the commit to come: a value that is kept under an id of its own, and
    /// that [`Appender::committed`] tells later.
    pub fn mark(&mut self, app_id: &str, value: i64) {
        self.marks.push(Transaction::new(app_id, value));
    }

    /// Lets the commit to come be made only while this is the last position under an id: whoever reads a source from there
    /// on writes on only if nobody else did.
    pub fn expect(&mut self, app_id: &str, position: Option<i64>) {
        self.expected.push((app_id.to_owned(), position));
    }

    /// Says by which revision of the contract the rows are: the commit to come is made only while the table's rows are of the revision
    /// `before`, which was compared with it, or of this one.
    pub fn by_contract(&mut self, before: Option<i64>, revision: i64) {
        self.contract = Some((before, revision));
    }

    /// Lets the commit to come put its rows in place of all that the table has then. Earlier versions keep theirs.
    pub fn replace(&mut self) {
        self.replaces = Replaces::All;
    }

    /// Lets the commit to come put its rows in place of those of some files, which must all be there still.
    pub fn replace_files(&mut self, paths: impl IntoIterator<Item = String>) {
        self.replaces = Replaces::Files(paths.into_iter().collect());
    }

    /// Returns the newest version of the table, if there is one.
    ///
    /// # Errors
    /// [`LakeError`] when the log cannot be read.
    pub async fn version(&self) -> Result<Option<TableVersion>, LakeError> {
        Ok(load(&self.log_store).await?.and_then(|table| table.version()).map(TableVersion))
    }

    /// Writes a batch. Waits while the store is slower than the rows come.
    ///
    /// # Errors
    /// [`LakeError::WrongBatch`] when the batch has another schema, or the store's error. The appender
    /// is of no more use then, except to be aborted.
    pub async fn write(&mut self, batch: RecordBatch) -> Result<(), LakeError> {
        let wrong = || LakeError::WrongBatch { dataset: self.dataset.name.clone() };
        if batch.schema_ref() != &self.schema {
            return Err(wrong());
        }
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner);
        let writer = writer.as_mut().ok_or_else(wrong)?;
        writer.write(&batch).await.map_err(|source| LakeError::table("write a data file", source))?;
        self.rows += u64::try_from(batch.num_rows()).unwrap_or_default();
        self.uploads.settle().await;
        Ok(())
    }

    /// Makes everything that was written visible, in one commit that also records `position` under
    /// the transaction id. If that or a later position is there already, nothing is added.
    ///
    /// # Errors
    /// [`LakeError`]; the data files are removed then, except after [`LakeError::Unknown`].
    pub async fn commit(mut self, app_id: &str, position: i64) -> Result<Committed, LakeError> {
        let result = self.try_commit(app_id, position).await.map_err(|error| match error {
            // Whether an earlier attempt came is not told by why the log could not be read.
            LakeError::Table { source, .. } if self.unsettled => self.unknown(*source),
            other => other,
        });
        let keep = match &result {
            // What an attempt put that nobody heard of again may still come, and names them.
            Ok(committed) => !committed.already || self.unsettled,
            Err(error) => self.unsettled || matches!(error, LakeError::Unknown { .. }),
        };
        if !keep {
            self.discard().await;
        }
        self.take_writer();
        result
    }

    /// Gives up: removes every file that was written.
    pub async fn abort(mut self) {
        self.discard().await;
    }

    /// Loads the table, or makes it.
    async fn table(&self) -> Result<DeltaTable, LakeError> {
        for attempt in 0..ATTEMPTS_MAX {
            if let Some(table) = load(&self.log_store).await? {
                self.require_same_schema(&table)?;
                return Ok(table);
            }
            // A second creator fails and takes the first one's table above; so does one whose answer was lost.
            match self.create().await? {
                Ok(table) => return Ok(table),
                Err(source) if load(&self.log_store).await?.is_none() => {
                    if !may_pass(&self.log_store, &source) || attempt + 1 == ATTEMPTS_MAX {
                        return Err(LakeError::table("make the table", source));
                    }
                    pause(attempt).await;
                }
                Err(_) => {}
            }
        }
        Err(LakeError::Contended { dataset: self.dataset.name.clone() })
    }

    async fn create(&self) -> Result<Result<DeltaTable, DeltaTableError>, LakeError> {
        let fields = layout::delta_fields(&self.schema).map_err(|column| LakeError::SchemaChanged {
            dataset: self.dataset.name.clone(),
            difference: format!("column `{column}` has no Delta type"),
        })?;
        let statistics = layout::statistics_columns(&self.columns);
        let created = DeltaTable::new(Arc::clone(&self.log_store))
            .create()
            .with_columns(fields)
            .with_save_mode(SaveMode::ErrorIfExists)
            .with_configuration(layout::table_properties(&statistics))
            // Without retries, a second creator fails here.
            .with_commit_properties(CommitProperties::default().with_max_retries(0));
        Ok(created.await)
    }

    /// Makes what the log says durable. When that fails, nobody can tell what a loss of power would leave.
    async fn sync_log(&self, newest: u64) -> Result<(), LakeError> {
        self.durable.sync_log(newest).await.map_err(|source| LakeError::Unknown {
            dataset: self.dataset.name.clone(),
            source: Box::new(in_folder(source).into()),
        })
    }

    fn done(&self, adds: &[Add], version: u64) -> Committed {
        Committed {
            version: TableVersion(version),
            rows: self.rows,
            bytes: adds.iter().map(|add| u64::try_from(add.size).unwrap_or_default()).sum(),
            files: u64::try_from(adds.len()).unwrap_or_default(),
            already: false,
        }
    }

    fn done_before(&self, table: &DeltaTable) -> Committed {
        let version = TableVersion(table.version().unwrap_or_default());
        Committed { version, rows: 0, bytes: 0, files: 0, already: true }
    }

    async fn discard(&mut self) {
        discard(self.take_writer(), &self.uploads, &self.log_store).await;
    }

    fn take_writer(&mut self) -> Option<DeltaWriter> {
        self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        // A caller that went away (a closed connection) leaves no files behind.
        if let Some(writer) = self.take_writer()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (uploads, log_store) = (Arc::clone(&self.uploads), Arc::clone(&self.log_store));
            runtime.spawn(async move { discard(Some(writer), &uploads, &log_store).await });
        }
    }
}

#[cfg(test)]
mod tests;
