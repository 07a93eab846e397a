//! What a version of a table's log has under the ids of application transactions.
//!
//! The Delta library reads the log anew for each id, and decodes all of it for one that is not there, as the id of each new delivery is. Here it
//! is read once for all ids that are asked for, from its newest commit back to the last checkpoint, and only lines of transactions are decoded.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array as _, AsArray as _};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use deltalake::logstore::LogStoreRef;
use deltalake::{DeltaTable, DeltaTableError};
use futures::{StreamExt as _, stream};
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStoreExt as _};
use serde_json::Value;

use crate::LakeError;
use crate::data_file::open_columns;

const DOING: &str = "read the table's log";
/// Commits that are read at the same time.
const AT_ONCE: usize = 16;
/// What the line of an application transaction has.
const NAME: &[u8] = br#""txn""#;

/// Returns the position that a table, at the version at which it is loaded, has under each of these ids that has one.
pub(crate) async fn positions(
    log_store: &LogStoreRef,
    table: &DeltaTable,
    ids: impl IntoIterator<Item = &str>,
) -> Result<HashMap<String, i64>, LakeError> {
    let mut wanted: HashSet<&str> = ids.into_iter().collect();
    let mut found = HashMap::new();
    if !read_back(log_store, table, &mut wanted, &mut found).await? {
        ask_each(log_store, table, &wanted, &mut found).await?;
    }
    Ok(found)
}

/// Returns the position of one id.
pub(crate) async fn position(
    log_store: &LogStoreRef,
    table: &DeltaTable,
    id: &str,
) -> Result<Option<i64>, LakeError> {
    Ok(positions(log_store, table, [id]).await?.remove(id))
}

/// Reads the log from its newest commit back to the last checkpoint, and that. Tells whether all of it could be read: the library knows what
/// else a log may be made of.
async fn read_back(
    log_store: &LogStoreRef,
    table: &DeltaTable,
    wanted: &mut HashSet<&str>,
    found: &mut HashMap<String, i64>,
) -> Result<bool, LakeError> {
    let newest = table.version().unwrap_or_default();
    let checkpoint = match last_checkpoint(log_store).await? {
        LastCheckpoint::None => None,
        LastCheckpoint::At(version) if version <= newest => Some(version),
        // Newer than the table is looked at, or not one file: nobody knows from here how far back the commits go.
        LastCheckpoint::At(_) | LastCheckpoint::Other => return Ok(false),
    };
    let first = checkpoint.map_or(0, |version| version + 1);
    let mut commits = stream::iter((first..=newest).rev())
        .map(|version| async move { log_store.read_commit_entry(version).await })
        .buffered(AT_ONCE);
    while let Some(commit) = commits.next().await {
        let commit = commit.map_err(|source| LakeError::table(DOING, source))?;
        // Cleaned away.
        let Some(commit) = commit else { return Ok(false) };
        for line in commit.split(|byte| *byte == b'\n') {
            if let Some((id, position)) = transaction(line)
                && wanted.remove(id.as_str())
            {
                found.insert(id, position);
            }
        }
        if wanted.is_empty() {
            return Ok(true);
        }
    }
    match checkpoint {
        Some(checkpoint) => Ok(of_checkpoint(log_store, checkpoint, wanted, found).await.is_ok()),
        None => Ok(true),
    }
}

/// Reads the transactions of a checkpoint that is one file.
async fn of_checkpoint(
    log_store: &LogStoreRef,
    version: u64,
    wanted: &mut HashSet<&str>,
    found: &mut HashMap<String, i64>,
) -> Result<(), LakeError> {
    let path = format!("_delta_log/{version:020}.checkpoint.parquet");
    let size = log_store.object_store(None).head(&Path::from(path.as_str())).await;
    let size = size.map_err(|source| LakeError::storage(DOING, source))?.size;
    let batches = open_columns(log_store, (&path, size), Some("txn"), DOING).await?;
    let mut batches = std::pin::pin!(batches);
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        // A checkpoint without transactions has no such column.
        let Some(transactions) = batch.columns().first() else { return Ok(()) };
        let shape = || LakeError::table(DOING, DeltaTableError::generic("a checkpoint of another form"));
        let transactions = transactions.as_struct_opt().ok_or_else(shape)?;
        let column = |name: &str| transactions.column_by_name(name).ok_or_else(shape);
        let ids = cast(column("appId")?, &DataType::Utf8).map_err(|_| shape())?;
        let versions = cast(column("version")?, &DataType::Int64).map_err(|_| shape())?;
        let (ids, versions) = (ids.as_string::<i32>(), versions.as_primitive::<Int64Type>());
        for (row, (id, position)) in ids.iter().zip(versions).enumerate() {
            if let (true, Some(id), Some(position)) = (transactions.is_valid(row), id, position)
                && wanted.remove(id)
            {
                found.insert(id.to_owned(), position);
            }
        }
    }
    Ok(())
}

/// Returns the id and the position of a commit's line, if it is an application transaction.
fn transaction(line: &[u8]) -> Option<(String, i64)> {
    // Most lines are of files, and long.
    let is_one = line.windows(NAME.len()).any(|window| window == NAME);
    let line: Value = is_one.then(|| serde_json::from_slice(line).ok()).flatten()?;
    let transaction = line.get("txn")?;
    Some((transaction.get("appId")?.as_str()?.to_owned(), transaction.get("version")?.as_i64()?))
}

async fn ask_each(
    log_store: &LogStoreRef,
    table: &DeltaTable,
    ids: &HashSet<&str>,
    found: &mut HashMap<String, i64>,
) -> Result<(), LakeError> {
    let failed = |source| LakeError::table(DOING, source);
    let state = table.snapshot().map_err(failed)?;
    for id in ids {
        let position = state.transaction_version(log_store.as_ref(), *id).await.map_err(failed)?;
        found.extend(position.map(|position| ((*id).to_owned(), position)));
    }
    Ok(())
}

/// What the log says of its last checkpoint.
#[derive(Debug, PartialEq, Eq)]
enum LastCheckpoint {
    /// There is none.
    None,
    /// It is one file.
    At(u64),
    /// It is something else, or cannot be read.
    Other,
}

async fn last_checkpoint(log_store: &LogStoreRef) -> Result<LastCheckpoint, LakeError> {
    let path = Path::from("_delta_log/_last_checkpoint");
    // As the library has it: whoever reads the log after a commit goes by that.
    let failed = |source| LakeError::table(DOING, DeltaTableError::ObjectStore { source });
    let bytes = match log_store.object_store(None).get(&path).await {
        Ok(found) => found.bytes().await.map_err(failed)?,
        Err(StoreError::NotFound { .. }) => return Ok(LastCheckpoint::None),
        Err(error) => return Err(failed(error)),
    };
    let hint: Option<Value> = serde_json::from_slice(&bytes).ok();
    let lacks = |hint: &Value, name: &str| hint.get(name).is_none_or(Value::is_null);
    let plain = hint.filter(|hint| lacks(hint, "parts") && lacks(hint, "v2Checkpoint"));
    let version = plain.and_then(|hint| hint.get("version")?.as_u64());
    Ok(version.map_or(LastCheckpoint::Other, LastCheckpoint::At))
}

#[cfg(test)]
mod tests;
