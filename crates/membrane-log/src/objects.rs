//! Where a log keeps its objects: a folder, a bucket, memory.

use std::error::Error;
use std::sync::Arc;

/// A place for the objects of one log, named by paths such as `tile/0/x001/067`.
///
/// INVARIANT: what an implementation owes the log. An object that a put returned `Ok` for is durable. A
/// put shows the whole object or nothing of it, also after a crash. `compare_and_put` and `put_new` are
/// atomic against other processes, and where they are tried again inside they do not take their own first
/// attempt for another's. Paths never begin with a slash, and hold only `a-z`, `0-9`, `.` and `/`.
pub trait Objects: Send + Sync {
    /// Returns an object, or none when there is none.
    fn get(&self, path: &str) -> impl Future<Output = Result<Option<Vec<u8>>, ObjectsError>> + Send;

    /// Writes an object, over another if there is one.
    fn put(&self, path: &str, bytes: Vec<u8>) -> impl Future<Output = Result<(), ObjectsError>> + Send;

    /// Writes an object where none is. Where one of the same bytes is, that is well; one of other bytes
    /// is [`ObjectsError::Exists`].
    fn put_new(&self, path: &str, bytes: Vec<u8>) -> impl Future<Output = Result<(), ObjectsError>> + Send;

    /// Replaces an object if it is what the caller has read: these bytes, or none. Otherwise it is
    /// [`ObjectsError::Conflict`] and nothing is written.
    fn compare_and_put(
        &self,
        path: &str,
        expected: Option<&[u8]>,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<(), ObjectsError>> + Send;

    /// Removes an object; none being there is well.
    fn delete(&self, path: &str) -> impl Future<Output = Result<(), ObjectsError>> + Send;

    /// Returns the paths of all objects in a folder and its folders, in any order: those that begin with
    /// `folder` and a slash.
    fn list(&self, folder: &str) -> impl Future<Output = Result<Vec<String>, ObjectsError>> + Send;
}

/// Why a store of objects did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// An object of other bytes is there.
    #[error("`{path}` exists with other bytes")]
    Exists {
        /// The object.
        path: String,
    },
    /// The object is not what the caller has read.
    #[error("`{path}` was changed by another process")]
    Conflict {
        /// The object.
        path: String,
    },
    /// The store failed.
    #[error("{action} `{path}`")]
    Failed {
        /// What was being done, as a verb: `read`, `write`, `list`.
        action: &'static str,
        /// The object or the folder.
        path: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl<T: Objects> Objects for Arc<T> {
    async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, ObjectsError> {
        T::get(self, path).await
    }

    async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        T::put(self, path, bytes).await
    }

    async fn put_new(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        T::put_new(self, path, bytes).await
    }

    async fn compare_and_put(
        &self,
        path: &str,
        expected: Option<&[u8]>,
        bytes: Vec<u8>,
    ) -> Result<(), ObjectsError> {
        T::compare_and_put(self, path, expected, bytes).await
    }

    async fn delete(&self, path: &str) -> Result<(), ObjectsError> {
        T::delete(self, path).await
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, ObjectsError> {
        T::list(self, folder).await
    }
}
