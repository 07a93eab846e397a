//! Keyed pseudonyms: HMAC-SHA-256, cut to 16 bytes.
//!
//! A token says whether two values are equal and nothing else to whoever lacks the key. Its scope is in
//! its key, so tokens of two scopes never match. 16 bytes keep the chance that any two of a billion
//! different values share a token below 2^-68.

use std::fmt;

use hmac::Mac;
use membrane_model::SubjectId;

use crate::derive::{KeyedHash, keyed_hash};

/// Bytes of a token.
pub const TOKEN_LENGTH: usize = 16;

/// Makes the tokens of one scope. The key schedule was done when it was made.
#[derive(Clone)]
pub struct Tokenizer(KeyedHash);

impl Tokenizer {
    pub(crate) fn new<const N: usize>(key: &[u8; N]) -> Self {
        Self(keyed_hash(key))
    }

    /// Returns the token of a value.
    #[must_use]
    pub fn token(&self, value: &[u8]) -> [u8; TOKEN_LENGTH] {
        let mut hash = self.0.clone();
        hash.update(value);
        let full = hash.finalize().into_bytes();
        let mut token = [0_u8; TOKEN_LENGTH];
        for (to, from) in token.iter_mut().zip(full) {
            *to = from;
        }
        token
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokenizer(..)")
    }
}

/// Makes the subject ids of one identity kind.
#[derive(Clone)]
pub struct SubjectHasher(Tokenizer);

impl SubjectHasher {
    pub(crate) const fn new(tokenizer: Tokenizer) -> Self {
        Self(tokenizer)
    }

    /// Returns the id of the subject whom the channel knows by this value.
    #[must_use]
    pub fn subject_id(&self, value: &[u8]) -> SubjectId {
        SubjectId::from_bytes(self.0.token(value))
    }
}

impl fmt::Debug for SubjectHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectHasher(..)")
    }
}

/// Names a release after what was asked of which data: equal questions get equal names, and nobody
/// without the key can tell from a name what was asked.
#[derive(Clone)]
pub struct QueryKeyHasher(KeyedHash);

impl QueryKeyHasher {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(keyed_hash(key))
    }

    /// Returns the name of the question that these parts make, as 64 hexadecimal digits. Each part goes in
    /// with its length, so that no two lists of parts run together.
    #[must_use]
    pub fn hash(&self, parts: &[&[u8]]) -> String {
        hex::encode(hash_parts(&self.0, parts))
    }
}

impl fmt::Debug for QueryKeyHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueryKeyHasher(..)")
    }
}

/// Names deliveries after what was delivered: equal deliveries get equal names, and nobody without the key
/// can find a delivery's content or name by trying.
#[derive(Clone)]
pub struct DeliveryHasher(KeyedHash);

impl DeliveryHasher {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(keyed_hash(key))
    }

    /// Returns the name of the delivery that these parts make, as 64 hexadecimal digits. Each part goes in
    /// with its length, so that no two lists of parts run together.
    #[must_use]
    pub fn hash(&self, parts: &[&[u8]]) -> String {
        hex::encode(self.whole(parts))
    }

    /// Returns the same as 32 bytes.
    #[must_use]
    pub fn whole(&self, parts: &[&[u8]]) -> [u8; 32] {
        hash_parts(&self.0, parts)
    }

    /// Returns the first half of it: enough to tell a billion things apart but for a chance of 2^-68.
    #[must_use]
    pub fn short(&self, parts: &[&[u8]]) -> [u8; TOKEN_LENGTH] {
        let mut short = [0_u8; TOKEN_LENGTH];
        for (to, from) in short.iter_mut().zip(self.whole(parts)) {
            *to = from;
        }
        short
    }
}

impl fmt::Debug for DeliveryHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeliveryHasher(..)")
    }
}

/// Hashes parts, each behind its length.
fn hash_parts(key: &KeyedHash, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = key.clone();
    for part in parts {
        hash.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;
