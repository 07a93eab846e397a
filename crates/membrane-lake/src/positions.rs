//! What a version of a table's log has under the ids of application transactions.
//!
//! The Delta library reads the log anew for each id, all of it for one that is not there. A process that starts may have to ask of many: here
//! the log is read once for all of them, from its newest commit back to the last checkpoint.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use deltalake::DeltaTable;
use deltalake::logstore::LogStoreRef;
use futures::{StreamExt as _, stream};
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStoreExt as _};
use serde_json::Value;

use crate::LakeError;

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
    if wanted.len() <= 1 {
        ask_each(log_store, table, &wanted, &mut found).await?;
        return Ok(found);
    }
    let newest = table.version().unwrap_or_default();
    let checkpoint = last_checkpoint(log_store).await?.filter(|version| *version <= newest);
    let first = checkpoint.map_or(0, |version| version + 1);
    let mut commits = stream::iter((first..=newest).rev())
        .map(|version| async move { log_store.read_commit_entry(version).await })
        .buffered(AT_ONCE);
    while let Some(commit) = commits.next().await {
        if wanted.is_empty() {
            return Ok(found);
        }
        let Some(commit) = commit.map_err(|source| LakeError::table("read the table's log", source))? else {
            // Cleaned away, or written by somebody who keeps logs in another way: the library knows how.
            ask_each(log_store, table, &wanted, &mut found).await?;
            return Ok(found);
        };
        for line in commit.split(|byte| *byte == b'\n') {
            if let Some((id, position)) = transaction(line)
                && wanted.remove(id.as_str())
            {
                found.insert(id, position);
            }
        }
    }
    let Some(checkpoint) = checkpoint.filter(|_| !wanted.is_empty()) else { return Ok(found) };
    let mut then = DeltaTable::new(Arc::clone(log_store));
    let loaded = then.load_version(checkpoint).await;
    loaded.map_err(|source| LakeError::table("read the table's log", source))?;
    ask_each(log_store, &then, &wanted, &mut found).await?;
    Ok(found)
}

/// Returns the id and the position of a commit's line, if it is an application transaction.
fn transaction(line: &[u8]) -> Option<(String, i64)> {
    // Most lines are of files, and long.
    let is_one = line.windows(NAME.len()).any(|window| window == NAME);
    let line: Value = is_one.then(|| serde_json::from_slice(line).ok()).flatten()?;
    Some((line["txn"]["appId"].as_str()?.to_owned(), line["txn"]["version"].as_i64()?))
}

async fn ask_each(
    log_store: &LogStoreRef,
    table: &DeltaTable,
    ids: &HashSet<&str>,
    found: &mut HashMap<String, i64>,
) -> Result<(), LakeError> {
    let failed = |source| LakeError::table("read the table's log", source);
    let state = table.snapshot().map_err(failed)?;
    for id in ids {
        let position = state.transaction_version(log_store.as_ref(), *id).await.map_err(failed)?;
        found.extend(position.map(|position| ((*id).to_owned(), position)));
    }
    Ok(())
}

async fn last_checkpoint(log_store: &LogStoreRef) -> Result<Option<u64>, LakeError> {
    let path = Path::from("_delta_log/_last_checkpoint");
    let failed = |source| LakeError::storage("read the table's log", source);
    let bytes = match log_store.object_store(None).get(&path).await {
        Ok(found) => found.bytes().await.map_err(failed)?,
        Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    // A hint that cannot be read is none: the commits from the first on say the same.
    Ok(serde_json::from_slice::<Value>(&bytes).ok().and_then(|hint| hint["version"].as_u64()))
}

#[cfg(test)]
mod tests;
