//! Signatures: Ed25519 (RFC 8032) under a key that follows from the root key.
//!
//! Whoever can write to the ledger but has no root key cannot make a document that this hub takes for its own; whoever has the
//! public key alone can check one anywhere.

use std::fmt;

use ed25519_dalek::{Signature, SigningKey, VerifyingKey};

use crate::VaultError;

/// Signs texts. The key is wiped when this is dropped.
#[derive(Clone)]
pub struct Signer(SigningKey);

impl Signer {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(key))
    }

    /// Signs a text: 128 hexadecimal digits.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        use ed25519_dalek::Signer as _;
        hex::encode(self.0.sign(text.as_bytes()).to_bytes())
    }

    /// Returns the public key: 64 hexadecimal digits.
    #[must_use]
    pub fn public_key(&self) -> String {
        hex::encode(self.0.verifying_key().to_bytes())
    }

    /// Checks a signature of this signer's.
    ///
    /// # Errors
    /// [`VaultError::Signature`] when it is not one of this text by this key.
    pub fn verify(&self, text: &str, signature: &str) -> Result<(), VaultError> {
        verify(&self.0.verifying_key(), text, signature)
    }
}

/// Checks a signature with the public key alone.
///
/// # Errors
/// [`VaultError::Signature`] when the key is no key, or the signature is not one of this text by it.
pub fn verify_signature(public_key: &str, text: &str, signature: &str) -> Result<(), VaultError> {
    let mut key = [0_u8; 32];
    hex::decode_to_slice(public_key, &mut key).map_err(|_| VaultError::Signature)?;
    let key = VerifyingKey::from_bytes(&key).map_err(|_| VaultError::Signature)?;
    verify(&key, text, signature)
}

// Strict: a text has one signature by a key, and a weak key none.
fn verify(key: &VerifyingKey, text: &str, signature: &str) -> Result<(), VaultError> {
    let mut bytes = [0_u8; 64];
    hex::decode_to_slice(signature, &mut bytes).map_err(|_| VaultError::Signature)?;
    key.verify_strict(text.as_bytes(), &Signature::from_bytes(&bytes)).map_err(|_| VaultError::Signature)
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

#[cfg(test)]
mod tests;
