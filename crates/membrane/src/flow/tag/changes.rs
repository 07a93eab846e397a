//! What a statement says of members that was not said before: written to files as it comes, and made visible at the end.

use arrow::array::RecordBatch;
use futures::{Stream, StreamExt as _};
use membrane_catalog::Tag;
use membrane_lake::{Appender, LakeError};
use membrane_ledger::TagBuildKind;
use membrane_model::TableVersion;
use membrane_query::{Compared, QueryError, TagAnswer, TagComparison, TagFault, TagKeys, TagKnown};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::group::Group;
use super::judge::Judged;
use super::writing::{Writing, position_of};
use crate::error::Error;
use crate::hub::Hub;

/// Members of whom nothing is said any more that are looked at between two writes.
const SILENT: usize = 32 << 10;

/// What changed, of each tag of a group.
pub(super) struct Changes {
    pub(super) kind: TagBuildKind,
    pub(super) tags: Vec<TagChanges>,
}

/// What changed of one tag.
pub(super) struct TagChanges {
    appender: Option<Appender>,
    pub(super) compared: Compared,
}

/// Writes the rows of one tag, beside whoever compares.
struct Writer {
    rows: mpsc::Sender<RecordBatch>,
    task: JoinHandle<(Appender, Result<(), LakeError>)>,
}

impl Writer {
    fn start(mut appender: Appender) -> Self {
        let (rows, mut coming) = mpsc::channel::<RecordBatch>(1);
        let task = tokio::spawn(async move {
            let mut written = Ok(());
            while let Some(batch) = coming.recv().await {
                written = appender.write(batch).await;
                if written.is_err() {
                    break;
                }
            }
            (appender, written)
        });
        Self { rows, task }
    }

    /// Hands rows over. A writer that failed takes none, and says so at the end.
    async fn write(&self, rows: RecordBatch) {
        self.rows.send(rows).await.ok();
    }

    /// Waits until all is written.
    async fn finish(self) -> Result<(Appender, Result<(), Error>), Error> {
        drop(self.rows);
        let (appender, written) =
            self.task.await.map_err(|_| Error::Internal("what writes a tag stopped"))?;
        Ok((appender, written.map_err(|error| Error::Ingest(error.into()))))
    }
}

impl Changes {
    /// Takes answers in, one after the other, and writes what changed to files. Nobody sees them yet.
    pub(super) async fn gather(
        hub: &Hub,
        writing: &Writing,
        (group, known): (&Group, &mut TagKnown),
        (answer, of_whom, consenting): (TagAnswer, Option<&TagKeys>, Option<&TagKeys>),
        kind: TagBuildKind,
    ) -> Result<Self, Error> {
        let TagAnswer { answer, key, .. } = answer;
        let (mut writers, mut table) = (Vec::with_capacity(group.tags.len()), None);
        for _ in &group.tags {
            let appender = writing.appender(hub).await?;
            table.get_or_insert_with(|| appender.schema().clone());
            writers.push(Writer::start(appender));
        }
        let table = table.ok_or(Error::Internal("a group without tags"))?;
        let said = (answer.schema.as_ref(), group.as_of.timestamp_micros());
        let mut comparison = TagComparison::new((known, &group.tags), &group.entity, &table, said);
        let mut failed =
            take_in(&mut comparison, &writers, (answer.stream, key), (of_whom, consenting)).await.err();
        let mut tags = Vec::with_capacity(writers.len());
        for (writer, compared) in writers.into_iter().zip(comparison.finish()) {
            match writer.finish().await {
                Ok((appender, written)) => {
                    failed = failed.or(written.err());
                    tags.push(TagChanges { appender: Some(appender), compared });
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let mut changes = Self { kind, tags };
        match failed {
            None => Ok(changes),
            Some(error) => {
                changes.abort().await;
                Err(error)
            }
        }
    }

    /// Makes the changes visible of those tags that were found good. Returns the versions of the table, and of which tags nothing could be
    /// committed, with a code.
    pub(super) async fn commit(
        mut self,
        writing: &mut Writing,
        group: &Group,
        judged: &[Judged],
    ) -> (Vec<TableVersion>, Vec<(usize, &'static str)>) {
        let (mut versions, mut failed) = (Vec::new(), Vec::new());
        for (of, ((tag, changes), judged)) in group.tags.iter().zip(&mut self.tags).zip(judged).enumerate() {
            let Some(appender) = changes.appender.take() else { continue };
            if judged.fault.is_some() || changes.compared.changed == 0 {
                appender.abort().await;
                continue;
            }
            match commit_one(appender, writing, tag).await {
                Ok(version) => versions.push(version),
                Err(error) => failed.push((of, error.code())),
            }
        }
        (versions, failed)
    }

    /// Gives up: what was written is removed.
    pub(super) async fn abort(&mut self) {
        for tag in &mut self.tags {
            if let Some(appender) = tag.appender.take() {
                appender.abort().await;
            }
        }
    }
}

/// Commits the rows of a tag, if nobody else did since the table was looked at.
async fn commit_one(mut appender: Appender, writing: &mut Writing, tag: &Tag) -> Result<TableVersion, Error> {
    let id = position_of(&tag.id);
    let before = writing.positions.get(&tag.id).copied().flatten();
    let after = before.unwrap_or(0).saturating_add(1);
    appender.expect(&id, before);
    let committed = appender.commit(&id, after).await.map_err(|error| Error::Ingest(error.into()))?;
    if committed.already {
        return Err(Error::TagHeld { tag: tag.id.clone() });
    }
    writing.positions.insert(tag.id.clone(), Some(after));
    Ok(committed.version)
}

async fn take_in(
    comparison: &mut TagComparison<'_>,
    writers: &[Writer],
    (mut stream, key): (impl Stream<Item = Result<RecordBatch, QueryError>> + Unpin, usize),
    (of_whom, consenting): (Option<&TagKeys>, Option<&TagKeys>),
) -> Result<(), Error> {
    let internal = |fault: TagFault| Error::Internal(fault.0);
    while let Some(batch) = stream.next().await {
        comparison.take(&batch.map_err(Error::Query)?, key).map_err(internal)?;
        for (of, writer) in writers.iter().enumerate() {
            if let Some(rows) = comparison.rows(of, false).map_err(internal)? {
                writer.write(rows).await;
            }
        }
    }
    let silent = comparison.silent(of_whom);
    for (of, writer) in writers.iter().enumerate() {
        for some in silent.chunks(SILENT) {
            comparison.say_nothing(of, some, consenting).map_err(internal)?;
            if let Some(rows) = comparison.rows(of, false).map_err(internal)? {
                writer.write(rows).await;
            }
        }
        if let Some(rows) = comparison.rows(of, true).map_err(internal)? {
            writer.write(rows).await;
        }
    }
    Ok(())
}
