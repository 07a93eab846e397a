//! Objects in memory: for tests, and for logs that are carried somewhere else at once.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Objects, ObjectsError};

/// Objects in memory.
#[derive(Debug, Default)]
pub struct Memory {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Memory {
    /// Returns a copy of all objects, by path.
    #[must_use]
    pub fn snapshot(&self) -> BTreeMap<String, Vec<u8>> {
        self.lock().clone()
    }

    /// Returns a store that holds these objects.
    #[must_use]
    pub fn from_snapshot(objects: BTreeMap<String, Vec<u8>>) -> Self {
        Self { objects: Mutex::new(objects) }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Objects for Memory {
    async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, ObjectsError> {
        Ok(self.lock().get(path).cloned())
    }

    async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        self.lock().insert(path.to_owned(), bytes);
        Ok(())
    }

    async fn put_new(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        let mut objects = self.lock();
        let there = objects.entry(path.to_owned()).or_insert_with(|| bytes.clone());
        if *there == bytes { Ok(()) } else { Err(ObjectsError::Exists { path: path.to_owned() }) }
    }

    async fn compare_and_put(
        &self,
        path: &str,
        expected: Option<&[u8]>,
        bytes: Vec<u8>,
    ) -> Result<(), ObjectsError> {
        let mut objects = self.lock();
        if objects.get(path).map(Vec::as_slice) != expected {
            return Err(ObjectsError::Conflict { path: path.to_owned() });
        }
        objects.insert(path.to_owned(), bytes);
        Ok(())
    }

    async fn delete(&self, path: &str) -> Result<(), ObjectsError> {
        self.lock().remove(path);
        Ok(())
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, ObjectsError> {
        let prefix = format!("{folder}/");
        Ok(self.lock().keys().filter(|path| path.starts_with(&prefix)).cloned().collect())
    }
}
