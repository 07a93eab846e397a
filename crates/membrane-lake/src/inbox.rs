//! A folder or a bucket in which deliveries lie. What is in them passes through as bytes.
//!
//! PRIVACY: these are the deliveries as they came, names of files included: a file may be called after somebody. Nothing here
//! is logged, and no error names a file.

mod folder;

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore};
use tokio::io::AsyncRead;
use tokio_util::io::StreamReader;
use url::Url;

use crate::{LakeError, LakeOptions, storage};

/// A folder or a bucket in which deliveries lie.
#[derive(Debug, Clone)]
pub struct Inbox {
    place: Place,
}

#[derive(Clone)]
enum Place {
    Folder(PathBuf),
    Bucket { store: Arc<dyn ObjectStore>, prefix: Path },
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Folder(_) => "folder",
            Self::Bucket { .. } => "bucket",
        })
    }
}

/// A file of an inbox, as it was when it was listed.
#[derive(Clone, PartialEq, Eq)]
pub struct InboxFile {
    /// Its path below the inbox, with `/` between folders.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written last.
    pub modified: DateTime<Utc>,
    /// What tells one state of it from another: the entity tag of a bucket, or size and time.
    pub state: String,
    /// By what a bucket can be asked for this state of it.
    tag: Option<String>,
}

// PRIVACY: a file may be called after somebody.
impl fmt::Debug for InboxFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxFile")
            .field("bytes", &self.bytes)
            .field("modified", &self.modified)
            .finish_non_exhaustive()
    }
}

/// The bytes of a file.
pub enum InboxBytes {
    /// In a file of this machine.
    File(PathBuf),
    /// In a bucket: read once, and an error when the object is another one by then.
    Stream(Pin<Box<dyn AsyncRead + Send>>),
}

impl fmt::Debug for InboxBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File(_) => "file",
            Self::Stream(_) => "stream",
        })
    }
}

impl Inbox {
    /// Names an inbox: a path, `file:///...` or `s3://bucket/prefix`. Nothing is looked at yet.
    ///
    /// # Errors
    /// [`LakeError::Url`] or [`LakeError::Setting`] when that is none.
    pub fn open(folder: &str, options: &LakeOptions) -> Result<Self, LakeError> {
        let Some((scheme, _)) = folder.split_once("://") else {
            return Ok(Self { place: Place::Folder(PathBuf::from(folder)) });
        };
        let wrong = || LakeError::Url { scheme: scheme.to_owned() };
        let url = Url::parse(folder).map_err(|_| wrong())?;
        let place = match url.scheme() {
            "file" => Place::Folder(url.to_file_path().map_err(|()| wrong())?),
            "s3" | "s3a" => {
                let settings = options.storage.iter().map(|(key, value)| (key.as_str(), value.as_str()));
                let prefix = Path::from_url_path(url.path()).map_err(|_| wrong())?;
                Place::Bucket { store: Arc::new(storage::bucket(&url, settings, &options.patience)?), prefix }
            }
            _ => return Err(wrong()),
        };
        Ok(Self { place })
    }

    /// Lists the files that `takes` says yes to, oldest first. Links are not followed out of the folder.
    ///
    /// # Errors
    /// [`LakeError::Inbox`] when it cannot be listed, [`LakeError::TooManyFiles`] when there are more than `files_max`.
    pub async fn list(
        &self,
        takes: impl Fn(&str) -> bool + Send + 'static,
        files_max: usize,
    ) -> Result<Vec<InboxFile>, LakeError> {
        let mut files = match &self.place {
            Place::Folder(root) => folder::list(root.clone(), takes, files_max).await?,
            Place::Bucket { store, prefix } => list_bucket(store.as_ref(), prefix, takes, files_max).await?,
        };
        files.sort_by(|one, other| (one.modified, &one.path).cmp(&(other.modified, &other.path)));
        Ok(files)
    }

    /// Opens a file in the state in which it was listed. A file of this machine is opened by whoever reads it.
    ///
    /// # Errors
    /// [`LakeError::InboxFile`] when it is gone, or another one; [`LakeError::Inbox`] when the store does not answer. Reading the
    /// bytes of a bucket fails with an error of the system that has the latter in it.
    pub async fn read(&self, file: &InboxFile) -> Result<InboxBytes, LakeError> {
        match &self.place {
            Place::Folder(root) => Ok(InboxBytes::File(root.join(&file.path))),
            Place::Bucket { store, prefix } => {
                let doing = "read a delivery";
                let location = file.path.split('/').fold(prefix.clone(), |path, part| path.join(part));
                let options = GetOptions { if_match: file.tag.clone(), ..GetOptions::default() };
                let found = store.get_opts(&location, options).await;
                let found = found.map_err(|source| LakeError::inbox_file(doing, &source))?;
                let broke_off = move |source| std::io::Error::other(LakeError::inbox_file(doing, &source));
                let bytes = found.into_stream().map_err(broke_off);
                Ok(InboxBytes::Stream(Box::pin(StreamReader::new(bytes))))
            }
        }
    }

    /// Reads a small file by its path below the inbox; nothing when there is none.
    ///
    /// # Errors
    /// [`LakeError::InboxFile`] when it cannot be read, or has more than `bytes_max` bytes; [`LakeError::Inbox`] when the store
    /// does not answer.
    pub async fn read_small(&self, path: &str, bytes_max: usize) -> Result<Option<Vec<u8>>, LakeError> {
        let doing = "read what is said of a delivery";
        let found = match &self.place {
            Place::Folder(root) => folder::read_small(root.join(path), bytes_max, doing).await?,
            Place::Bucket { store, prefix } => {
                let location = path.split('/').fold(prefix.clone(), |path, part| path.join(part));
                let end = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
                let options = GetOptions { range: Some(GetRange::Bounded(0..end)), ..GetOptions::default() };
                let found = match store.get_opts(&location, options).await {
                    Err(object_store::Error::NotFound { .. }) => return Ok(None),
                    found => found.map_err(|source| LakeError::inbox_file(doing, &source))?,
                };
                let bytes = found.bytes().await;
                Some(bytes.map_err(|source| LakeError::inbox_file(doing, &source))?.to_vec())
            }
        };
        match found {
            Some(bytes) if bytes.len() > bytes_max => {
                Err(LakeError::InboxFile { doing, why: format!("it has more than {bytes_max} bytes") })
            }
            found => Ok(found),
        }
    }
}

async fn list_bucket(
    store: &dyn ObjectStore,
    prefix: &Path,
    takes: impl Fn(&str) -> bool,
    files_max: usize,
) -> Result<Vec<InboxFile>, LakeError> {
    let doing = "list the deliveries";
    let mut listed = store.list(Some(prefix));
    let mut files = Vec::new();
    while let Some(found) = listed.next().await {
        let found = found.map_err(|source| LakeError::inbox(doing, &source))?;
        let Some(below) = found.location.prefix_match(prefix) else { continue };
        let parts: Vec<String> = below.map(|part| part.as_ref().to_owned()).collect();
        let path = parts.join("/");
        if path.is_empty() || !takes(&path) {
            continue;
        }
        if files.len() == files_max {
            return Err(LakeError::TooManyFiles { files_max });
        }
        let (bytes, modified) = (found.size, found.last_modified);
        let state = found.e_tag.clone().unwrap_or_else(|| format!("{bytes}-{}", modified.timestamp_micros()));
        files.push(InboxFile { path, bytes, modified, state, tag: found.e_tag });
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
