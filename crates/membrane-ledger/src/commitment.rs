//! Commitments: what a leaf has in place of a text that may have to be forgotten.
//!
//! A commitment is SHA-256 over a label, a random salt of 16 bytes, written as 32 hexadecimal digits, and the text. Who has both can show that this text
//! was meant; without the salt nobody can try texts, so that once salt and text are gone nothing of it is left in the log, and every proof stays as it was.
//!
//! INVARIANT: a salt has 32 digits. One of another length could take up the beginning of the text, or give some of itself to it.

use membrane_vault::salt;
use sha2::{Digest, Sha256};

use crate::LedgerError;

const LABEL: &[u8] = b"membrane-commitment/1\0";

/// A commitment to a text, and what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commitment {
    pub(crate) salt: String,
    pub(crate) commitment: String,
}

impl Commitment {
    /// Commits to a text.
    pub(crate) fn to(text: &str) -> Result<Self, LedgerError> {
        let salt = salt().map_err(|_| LedgerError::Random)?;
        let commitment = commitment_of(&salt, text);
        Ok(Self { salt, commitment })
    }
}

/// Digits of a salt.
const SALT_DIGITS: usize = 32;

/// Tells whether a salt and a text are what was committed to.
#[must_use]
pub fn opens(salt: &str, text: &str, commitment: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    salt.len() == SALT_DIGITS && salt.bytes().all(is_digit) && commitment_of(salt, text) == commitment
}

/// Returns the commitment to a text under a salt: 64 hexadecimal digits.
pub(crate) fn commitment_of(salt: &str, text: &str) -> String {
    hex::encode(Sha256::new().chain_update(LABEL).chain_update(salt).chain_update(text).finalize())
}

#[cfg(test)]
mod tests;
