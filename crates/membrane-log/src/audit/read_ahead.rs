//! Reads the next bundles and tiles together, before they are come to one by one.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::join::{WAVE, join_all};
use crate::tile::{Kind, TILE_WIDTH, Tile};
use crate::{Objects, ObjectsError};

/// Bundles that are read together; each with its tile.
const BUNDLES: u64 = WAVE as u64 / 2;

/// A store, some objects of which have been read already.
pub(super) struct ReadAhead<'a, O> {
    objects: &'a O,
    fetched: Mutex<HashMap<String, Vec<u8>>>,
}

impl<'a, O: Objects> ReadAhead<'a, O> {
    pub(super) fn new(objects: &'a O) -> Self {
        Self { objects, fetched: Mutex::default() }
    }

    /// Reads the bundle of an index, those that follow it, and their tiles, if it is the first of a wave.
    pub(super) async fn fetch(&self, index: u64, first: u64, size: u64) -> Result<(), ObjectsError> {
        if index != first && !index.is_multiple_of(BUNDLES) {
            return Ok(());
        }
        let last = (index / BUNDLES + 1) * BUNDLES;
        let paths: Vec<String> = (index..last.min(size.div_ceil(u64::from(TILE_WIDTH))))
            .flat_map(|index| [Kind::Entries, Kind::Hashes(0)].map(|kind| Tile::in_tree(kind, index, size)))
            .flatten()
            .map(Tile::path)
            .collect();
        let objects = join_all(paths.iter().map(|path| self.objects.get(path))).await;
        let mut fetched = HashMap::with_capacity(paths.len());
        for (path, bytes) in paths.into_iter().zip(objects) {
            // What is missing is asked for again, which tells so.
            if let Some(bytes) = bytes? {
                fetched.insert(path, bytes);
            }
        }
        *self.lock() = fetched;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<u8>>> {
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<O: Objects> Objects for ReadAhead<'_, O> {
    async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, ObjectsError> {
        let fetched = self.lock().remove(path);
        match fetched {
            Some(bytes) => Ok(Some(bytes)),
            None => self.objects.get(path).await,
        }
    }

    async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        self.objects.put(path, bytes).await
    }

    async fn put_new(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        self.objects.put_new(path, bytes).await
    }

    async fn compare_and_put(
        &self,
        path: &str,
        expected: Option<&[u8]>,
        bytes: Vec<u8>,
    ) -> Result<(), ObjectsError> {
        self.objects.compare_and_put(path, expected, bytes).await
    }

    async fn delete(&self, path: &str) -> Result<(), ObjectsError> {
        self.objects.delete(path).await
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, ObjectsError> {
        self.objects.list(folder).await
    }
}
