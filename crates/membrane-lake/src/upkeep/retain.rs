//! Takes out the rows whose time is over, by the contract's rule.
//!
//! | a file | becomes |
//! | --- | --- |
//! | whose rows are all past | nothing |
//! | some of whose rows are past | a file of the others, with those of other such files |
//! | none of whose rows are | is left alone |
//!
//! Whose rows are all past is not told by the least and the greatest time that the log knows: each is read, one column of it. The commit says that
//! data changed: what is asked after it is another question. Appenders are not in its way, nor is it in theirs; a compaction that takes one of
//! the files out first is looked after again.
//!
//! What is taken out lies in files of earlier versions until a vacuum: [`remains`] finds it there.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Utc};
use deltalake::DeltaTable;
use deltalake::logstore::LogStoreRef;
use futures::TryStreamExt as _;
use membrane_catalog::Dataset;
use membrane_model::{RunId, TableVersion};
use object_store::{ObjectMeta, ObjectStore as _, ObjectStoreExt as _};

use super::age::{Age, Ages};
use super::rewrite::{Effect, File, Rewrite, count, files_of};
use super::vacuum::{is_data, known};
use super::{HeldFiles, Remains, Retained};
use crate::appender::files::FILE_BYTES;
use crate::lake::load;
use crate::{LakeError, Target};

const DOING: &str = "read the table's log";
const LISTING: &str = "list the files of the table";
/// Times that it is looked which rows are past, while others take files out.
const LOOKS_MAX: usize = 3;
/// Files that one commit takes out at most when none of their rows stays.
const WHOLE_FILES_MAX: usize = 1000;

/// Says in `done` what was committed as soon as it is, so that it is known whatever comes after it.
pub(super) async fn retain(
    log_store: LogStoreRef,
    (dataset, target): (&Arc<Dataset>, Target),
    run: RunId,
    (now, dry_run): (DateTime<Utc>, bool),
    done: &mut Retained,
) -> Result<(), LakeError> {
    let Some(age) = Age::of(dataset, target, now) else { return Ok(()) };
    for _ in 0..LOOKS_MAX {
        let Some(table) = load(&log_store).await? else { return Ok(()) };
        done.stands = table.version().map(TableVersion);
        let found = look(&log_store, &table, &age, true).await?;
        let past: Vec<(File, Ages)> = found.into_iter().filter(|(_, ages)| ages.past > 0).collect();
        if past.is_empty() {
            return Ok(());
        }
        let groups = groups(past);
        if dry_run {
            groups.iter().for_each(|group| done.add(group));
            return Ok(());
        }
        let rewrite =
            Rewrite::open((Arc::clone(&log_store), &table), (dataset, target), (run, Effect::Deleted))?;
        let keep = |batch: RecordBatch| {
            let stays = age.stays(&batch)?;
            filter_record_batch(&batch, &stays)
                .map_err(|_| LakeError::WrongBatch { dataset: dataset.name.clone() })
        };
        let mut overtaken = 0;
        for group in &groups {
            let keep: Option<&super::rewrite::Keep<'_>> = if group.is_whole { None } else { Some(&keep) };
            match rewrite.put_in_place(&group.files, keep).await? {
                Some(written) => {
                    done.add(group);
                    done.version = Some(written.version);
                    done.stands = done.version;
                }
                None => overtaken += 1,
            }
        }
        if overtaken == 0 {
            return Ok(());
        }
    }
    done.overtaken = true;
    Ok(())
}

/// Files that one commit takes out.
#[derive(Debug, Default)]
struct Group {
    files: Vec<File>,
    /// Rows that go.
    past: u64,
    /// Whether no row of them stays.
    is_whole: bool,
}

impl Group {
    fn put(&mut self, file: File, ages: Ages) {
        self.past += ages.past;
        self.files.push(file);
    }
}

