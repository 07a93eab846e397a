//! The files of a folder of this machine.

use std::collections::VecDeque;
use std::fs::Metadata;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use chrono::{DateTime, Utc};

use super::InboxFile;
use crate::LakeError;

/// Folders below each other that are looked into.
const DEPTH_MAX: usize = 16;

/// Lists files; names that are not UTF-8 cannot be told and are left where they are.
pub(super) async fn list(
    root: PathBuf,
    takes: impl Fn(&str) -> bool + Send + 'static,
    files_max: usize,
) -> Result<Vec<InboxFile>, LakeError> {
    let listed = tokio::task::spawn_blocking(move || walk(&root, takes, files_max)).await;
    let fault =
        |source: io::Error| LakeError::Inbox { doing: "list the deliveries", why: source.kind().to_string() };
    match listed.map_err(io::Error::other).map_err(fault)?.map_err(fault)? {
        Some(files) => Ok(files),
        None => Err(LakeError::TooManyFiles { files_max }),
    }
}

/// Reads a small file, one byte more than it may have at most; nothing when there is no regular file of that name.
pub(super) async fn read_small(
    path: PathBuf,
    bytes_max: usize,
    doing: &'static str,
) -> Result<Option<Vec<u8>>, LakeError> {
    let read = tokio::task::spawn_blocking(move || {
        let is_file = match std::fs::symlink_metadata(&path) {
            Ok(found) => found.is_file(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if !is_file {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let end = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
        std::fs::File::open(&path)?.take(end).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    });
    let fault = |source: io::Error| LakeError::InboxFile { doing, why: source.kind().to_string() };
    read.await.map_err(io::Error::other).and_then(|read| read).map_err(fault)
}

/// Walks a folder; nothing when it has too many files.
fn walk(root: &Path, takes: impl Fn(&str) -> bool, files_max: usize) -> io::Result<Option<Vec<InboxFile>>> {
    let mut files = Vec::new();
    let mut folders = VecDeque::from([(root.to_path_buf(), String::new(), 0)]);
    while let Some((folder, below, depth)) = folders.pop_front() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = if below.is_empty() { name } else { format!("{below}/{name}") };
            let kind = entry.file_type()?;
            if kind.is_dir() && depth < DEPTH_MAX {
                folders.push_back((entry.path(), path, depth + 1));
            } else if kind.is_file() && takes(&path) {
                // Gone since it was listed: somebody moved it away.
                let Ok(found) = entry.metadata() else { continue };
                if files.len() == files_max {
                    return Ok(None);
                }
                files.push(file(path, &found));
            }
        }
    }
    Ok(Some(files))
}

fn file(path: String, found: &Metadata) -> InboxFile {
    let modified = found.modified().unwrap_or(UNIX_EPOCH);
    let modified = DateTime::<Utc>::from(modified);
    let nanos = modified.timestamp_nanos_opt().unwrap_or_default();
    InboxFile { path, bytes: found.len(), modified, state: format!("{}-{nanos}", found.len()), tag: None }
}
