//! Small objects of the hub's own, each whole and durable when it is put: the audit log lies on one.
//!
//! In a folder of this machine an object is a file that is written beside its place, synced, and moved or linked there; then the folder is synced.
//! A bucket answers only when a put is durable. Whoever puts an object only where there is none, or in the place of one that it knows, is told
//! when somebody else was there first.

mod folder;

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion};
use url::Url;

use crate::error::in_folder;
use crate::{LakeError, LakeOptions, storage};

/// A folder or a bucket of small objects. Names have `/` between their parts. Cheap to clone.
#[derive(Clone)]
pub struct Shelf {
    place: Place,
}

#[derive(Clone)]
enum Place {
    Folder(PathBuf),
    Bucket { store: Arc<dyn ObjectStore>, prefix: Path, known: Known },
}

/// Objects that were put in the place of others, by name, and the versions that they have there: who replaces one again need not read it first. The
/// bucket says when it is another one by now.
type Known = Arc<Mutex<HashMap<String, (Bytes, UpdateVersion)>>>;

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.place {
            Place::Folder(_) => "Shelf(folder)",
            Place::Bucket { .. } => "Shelf(bucket)",
        })
    }
}

impl Shelf {
    /// Names a shelf: `file:///...` or `s3://bucket/prefix`. Nothing is looked at yet, and nothing made before something is put.
    ///
    /// # Errors
    /// [`LakeError::Url`] or [`LakeError::Setting`] when that is none.
    pub fn open(url: &Url, options: &LakeOptions) -> Result<Self, LakeError> {
        let wrong = || LakeError::Url { scheme: url.scheme().to_owned() };
        let place = match url.scheme() {
            "file" => Place::Folder(url.to_file_path().map_err(|()| wrong())?),
            "s3" | "s3a" => {
                let settings = options.storage.iter().map(|(key, value)| (key.as_str(), value.as_str()));
                let prefix = Path::from_url_path(url.path()).map_err(|_| wrong())?;
                let store = Arc::new(storage::bucket(url, settings, &options.patience)?);
                Place::Bucket { store, prefix, known: Known::default() }
            }
            _ => return Err(wrong()),
        };
        Ok(Self { place })
    }

    /// Lets a bucket prove that it creates an object once and replaces it only where it is the one that was read; of a folder that is known. What is
    /// written for it is removed.
    ///
    /// # Errors
    /// [`LakeError::NotConditional`] when it does not, [`LakeError::Storage`] when that cannot be told.
    pub async fn require_conditional(&self) -> Result<(), LakeError> {
        const DOING: &str = "prove that the storage replaces an object only on a condition";
        let Place::Bucket { store, prefix, .. } = &self.place else { return Ok(()) };
        // Not a secret, only unlike that of another process.
        let name = format!("proof-{:016x}", RandomState::new().hash_one("proof"));
        let proved = async {
            if !self.put_new(&name, Bytes::from_static(b"one")).await? {
                return Ok(false);
            }
            let Some((_, first)) = self.get_tagged(&name).await? else { return Ok(false) };
            let created_twice = self.put_new(&name, Bytes::from_static(b"two")).await?;
            let replaced = self.replace(&name, Some(b"one"), Bytes::from_static(b"two")).await?;
            // By what is not there any more.
            let options = PutOptions { mode: PutMode::Update(first), ..PutOptions::default() };
            let again =
                store.put_opts(&at(prefix, &name), Bytes::from_static(b"three").into(), options).await;
            let refused = match again {
                Err(object_store::Error::Precondition { .. }) => true,
                Ok(_) => false,
                Err(source) => return Err(LakeError::storage(DOING, source)),
            };
            Ok(!created_twice && replaced && refused)
        };
        let proved = proved.await;
        // What cannot be removed is a few bytes of a name that nothing reads.
        let _ = self.delete(&name).await;
        if proved? { Ok(()) } else { Err(LakeError::NotConditional) }
    }

    /// Reads an object; nothing when there is none.
    ///
    /// # Errors
    /// [`LakeError::Storage`].
    pub async fn get(&self, name: &str) -> Result<Option<Bytes>, LakeError> {
        Ok(self.get_tagged(name).await?.map(|(bytes, _)| bytes))
    }

    async fn get_tagged(&self, name: &str) -> Result<Option<(Bytes, UpdateVersion)>, LakeError> {
        const DOING: &str = "read an object of the hub";
        let none = UpdateVersion { e_tag: None, version: None };
        match &self.place {
            Place::Folder(root) => {
                let found = folder::read(root.clone(), name.to_owned()).await;
                let found = found.map_err(|source| LakeError::storage(DOING, in_folder(source)))?;
                Ok(found.map(|bytes| (Bytes::from(bytes), none)))
            }
            Place::Bucket { store, prefix, .. } => {
                let found = match store.get(&at(prefix, name)).await {
                    Ok(found) => found,
                    Err(object_store::Error::NotFound { .. }) => return Ok(None),
                    Err(source) => return Err(LakeError::storage(DOING, source)),
                };
                let (e_tag, version) = (found.meta.e_tag.clone(), found.meta.version.clone());
                let bytes = found.bytes().await.map_err(|source| LakeError::storage(DOING, source))?;
                Ok(Some((bytes, UpdateVersion { e_tag, version })))
            }
        }
    }

