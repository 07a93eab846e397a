//! Removes files that the newest version does not have, and brings the log in order.
//!
//! | a file that | goes when |
//! | --- | --- |
//! | the newest version has | never |
//! | an earlier version had | it was taken out before the moment |
//! | no version names: of a writer that was killed, or is at work | it was written before the moment |
//!
//! On a local folder a writer that was killed may leave the beginning of a file under a name that the store does not list; that goes
//! by the same rule.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use deltalake::DeltaTable;
use deltalake::checkpoints::{cleanup_metadata, create_checkpoint};
use deltalake::logstore::LogStoreRef;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::ObjectStore;
use object_store::path::Path;

use super::Vacuumed;
use crate::LakeError;
use crate::error::in_folder;
use crate::lake::load;

const READING: &str = "read the table's log";
const LISTING: &str = "list the files of the table";
const REMOVING: &str = "remove files of the table";
/// Log entries after which there is a checkpoint: who opens a table reads that many at most, about.
const ENTRIES_MAX: u64 = 32;

pub(super) async fn vacuum(
    log_store: LogStoreRef,
    (before, dry_run): (DateTime<Utc>, bool),
) -> Result<Vacuumed, LakeError> {
    // What is listed first is older than the version that is read after it: a file that was committed in between is in that version.
    let store = log_store.object_store(None);
    let found: Vec<_> =
        store.list(None).try_collect().await.map_err(|source| LakeError::storage(LISTING, source))?;
    let table = load(&log_store).await?;
    let (there, gone) = match &table {
        Some(table) => known(&log_store, table).await?,
        None => Default::default(),
    };
    let goes = |object: &object_store::ObjectMeta| {
        let path = object.location.as_ref();
        let since = gone.get(path).copied().unwrap_or(object.last_modified);
        is_data(&object.location) && !there.contains(path) && since < before
    };
    let going: Vec<_> = found.into_iter().filter(goes).collect();
    let beginnings = beginnings(&log_store, before).await?;
    let mut done = Vacuumed::default();
    for (bytes, _) in &beginnings {
        done.files += 1;
        done.bytes += bytes;
    }
    for object in &going {
        done.files += 1;
        done.bytes += object.size;
    }
    if dry_run {
        return Ok(done);
    }
    let paths = futures::stream::iter(going.into_iter().map(|object| Ok(object.location))).boxed();
    let mut removed = store.delete_stream(paths);
    while let Some(one) = removed.next().await {
        match one {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(source) => return Err(LakeError::storage(REMOVING, source)),
        }
    }
    remove_beginnings(beginnings).await?;
    if let Some(table) = &table {
        shorten_log(store.as_ref(), table).await?;
    }
    Ok(done)
}

/// Returns the files that the newest version has, and when those were taken out that are not in it any more.
pub(super) async fn known(
    log_store: &LogStoreRef,
    table: &DeltaTable,
) -> Result<(HashSet<String>, HashMap<String, DateTime<Utc>>), LakeError> {
    let fault = |source| LakeError::table(READING, source);
    let state = table.snapshot().map_err(fault)?;
    let there = state.log_data().iter().map(|file| file.path().to_string()).collect();
    let mut gone = HashMap::new();
    let mut tombstones = state.all_tombstones(log_store.as_ref());
    while let Some(tombstone) = tombstones.next().await {
        let tombstone = tombstone.map_err(fault)?;
        let at = tombstone.deletion_timestamp().and_then(DateTime::from_timestamp_millis);
        // Who took it out without saying when may have done it just now.
        gone.insert(tombstone.path().into_owned(), at.unwrap_or(DateTime::<Utc>::MAX_UTC));
    }
    Ok((there, gone))
}

/// Tells whether it is a data file: the log's folder, and whatever else begins with `_` or a dot, is none.
pub(super) fn is_data(path: &Path) -> bool {
    let hidden = |part: object_store::path::PathPart<'_>| part.as_ref().starts_with(['_', '.']);
    path.extension() == Some("parquet") && !path.parts().any(hidden)
}

/// Lists beginnings of files on a local folder, with their bytes: the store gives them names that end with `#` and a number.
async fn beginnings(
    log_store: &LogStoreRef,
    before: DateTime<Utc>,
) -> Result<Vec<(u64, PathBuf)>, LakeError> {
    let location = log_store.config().location();
    let Some(folder) = location.to_file_path().ok().filter(|_| location.scheme() == "file") else {
        return Ok(Vec::new());
    };
    let look = move || -> std::io::Result<Vec<(u64, PathBuf)>> {
        let entries = match std::fs::read_dir(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            let is_beginning =
                entry.file_name().to_str().and_then(|name| name.rsplit_once(".parquet#")).is_some_and(
                    |(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()),
                );
            if !is_beginning {
                continue;
            }
            // One that is finished or given up at this moment is not there any more.
            let Ok(about) = entry.metadata() else { continue };
            if DateTime::<Utc>::from(about.modified()?) < before {
                found.push((about.len(), entry.path()));
            }
        }
        Ok(found)
    };
    blocking(LISTING, look).await
}

async fn remove_beginnings(paths: Vec<(u64, PathBuf)>) -> Result<(), LakeError> {
    let remove = move || {
        for (_, path) in paths {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    };
    blocking(REMOVING, remove).await
}

async fn blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, LakeError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other);
    done.and_then(|done| done).map_err(|source| LakeError::storage(doing, in_folder(source)))
}

/// Writes a checkpoint when many entries came after the last one, and removes entries that a checkpoint covers and whose time, that
/// which the table itself states, is over.
async fn shorten_log(store: &dyn ObjectStore, table: &DeltaTable) -> Result<(), LakeError> {
    let fault = |source| LakeError::table("write a checkpoint of the table's log", source);
    let log: Vec<_> = store
        .list(Some(&Path::from("_delta_log")))
        .try_collect()
        .await
        .map_err(|source| LakeError::storage(LISTING, source))?;
    let names = log.iter().filter_map(|object| object.location.filename());
    let checkpoints = names.filter_map(|name| name.split_once(".checkpoint.")?.0.parse::<u64>().ok());
    let version = table.version().unwrap_or_default();
    if version.saturating_sub(checkpoints.max().unwrap_or(0)) >= ENTRIES_MAX {
        create_checkpoint(table, None).await.map_err(fault)?;
        cleanup_metadata(table, None).await.map_err(fault)?;
    }
    Ok(())
}
