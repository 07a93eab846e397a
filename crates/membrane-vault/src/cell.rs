//! Seals and opens the cells of one subject.

use std::fmt;

use membrane_model::SubjectId;
use zeroize::Zeroizing;

use crate::context::AssociatedData;
use crate::seal::{self, Cipher};
use crate::{CellContext, ColumnContext, VaultError};

/// The key of one subject's cells: 32 bytes, so that a million of them fit in memory. Each call expands
/// it, which costs about as much as sealing a short cell; for several cells of the same subject take
/// [`DataKey::cipher`] once.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    pub(crate) const fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Expands the key for several cells.
    #[must_use]
    pub fn cipher(&self) -> CellCipher {
        CellCipher(seal::cipher(&self.0))
    }

    /// Appends the sealed form of a value to `out`: `version 1 | nonce 12 | ciphertext | tag 16`.
    ///
    /// # Errors
    /// [`VaultError::Random`] when the operating system gave no randomness, [`VaultError::Seal`] when the
    /// value is longer than AES-GCM allows (64 GiB). `out` is then as it was.
    pub fn seal(
        &self,
        context: &CellContext<'_>,
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        self.cipher().seal(context, plaintext, out)
    }

    /// Appends the value of a sealed cell to `out`.
    ///
    /// # Errors
    /// [`VaultError::Open`] when the key or the context is another one, or a byte was changed. `out` is
    /// then as it was.
    pub fn open(
        &self,
        context: &CellContext<'_>,
        sealed: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        self.cipher().open(context, sealed, out)
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// A [`DataKey`], expanded. It is some 400 bytes: make it for a row, do not keep it for a table.
pub struct CellCipher(Cipher);

impl CellCipher {
    /// Appends the sealed form of a value to `out`; see [`DataKey::seal`].
    ///
    /// # Errors
    /// As [`DataKey::seal`].
    pub fn seal(
        &self,
        context: &CellContext<'_>,
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        self.seal_bound(&context.associated_data(), plaintext, out)
    }

    /// Appends the value of a sealed cell to `out`; see [`DataKey::open`].
    ///
    /// # Errors
    /// As [`DataKey::open`].
    pub fn open(
        &self,
        context: &CellContext<'_>,
        sealed: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        self.open_bound(&context.associated_data(), sealed, out)
    }

    /// Seals a cell of a column whose context was prepared; see [`DataKey::seal`].
    ///
    /// # Errors
    /// As [`DataKey::seal`].
    pub fn seal_in(
        &self,
        column: &ColumnContext,
        subject: &SubjectId,
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        self.seal_bound(&column.associated_data(subject), plaintext, out)
    }

    /// Opens a cell of a column whose context was prepared; see [`DataKey::open`].
    ///
    /// # Errors
    /// As [`DataKey::open`].
    pub fn open_in(
        &self,
        column: &ColumnContext,
        subject: &SubjectId,
        sealed: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        self.open_bound(&column.associated_data(subject), sealed, out)
    }

    fn seal_bound(
        &self,
        associated: &AssociatedData,
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        seal::seal(&self.0, associated.as_slice().ok_or(VaultError::Seal)?, plaintext, out)
    }

    fn open_bound(
        &self,
        associated: &AssociatedData,
        sealed: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        seal::open(&self.0, associated.as_slice().ok_or(VaultError::Open)?, sealed, out)
    }
}

impl fmt::Debug for CellCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CellCipher(..)")
    }
}

#[cfg(test)]
mod tests;
