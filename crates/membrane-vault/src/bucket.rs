//! Bucket keys, which wrap data keys, and the wrapped form in which both are stored.
//!
//! A wrapped key is a sealed 32-byte value (61 bytes). A bucket key's associated data is its bucket id;
//! a data key's is its bucket id and its subject. A row of the key table that was given another subject
//! or bucket therefore does not open.

use std::fmt;

use membrane_model::SubjectId;
use zeroize::Zeroizing;

use crate::context::AssociatedData;
use crate::seal::{self, Cipher};
use crate::{DataKey, VaultError, random};

/// Data keys that one bucket key wraps at most. Erasing a subject re-wraps its bucket, so that old
/// backups of the key table are dead as well: the number bounds that work.
pub const SUBJECTS_PER_BUCKET: u32 = 4096;

/// Bytes of a wrapped key.
const WRAPPED_LENGTH: usize = 32 + seal::SEALED_OVERHEAD;

/// The id of a bucket of subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketId(pub u32);

impl fmt::Display for BucketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A key that is sealed under another key: fit to be stored.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey(Vec<u8>);

impl WrappedKey {
    /// How many bytes it has.
    pub const LENGTH: usize = WRAPPED_LENGTH;

    /// Takes the bytes that were stored. Whether they are a wrapped key shows when it is opened.
    #[must_use]
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the bytes to store, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappedKey({} bytes)", self.0.len())
    }
}

/// The key that wraps the data keys of one bucket of subjects.
pub struct BucketKey {
    id: BucketId,
    cipher: Cipher,
}

impl BucketKey {
    /// Makes the key of a bucket and its wrapped form.
    pub(crate) fn generate(id: BucketId, wrapping: &Cipher) -> Result<(Self, WrappedKey), VaultError> {
        let key = Zeroizing::new(random::bytes()?);
        let wrapped = wrap(wrapping, &bucket_context(id), &key)?;
        Ok((Self { id, cipher: seal::cipher(&key) }, wrapped))
    }

    /// Opens the wrapped key of a bucket.
    pub(crate) fn open(id: BucketId, wrapping: &Cipher, wrapped: &WrappedKey) -> Result<Self, VaultError> {
        let key = unwrap_key(wrapping, &bucket_context(id), wrapped)?;
        Ok(Self { id, cipher: seal::cipher(&key) })
    }

    /// Returns the bucket's id.
    #[must_use]
    pub const fn id(&self) -> BucketId {
        self.id
    }

    /// Makes a data key for a subject, and its wrapped form.
    ///
    /// # Errors
    /// [`VaultError::Random`] when the operating system gave no randomness.
    pub fn new_data_key(&self, subject: &SubjectId) -> Result<(DataKey, WrappedKey), VaultError> {
        let key = DataKey::new(Zeroizing::new(random::bytes()?));
        let wrapped = wrap(&self.cipher, &data_key_context(self.id, subject), key.as_bytes())?;
        Ok((key, wrapped))
    }

    /// Opens the wrapped data key of a subject.
    ///
    /// # Errors
    /// [`VaultError::Open`] when it was wrapped for another subject or bucket, or a byte was changed.
    pub fn open_data_key(&self, subject: &SubjectId, wrapped: &WrappedKey) -> Result<DataKey, VaultError> {
        unwrap_key(&self.cipher, &data_key_context(self.id, subject), wrapped).map(DataKey::new)
    }
}

impl fmt::Debug for BucketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BucketKey(..)")
    }
}

fn bucket_context(id: BucketId) -> AssociatedData {
    let mut data = AssociatedData::EMPTY;
    data.push(b"membrane/v1/bucket-key");
    data.push(&id.0.to_be_bytes());
    data
}

fn data_key_context(id: BucketId, subject: &SubjectId) -> AssociatedData {
    let mut data = AssociatedData::EMPTY;
    data.push(b"membrane/v1/data-key");
    data.push(&id.0.to_be_bytes());
    data.push(subject.as_bytes());
    data
}

fn wrap(cipher: &Cipher, context: &AssociatedData, key: &[u8; 32]) -> Result<WrappedKey, VaultError> {
    let mut wrapped = Vec::with_capacity(key.len() + seal::SEALED_OVERHEAD);
    seal::seal(cipher, context.as_slice().ok_or(VaultError::Seal)?, key, &mut wrapped)?;
    Ok(WrappedKey(wrapped))
}

fn unwrap_key(
    cipher: &Cipher,
    context: &AssociatedData,
    wrapped: &WrappedKey,
) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    seal::open_key(cipher, context.as_slice().ok_or(VaultError::Open)?, &wrapped.0)
}

#[cfg(test)]
mod tests;
