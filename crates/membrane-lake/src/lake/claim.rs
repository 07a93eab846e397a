//! Whose data this is: one object beside the tables names the hub that they belong to.

use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};

use crate::{Lake, LakeError};

/// Longest id of a hub that is read back.
const ID_BYTES_MAX: u64 = 256;

impl Lake {
    /// Returns the id of the hub whose data this is; none when it is nobody's yet.
    ///
    /// # Errors
    /// [`LakeError`] when the storage cannot be read.
    pub async fn hub(&self) -> Result<Option<String>, LakeError> {
        let doing = "read whose data this is";
        let found = match self.inner.store.get(&self.claim_path()?).await {
            Ok(found) if found.meta.size <= ID_BYTES_MAX => found,
            Ok(_) => return Ok(Some(String::new())),
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(LakeError::storage(doing, source)),
        };
        let bytes = found.bytes().await.map_err(|source| LakeError::storage(doing, source))?;
        // What is no text is nobody's id, and matches none.
        Ok(Some(std::str::from_utf8(&bytes).unwrap_or_default().trim().to_owned()))
    }

    /// Takes the data for a hub unless it is another's, and returns whose it is then.
    ///
    /// # Errors
    /// [`LakeError`] when the storage cannot be read or written.
    pub async fn claim(&self, hub: &str) -> Result<String, LakeError> {
        if let Some(owner) = self.hub().await? {
            return Ok(owner);
        }
        let payload = PutPayload::from(hub.as_bytes().to_vec());
        let doing = "write whose data this is";
        match self.inner.store.put_opts(&self.claim_path()?, payload, PutMode::Create.into()).await {
            Ok(_) => Ok(hub.to_owned()),
            // Another process was faster; it may be one of the same hub.
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {
                Ok(self.hub().await?.unwrap_or_default())
            }
            // The answer may have been lost, not the writing.
            Err(source) => match self.hub().await {
                Ok(Some(owner)) => Ok(owner),
                _ => Err(LakeError::storage(doing, source)),
            },
        }
    }

    fn claim_path(&self) -> Result<Path, LakeError> {
        let root = Path::from_url_path(self.inner.root.path()).map_err(|source| {
            LakeError::storage("name the data folder", StoreError::InvalidPath { source })
        })?;
        Ok(root.join("_membrane").join("hub"))
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use crate::{Lake, LakeOptions};

    async fn open(folder: &std::path::Path) -> Lake {
        Lake::open(&Url::from_directory_path(folder).unwrap(), LakeOptions::default()).await.unwrap()
    }

    #[tokio::test]
    async fn data_is_of_the_first_hub_that_claims_it() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(open(folder.path()).await.hub().await.unwrap(), None);
        assert_eq!(open(folder.path()).await.claim("one").await.unwrap(), "one");
        assert_eq!(open(folder.path()).await.claim("two").await.unwrap(), "one");
        assert_eq!(open(folder.path()).await.hub().await.unwrap().as_deref(), Some("one"));
    }
}