impl Retained {
    fn add(&mut self, group: &Group) {
        self.rows += group.past;
        self.files += count(group.files.len());
        self.rewritten += if group.is_whole { 0 } else { count(group.files.len()) };
    }
}

/// Returns which files are taken out together: those of which nothing stays some at once, the others up to the size of a file.
fn groups(found: Vec<(File, Ages)>) -> Vec<Group> {
    let (whole, partly): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, ages)| ages.past == ages.rows);
    let mut groups = Vec::new();
    let mut group = Group { is_whole: true, ..Group::default() };
    for (file, ages) in whole {
        if group.files.len() == WHOLE_FILES_MAX {
            groups.push(std::mem::replace(&mut group, Group { is_whole: true, ..Group::default() }));
        }
        group.put(file, ages);
    }
    groups.push(std::mem::take(&mut group));
    let mut bytes = 0;
    for (file, ages) in partly {
        if bytes > 0 && bytes + file.bytes > FILE_BYTES {
            groups.push(std::mem::take(&mut group));
            bytes = 0;
        }
        bytes += file.bytes;
        group.put(file, ages);
    }
    groups.push(group);
    groups.retain(|group| !group.files.is_empty());
    groups
}

/// Reads of each file of a version how many of its rows are past; of those of which the log says that none is only where it is not to be trusted.
async fn look(
    log_store: &LogStoreRef,
    table: &DeltaTable,
    age: &Age,
    trusts_log: bool,
) -> Result<Vec<(File, Ages)>, LakeError> {
    let state = table.snapshot().map_err(|source| LakeError::table(DOING, source))?;
    let log = state.log_data();
    let spared: HashSet<String> = log
        .iter()
        .filter(|file| trusts_log && age.spares(file))
        .map(|file| file.path().to_string())
        .collect();
    let mut found = Vec::new();
    for file in files_of(table)? {
        if !spared.contains(&file.path) {
            let ages = age.read(log_store, &file).await?;
            found.push((file, ages));
        }
    }
    Ok(found)
}

/// Looks what there still is of rows that are past: in the newest version, each file of which is read, and in files that it does not have any
/// more.
pub(super) async fn remains(
    log_store: LogStoreRef,
    (dataset, target): (&Arc<Dataset>, Target),
    now: DateTime<Utc>,
) -> Result<Remains, LakeError> {
    let mut remains = Remains::default();
    let Some(age) = Age::of(dataset, target, now) else { return Ok(remains) };
    // What is listed first is older than the version that is read after it, as for a vacuum.
    let listed = log_store.object_store(None).list(None).try_collect::<Vec<_>>().await;
    let listed: Vec<ObjectMeta> = listed.map_err(|source| LakeError::storage(LISTING, source))?;
    let (there, gone) = match load(&log_store).await? {
        Some(table) => {
            remains.version = table.version().map(TableVersion);
            for (_, ages) in look(&log_store, &table, &age, false).await? {
                remains.rows += ages.past;
                remains.timeless += ages.timeless;
            }
            known(&log_store, &table).await?
        }
        None => Default::default(),
    };
    for object in listed.into_iter().filter(|object| is_data(&object.location)) {
        let path = object.location.as_ref();
        if there.contains(path) {
            continue;
        }
        let file = File { modified: 0, path: path.to_owned(), bytes: object.size };
        let past = match age.read(&log_store, &file).await {
            Ok(ages) => ages.past,
            // It went meanwhile, or was never written to its end: nobody knows what is in it.
            Err(_) if log_store.object_store(None).head(&object.location).await.is_err() => continue,
            Err(_) => 1,
        };
        if past > 0 {
            let since = gone.get(path).copied().unwrap_or(object.last_modified);
            remains.held.add(object.size, since);
        }
    }
    Ok(remains)
}

impl HeldFiles {
    fn add(&mut self, bytes: u64, since: DateTime<Utc>) {
        self.files += 1;
        self.bytes += bytes;
        self.since = self.since.max(Some(since));
    }
}

#[cfg(test)]
mod tests;
