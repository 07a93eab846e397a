//! Fingerprints: what a value is known by where the value itself is not kept.

use std::hash::{BuildHasher, Hasher as _, RandomState};

/// A keyed 128-bit hash: no input can be made to collide. The bytes are read once; both halves come from the
/// 256-bit state of SipHash-1-3 that they leave, as in its variant of 128 bits.
pub(crate) struct Fingerprint(RandomState);

impl Fingerprint {
    /// Takes a key of its own.
    pub(crate) fn new() -> Self {
        Self(RandomState::new())
    }

    pub(crate) fn of(&self, bytes: &[u8]) -> u128 {
        let mut hasher = self.0.build_hasher();
        hasher.write(bytes);
        let first = hasher.finish();
        hasher.write_u8(0xff);
        u128::from(first) << 64 | u128::from(hasher.finish())
    }
}

#[cfg(test)]
mod tests;
