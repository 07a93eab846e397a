//! The objects of the log on a shelf.

use bytes::Bytes;
use membrane_lake::{LakeError, Shelf};
use membrane_log::{CHECKPOINT, LogError, Objects, ObjectsError, SignedCheckpoint, Trust};

/// A shelf that a log lies on.
#[derive(Debug, Clone)]
pub struct OnShelf(pub Shelf);

impl Objects for OnShelf {
    async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, ObjectsError> {
        let found = self.0.get(path).await.map_err(|error| failed("read", path, error))?;
        Ok(found.map(Vec::from))
    }

    async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        self.0.put(path, Bytes::from(bytes)).await.map_err(|error| failed("write", path, error))
    }

    async fn put_new(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        let bytes = Bytes::from(bytes);
        if self.0.put_new(path, bytes.clone()).await.map_err(|error| failed("write", path, error))? {
            return Ok(());
        }
        // By another process, or by this one, whose answer was lost.
        match self.get(path).await? {
            Some(found) if found == bytes => Ok(()),
            _ => Err(ObjectsError::Exists { path: path.to_owned() }),
        }
    }

    async fn compare_and_put(
        &self,
        path: &str,
        expected: Option<&[u8]>,
        bytes: Vec<u8>,
    ) -> Result<(), ObjectsError> {
        let replaced = self.0.replace(path, expected, Bytes::from(bytes)).await;
        match replaced.map_err(|error| failed("replace", path, error))? {
            true => Ok(()),
            false => Err(ObjectsError::Conflict { path: path.to_owned() }),
        }
    }

    async fn delete(&self, path: &str) -> Result<(), ObjectsError> {
        self.0.delete(path).await.map_err(|error| failed("delete", path, error))
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, ObjectsError> {
        self.0.list(folder).await.map_err(|error| failed("list", folder, error))
    }
}

fn failed(action: &'static str, path: &str, error: LakeError) -> ObjectsError {
    ObjectsError::Failed { action, path: path.to_owned(), source: Box::new(error) }
}

/// Reads the signed head of a log; none where there is none.
pub(crate) async fn checkpoint(
    objects: &OnShelf,
    trust: &Trust,
) -> Result<Option<SignedCheckpoint>, LogError> {
    let found = objects.get(CHECKPOINT).await?;
    found.map(|bytes| trust.open_unwitnessed(&bytes)).transpose()
}
