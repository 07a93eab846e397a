//! What was committed to a local folder outlives a loss of power.
//!
//! The object store writes local files without syncing them, so that after a loss of power a log entry may be
//! empty although its writer had the answer. Here the data files are synced, each when it is whole, before the commit
//! names them, and the log's newest entries, its checkpoint and the folders before the commit is told. Object stores answer
//! only when a put is durable: for them there is nothing to do.
//!
//! What this cannot give: in the moment between the library's writing of a log entry and its sync here,
//! readers see a commit that a loss of power may still take back. Its writer has had no answer then, and the
//! delivery is run again.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use url::Url;

/// Log entries before the newest one that are synced too: those of writers that were killed before their sync.
const ENTRIES_BACK: u64 = 32;
/// Folders above a new table's log that may be as new as it: the table, `tables`, the data folder and its own.
const FOLDERS_ABOVE: usize = 4;

/// Makes the commits to one table durable.
#[derive(Debug, Clone)]
pub(crate) struct Durable {
    /// The table's folder; none on an object store.
    folder: Option<PathBuf>,
}

impl Durable {
    /// Finds out whether a table lies in a local folder.
    pub(crate) fn of(location: &Url) -> Self {
        Self { folder: location.to_file_path().ok().filter(|_| location.scheme() == "file") }
    }

    /// Syncs a file, named by its path in the table.
    pub(crate) async fn sync_file(&self, path: String) -> io::Result<()> {
        let Some(folder) = self.folder.clone() else { return Ok(()) };
        blocking(move || File::open(folder.join(path))?.sync_all()).await
    }

    /// Syncs data files, named by their paths in the table, and their names.
    pub(crate) async fn sync_files(&self, paths: Vec<String>) -> io::Result<()> {
        let Some(folder) = self.folder.clone().filter(|_| !paths.is_empty()) else { return Ok(()) };
        blocking(move || {
            for path in &paths {
                File::open(folder.join(path))?.sync_all()?;
            }
            sync_folder(&folder)
        })
        .await
    }

    /// Syncs the log up to its newest version, which must be there.
    pub(crate) async fn sync_log(&self, newest: u64) -> io::Result<()> {
        let Some(folder) = self.folder.clone() else { return Ok(()) };
        blocking(move || sync_log(&folder, newest)).await
    }
}

async fn blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn sync_log(folder: &Path, newest: u64) -> io::Result<()> {
    let log = folder.join("_delta_log");
    File::open(log.join(entry(newest)))?.sync_all()?;
    for version in newest.saturating_sub(ENTRIES_BACK)..=newest {
        sync_if_there(&log.join(entry(version)))?;
        sync_if_there(&log.join(format!("{version:020}.checkpoint.parquet")))?;
    }
    sync_if_there(&log.join("_last_checkpoint"))?;
    sync_folder(&log)?;
    if newest <= ENTRIES_BACK {
        for above in log.ancestors().skip(1).take(FOLDERS_ABOVE) {
            sync_folder(above)?;
        }
    }
    Ok(())
}

fn entry(version: u64) -> String {
    format!("{version:020}.json")
}

/// Entries that a checkpoint covers may have been cleaned up.
fn sync_if_there(path: &Path) -> io::Result<()> {
    match File::open(path) {
        Ok(file) => file.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Syncs the names in a folder. Some file systems have no such thing and say so, as they do to databases.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        // A folder above the data folder may belong to somebody else.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests;
