//! The root key, from which every other key follows.

use std::fmt;

use zeroize::Zeroizing;

use crate::VaultError;

/// The root key: 32 random bytes from which every other key follows. Who has it has everything.
#[derive(Clone)]
pub struct RootKey(Zeroizing<[u8; 32]>);

impl RootKey {
    /// Makes a new root key from the operating system's randomness.
    ///
    /// # Panics
    /// When the operating system has no randomness to give, which Linux rules out after boot.
    #[must_use]
    pub fn generate() -> Self {
        Self(Zeroizing::new(rand::random()))
    }

    /// Reads a root key from 64 hexadecimal digits; white space around them is ignored.
    ///
    /// # Errors
    /// [`VaultError::RootKeyForm`] when the text is anything else.
    pub fn from_hex(text: &str) -> Result<Self, VaultError> {
        let mut key = Zeroizing::new([0_u8; 32]);
        hex::decode_to_slice(text.trim(), key.as_mut_slice()).map_err(|_| VaultError::RootKeyForm)?;
        Ok(Self(key))
    }

    /// Returns the key as 64 hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.as_slice()))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey(..)")
    }
}

#[cfg(test)]
mod tests;
