//! Derives one key per use and scope from the root key: HKDF-Expand of RFC 5869 with HMAC-SHA-256.
//!
//! The root key is uniformly random, so the extract step is left out (RFC 5869, section 3.3) and the root
//! key is the PRK. The output is one block, hence `HMAC(root, info || 0x01)` with
//! `info = label || 0x00 || scope`. No label contains the byte 0, so no two (label, scope) pairs make the
//! same `info`: a key for one use or scope says nothing about a key for another.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// HMAC-SHA-256 with its key schedule done.
pub(crate) type KeyedHash = Hmac<Sha256>;

/// What a derived key is used for. The labels are part of the stored format: they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyUse {
    /// Subject ids of one identity kind.
    Subject,
    /// Storage tokens of one domain.
    Token,
    /// Tokens shown to one purpose or partner.
    ShownToken,
    /// Digits shown in their format to one purpose or partner.
    ShownFormat,
    /// Wrapping of bucket keys.
    BucketWrap,
    /// Quarantined rows of one dataset.
    Quarantine,
    /// Signing of bearers.
    Bearer,
    /// Choice of groups and rows when contributions are bounded.
    Sampling,
    /// Names of releases.
    QueryKey,
    /// To tell whether two places use one root key.
    Check,
    /// Signing of what is published and granted in one hub.
    Signing,
    /// Names of deliveries in the tables' logs.
    Delivery,
    /// Signing of receipts of one hub.
    Receipt,
    /// Signing of the log of one hub, one key after the other.
    Log,
}

impl KeyUse {
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Subject => "membrane/v1/subject",
            Self::Token => "membrane/v1/token",
            Self::ShownToken => "membrane/v1/shown-token",
            Self::ShownFormat => "membrane/v1/shown-format",
            Self::BucketWrap => "membrane/v1/bucket-wrap",
            Self::Quarantine => "membrane/v1/quarantine",
            Self::Bearer => "membrane/v1/bearer",
            Self::Sampling => "membrane/v1/sampling",
            Self::QueryKey => "membrane/v1/query-key",
            Self::Check => "membrane/v1/check",
            Self::Signing => "membrane/v1/signing",
            Self::Delivery => "membrane/v1/delivery",
            Self::Receipt => "membrane/v1/receipt",
            Self::Log => "membrane/v1/log",
        }
    }
}

/// Does the key schedule of HMAC-SHA-256 once; clones of the result start from there.
pub(crate) fn keyed_hash<const N: usize>(key: &[u8; N]) -> KeyedHash {
    const { assert!(N <= 64, "HMAC hashes longer keys first; ours are 32 bytes") };
    let mut block = Zeroizing::new([0_u8; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    KeyedHash::new((&*block).into())
}

/// Derives the key for one use and scope.
pub(crate) fn derive(root: &KeyedHash, key_use: KeyUse, scope: &[u8]) -> Zeroizing<[u8; 32]> {
    expand(root, &[key_use.label().as_bytes(), &[0], scope])
}

/// HKDF-Expand to one block; `info` is given in parts.
fn expand(prk: &KeyedHash, info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut hash = prk.clone();
    for part in info {
        hash.update(part);
    }
    hash.update(&[1]);
    Zeroizing::new(hash.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests;