    /// Puts an object, in the place of one of that name.
    ///
    /// # Errors
    /// [`LakeError::Storage`] or [`LakeError::Full`].
    pub async fn put(&self, name: &str, bytes: Bytes) -> Result<(), LakeError> {
        const DOING: &str = "write an object of the hub";
        match &self.place {
            Place::Folder(root) => folder::put(root.clone(), name.to_owned(), bytes)
                .await
                .map_err(|source| LakeError::storage(DOING, in_folder(source))),
            Place::Bucket { store, prefix, .. } => {
                let put = store.put(&at(prefix, name), bytes.into()).await;
                put.map(drop).map_err(|source| LakeError::storage(DOING, source))
            }
        }
    }

    /// Puts an object where there is none of that name; tells whether it did.
    ///
    /// # Errors
    /// [`LakeError::Storage`] or [`LakeError::Full`].
    pub async fn put_new(&self, name: &str, bytes: Bytes) -> Result<bool, LakeError> {
        const DOING: &str = "write a new object of the hub";
        match &self.place {
            Place::Folder(root) => folder::put_new(root.clone(), name.to_owned(), bytes)
                .await
                .map_err(|source| LakeError::storage(DOING, in_folder(source))),
            Place::Bucket { store, prefix, .. } => {
                let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
                match store.put_opts(&at(prefix, name), bytes.into(), options).await {
                    Ok(_) => Ok(true),
                    Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
                    Err(source) => Err(LakeError::storage(DOING, source)),
                }
            }
        }
    }

    /// Puts an object in the place of one with these bytes, or where there is none when none are stated; tells whether it did. In a bucket nobody
    /// comes in between; in a folder, no process that goes by this as well.
    ///
    /// # Errors
    /// [`LakeError::Storage`] or [`LakeError::Full`].
    pub async fn replace(
        &self,
        name: &str,
        expected: Option<&[u8]>,
        bytes: Bytes,
    ) -> Result<bool, LakeError> {
        const DOING: &str = "replace an object of the hub";
        let Some(expected) = expected else { return self.put_new(name, bytes).await };
        match &self.place {
            Place::Folder(root) => folder::replace(root.clone(), name.to_owned(), expected.to_vec(), bytes)
                .await
                .map_err(|source| LakeError::storage(DOING, in_folder(source))),
            Place::Bucket { known, .. } => {
                let before = recall(known, name).filter(|(there, _)| there == expected);
                if let Some((_, version)) = before
                    && self.update(name, version, bytes.clone()).await?
                {
                    return Ok(true);
                }
                let Some((found, version)) = self.get_tagged(name).await? else { return Ok(false) };
                if found == expected { self.update(name, version, bytes).await } else { Ok(false) }
            }
        }
    }

    /// Puts an object in the place of one of this version in a bucket; tells whether it did.
    async fn update(&self, name: &str, version: UpdateVersion, bytes: Bytes) -> Result<bool, LakeError> {
        const DOING: &str = "replace an object of the hub";
        let Place::Bucket { store, prefix, known } = &self.place else { return Ok(false) };
        let options = PutOptions { mode: PutMode::Update(version), ..PutOptions::default() };
        match store.put_opts(&at(prefix, name), bytes.clone().into(), options).await {
            Ok(put) => {
                if put.e_tag.is_some() {
                    let version = UpdateVersion { e_tag: put.e_tag, version: put.version };
                    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                    known.insert(name.to_owned(), (bytes, version));
                }
                Ok(true)
            }
            Err(
                object_store::Error::Precondition { .. }
                | object_store::Error::NotFound { .. }
                | object_store::Error::AlreadyExists { .. },
            ) => Ok(false),
            Err(source) => Err(LakeError::storage(DOING, source)),
        }
    }

    /// Takes an object away; one that is not there is none.
    ///
    /// # Errors
    /// [`LakeError::Storage`].
    pub async fn delete(&self, name: &str) -> Result<(), LakeError> {
        const DOING: &str = "delete an object of the hub";
        match &self.place {
            Place::Folder(root) => folder::delete(root.clone(), name.to_owned())
                .await
                .map_err(|source| LakeError::storage(DOING, in_folder(source))),
            Place::Bucket { store, prefix, .. } => match store.delete(&at(prefix, name)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(source) => Err(LakeError::storage(DOING, source)),
            },
        }
    }

    /// Lists the names of the objects below a name, in no order.
    ///
    /// # Errors
    /// [`LakeError::Storage`].
    pub async fn list(&self, below: &str) -> Result<Vec<String>, LakeError> {
        const DOING: &str = "list objects of the hub";
        match &self.place {
            Place::Folder(root) => folder::list(root.clone(), below.to_owned())
                .await
                .map_err(|source| LakeError::storage(DOING, in_folder(source))),
            Place::Bucket { store, prefix, .. } => {
                let found: Vec<_> = store
                    .list(Some(&at(prefix, below)))
                    .try_collect()
                    .await
                    .map_err(|source| LakeError::storage(DOING, source))?;
                let name = |location: &Path| {
                    let parts = location.prefix_match(prefix)?;
                    Some(parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/"))
                };
                Ok(found.iter().filter_map(|object| name(&object.location)).collect())
            }
        }
    }
}

/// Returns what is known of an object, once.
fn recall(known: &Known, name: &str) -> Option<(Bytes, UpdateVersion)> {
    known.lock().unwrap_or_else(PoisonError::into_inner).remove(name)
}

fn at(prefix: &Path, name: &str) -> Path {
    name.split('/').filter(|part| !part.is_empty()).fold(prefix.clone(), |path, part| path.join(part))
}

#[cfg(test)]
mod tests;
