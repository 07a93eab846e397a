//! Cosignatures: what a witness says of a checkpoint that it has seen, and when (c2sp.org/tlog-cosignature).

use crate::{Origin, VerifierKey};

/// The latest time that a cosignature may bear: what fits a signed number.
const TIMESTAMP_MAX: u64 = i64::MAX.unsigned_abs();

/// A cosignature that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// The name of the witness.
    pub witness: Origin,
    /// The id of its key.
    pub key_id: u32,
    /// When it cosigned, in seconds since 1970. Whether that is fresh enough, or in the future, is for the
    /// caller to say, who has a clock.
    pub timestamp_s: u64,
}

/// Returns the message that a cosignature is the signature of.
#[must_use]
pub fn cosigned_message(timestamp_s: u64, checkpoint_text: &[u8]) -> Vec<u8> {
    let mut message = format!("cosignature/v1\ntime {timestamp_s}\n").into_bytes();
    message.extend_from_slice(checkpoint_text);
    message
}

/// Tells whether `timestamp || signature` is a cosignature of a checkpoint's text.
pub(crate) fn check_cosignature(witness: &VerifierKey, text: &[u8], signature: &[u8]) -> bool {
    let Some((timestamp_s, signature)) = split_cosignature(signature) else { return false };
    witness.verify_strictly(&cosigned_message(timestamp_s, text), signature)
}

/// Returns the time in a cosignature, and the signature. None when it cannot be one.
pub(crate) fn split_cosignature(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (timestamp_s, signature) = bytes.split_first_chunk::<8>()?;
    let timestamp_s = u64::from_be_bytes(*timestamp_s);
    (timestamp_s <= TIMESTAMP_MAX).then_some((timestamp_s, signature))
}

#[cfg(test)]
mod tests;
