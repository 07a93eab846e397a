//! The hashes of RFC 6962, section 2.1, and the text that C2SP writes them as.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::LogError;

/// A SHA-256 hash. Its text is base64.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// The root of the tree without entries: the hash of nothing.
pub const EMPTY_ROOT: Hash = Hash(tlog_tiles::EMPTY_HASH.0);

impl Hash {
    /// Returns the hash of an entry: `SHA-256(0x00 || entry)`.
    #[must_use]
    pub fn of_entry(entry: &[u8]) -> Self {
        Self(tlog_tiles::record_hash(entry).0)
    }

    /// Returns the hash of a node: `SHA-256(0x01 || left || right)`.
    #[must_use]
    pub fn of_node(left: Self, right: Self) -> Self {
        Self(tlog_tiles::node_hash(left.into(), right.into()).0)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        let malformed = LogError::MalformedText { what: "hash", reason: "not the base64 of 32 bytes" };
        let Ok(bytes) = BASE64_STANDARD.decode(text) else { return Err(malformed) };
        bytes.try_into().map(Self).map_err(|_| malformed)
    }
}

impl From<tlog_tiles::Hash> for Hash {
    fn from(hash: tlog_tiles::Hash) -> Self {
        Self(hash.0)
    }
}

impl From<Hash> for tlog_tiles::Hash {
    fn from(hash: Hash) -> Self {
        Self(hash.0)
    }
}

/// Returns the root of the perfect tree over hashes whose number is a power of two.
pub(crate) fn perfect_root(hashes: &[Hash]) -> Hash {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        let (pairs, _) = row.as_chunks::<2>();
        row = pairs.iter().map(|[left, right]| Hash::of_node(*left, *right)).collect();
    }
    row.first().copied().unwrap_or(EMPTY_ROOT)
}

/// Returns the bytes of hashes, one after the other, as a tile holds them.
pub(crate) fn hashes_to_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Returns the hashes of a tile. None when the bytes end in the middle of one.
pub(crate) fn bytes_to_hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| hashes.iter().copied().map(Hash).collect())
}
