//! The commit itself: tried until it is made, found made, or known to be impossible.

use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, Transaction};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTable, DeltaTableError};

use super::outcome::{ATTEMPTS_MAX, Outcome, is_contention, may_pass, outcome, pause};
use super::{Appender, Arc, Committed, Replaces};
use crate::LakeError;
use crate::error::in_folder;
use crate::lake::CONTRACT;
use crate::positions::{position, positions};

impl Appender {
    pub(super) async fn try_commit(&mut self, app_id: &str, position: i64) -> Result<Committed, LakeError> {
        let adds = match self.take_writer() {
            Some(writer) => writer.close().await,
            None => Ok(Vec::new()),
        };
        let adds = adds.map_err(|source| LakeError::table("finish a data file", source))?;
        let paths = adds.iter().map(|add| add.path.clone()).collect();
        let synced = match self.uploads.require_synced() {
            Ok(()) => self.durable.sync_files(paths).await,
            Err(error) => Err(error),
        };
        synced.map_err(|source| LakeError::storage("sync the data files", in_folder(source)))?;
        for attempt in 0..ATTEMPTS_MAX {
            let table = self.table().await?;
            if self.has(&table, app_id, position).await? {
                return self.found(&table, &adds).await;
            }
            self.require_expected(&table).await?;
            self.require_contract(&table).await?;
            self.require_files(&table)?;
            match self.attempt(&table, &adds, app_id, position).await {
                Ok(version) => {
                    self.sync_log(version).await?;
                    return Ok(self.done(&adds, version));
                }
                Err(error) => {
                    let is_contention = is_contention(&error);
                    let may_pass = may_pass(&self.log_store, &error);
                    // Whatever the log says now, and whether it can be read: it may come later.
                    self.unsettled |= may_pass && !is_contention;
                    if let Some(committed) = self.settle(&adds, app_id, position).await? {
                        return Ok(committed);
                    }
                    if is_contention {
                        continue;
                    }
                    if !may_pass {
                        return Err(LakeError::table("commit to the table's log", error));
                    }
                    if attempt + 1 == ATTEMPTS_MAX {
                        return Err(self.unknown(error));
                    }
                    pause(attempt).await;
                }
            }
        }
        Err(LakeError::Contended { dataset: self.dataset.name.clone() })
    }

    async fn require_expected(&self, table: &DeltaTable) -> Result<(), LakeError> {
        let ids = self.expected.iter().map(|(app_id, _)| app_id.as_str());
        let found = positions(&self.log_store, table, ids).await?;
        if self.expected.iter().any(|(app_id, expected)| found.get(app_id) != expected.as_ref()) {
            return Err(LakeError::Overtaken { dataset: self.dataset.name.clone() });
        }
        Ok(())
    }

    fn require_files(&self, table: &DeltaTable) -> Result<(), LakeError> {
        let Replaces::Files(files) = &self.replaces else { return Ok(()) };
        let state = table.snapshot().map_err(|source| LakeError::table("read the table's log", source))?;
        let there = state.log_data().iter().filter(|file| files.contains(file.path().as_ref())).count();
        if there == files.len() {
            Ok(())
        } else {
            Err(LakeError::Overtaken { dataset: self.dataset.name.clone() })
        }
    }

    /// After a failed attempt, reads from the log whether the transaction is there all the same: put
    /// by another writer, or by this one when only the answer was lost.
    async fn settle(
        &self,
        adds: &[Add],
        app_id: &str,
        position: i64,
    ) -> Result<Option<Committed>, LakeError> {
        let unknown = |source: LakeError| match source {
            LakeError::Table { source, .. } => self.unknown(*source),
            other => other,
        };
        let table = self.table().await.map_err(unknown)?;
        if !self.has(&table, app_id, position).await.map_err(unknown)? {
            return Ok(None);
        }
        let ours =
            adds.is_empty() || outcome(&self.log_store, adds).await.map_err(unknown)? != Outcome::Absent;
        let version = table.version().unwrap_or_default();
        self.sync_log(version).await?;
        Ok(Some(if ours { self.done(adds, version) } else { self.done_before(&table) }))
    }

    async fn has(&self, table: &DeltaTable, app_id: &str, at: i64) -> Result<bool, LakeError> {
        Ok(position(&self.log_store, table, app_id).await? >= Some(at))
    }

    /// Says what was found done before an attempt: by another, or by an earlier attempt that the store took up after it was given up.
    async fn found(&self, table: &DeltaTable, adds: &[Add]) -> Result<Committed, LakeError> {
        let version = table.version().unwrap_or_default();
        let ours = self.unsettled && !adds.is_empty() && {
            let found = outcome(&self.log_store, adds).await.map_err(|source| match source {
                LakeError::Table { source, .. } => self.unknown(*source),
                other => other,
            });
            found? != Outcome::Absent
        };
        self.sync_log(version).await?;
        Ok(if ours { self.done(adds, version) } else { self.done_before(table) })
    }

    pub(super) fn unknown(&self, source: DeltaTableError) -> LakeError {
        LakeError::Unknown { dataset: self.dataset.name.clone(), source: Box::new(source) }
    }

    async fn attempt(
        &self,
        table: &DeltaTable,
        adds: &[Add],
        app_id: &str,
        position: i64,
    ) -> Result<u64, DeltaTableError> {
        let properties = CommitProperties::default()
            .with_metadata([("membrane.run".to_owned(), self.run.to_string().into())])
            .with_application_transaction(Transaction::new(app_id, position));
        let properties =
            self.marks.iter().cloned().fold(properties, CommitProperties::with_application_transaction);
        let properties = match self.contract {
            Some((before, revision)) if before != Some(revision) => {
                properties.with_application_transaction(Transaction::new(CONTRACT, revision))
            }
            _ => properties,
        };
        let state = table.snapshot()?;
        let grown = self.grown(table)?;
        let grows = grown.is_some();
        let mut actions: Vec<Action> = grown.into_iter().collect();
        actions.extend(adds.iter().cloned().map(Action::Add));
        let goes = |path: &str| match &self.replaces {
            Replaces::Nothing => false,
            Replaces::All => true,
            Replaces::Files(files) => files.contains(path),
        };
        let before = state.log_data();
        let going = before.iter().filter(|file| goes(file.path().as_ref()));
        actions.extend(going.map(|file| Action::Remove(file.remove_action(true))));
        let (mode, properties) = match self.replaces {
            Replaces::Nothing if grows => (SaveMode::Append, properties.with_max_retries(0)),
            Replaces::Nothing => (SaveMode::Append, properties),
            // What another writer adds or removes meanwhile counts: look again rather than pass it by.
            Replaces::All | Replaces::Files(_) => (SaveMode::Overwrite, properties.with_max_retries(0)),
        };
        let operation = DeltaOperation::Write { mode, partition_by: None, predicate: None };
        let commit = CommitBuilder::from(properties).with_actions(actions).build(
            Some(state),
            Arc::clone(&self.log_store),
            operation,
        );
        Ok(commit.await?.version())
    }
}
