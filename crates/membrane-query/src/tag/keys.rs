//! Keys of members: who is asked about.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

use datafusion::arrow::array::{Array as _, AsArray as _};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::record_batch::RecordBatch;
use futures::{Stream, StreamExt as _};

use crate::error::QueryError;
use crate::mask::key::KEY_LENGTH;

/// Keys of members, each once.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TagKeys(HashSet<[u8; KEY_LENGTH], BuildHasherDefault<KeyHasher>>);

/// Hashes a key by its first bytes: it is the outcome of a keyed function, so that they are as good as random, and nobody chooses them.
#[derive(Clone, Copy, Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    // Before its bytes stands how many they are, which is the same for all.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

impl TagKeys {
    /// Adds a key; what is none is left out.
    pub fn insert(&mut self, key: &[u8]) {
        if let Ok(key) = key.try_into() {
            self.0.insert(key);
        }
    }

    /// Adds those of another.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Tells whether a key is among them.
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        <&[u8; KEY_LENGTH]>::try_from(key).is_ok_and(|key| self.0.contains(key))
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(<[u8; KEY_LENGTH]>::as_slice)
    }
}

// PRIVACY: a key links what is known of a member; how many there are is all that is shown.
impl fmt::Debug for TagKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TagKeys({})", self.0.len())
    }
}

/// Takes the keys out of a column of batches.
pub(super) async fn collect(
    mut stream: impl Stream<Item = Result<RecordBatch, QueryError>> + Unpin,
    column: usize,
) -> Result<TagKeys, QueryError> {
    let mut keys = TagKeys::default();
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let array = batch.columns().get(column).ok_or(QueryError::Failed)?;
        if *array.data_type() != DataType::BinaryView {
            return Err(QueryError::Failed);
        }
        array.as_binary_view().iter().flatten().for_each(|key| keys.insert(key));
    }
    Ok(keys)
}
