//! AES-256-GCM (NIST SP 800-38D) with random nonces, and the layout of what it makes.
//!
//! ```text
//! version 1 | nonce 12 | ciphertext, as long as the plaintext | tag 16
//! ```
//!
//! Nonces are 96 random bits. SP 800-38D, section 8.3, bounds a key to 2^32 seals then, for a chance of
//! 2^-32 that any nonce repeats. Every key here stays far below: a data key seals the cells of one
//! subject, a bucket key wraps 4,096 data keys, the wrapping key wraps the bucket keys, and a quarantine
//! key seals the rejected records of one dataset. Random nonces need no counter that must survive a crash
//! or a restored backup, which is how nonces come to repeat in practice.

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aes::Aes256Enc;
use aes_gcm::aes::cipher::consts::U12;
use aes_gcm::{AeadInOut, AesGcm, KeyInit};
use zeroize::{Zeroize, Zeroizing};

use crate::{VaultError, random};

/// AES-256-GCM that keeps the encryption round keys only: counter mode never decrypts a block.
pub(crate) type Cipher = AesGcm<Aes256Enc, U12>;

/// Bytes that sealing adds to a value.
pub const SEALED_OVERHEAD: usize = 1 + NONCE_LENGTH + TAG_LENGTH;

const VERSION: u8 = 1;
const NONCE_LENGTH: usize = 12;
const TAG_LENGTH: usize = 16;

/// Expands a key.
pub(crate) fn cipher(key: &[u8; 32]) -> Cipher {
    Cipher::new(key.into())
}

/// Appends the sealed form of `plaintext` to `out`. On failure `out` is as it was.
pub(crate) fn seal(
    cipher: &Cipher,
    associated: &[u8],
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), VaultError> {
    let nonce = random::bytes::<NONCE_LENGTH>()?;
    let start = out.len();
    out.reserve(plaintext.len() + SEALED_OVERHEAD);
    out.push(VERSION);
    out.extend_from_slice(&nonce);
    let body = out.len();
    out.extend_from_slice(plaintext);
    let cell = out.get_mut(body..).unwrap_or_default();
    match cipher.encrypt_inout_detached((&nonce).into(), associated, InOutBuf::from(cell)) {
        Ok(tag) => {
            out.extend_from_slice(&tag);
            Ok(())
        }
        Err(_) => {
            // PRIVACY: the plaintext was copied here; it must not stay behind in the spare room.
            out.get_mut(body..).unwrap_or_default().zeroize();
            out.truncate(start);
            Err(VaultError::Seal)
        }
    }
}

/// Appends the plaintext of `sealed` to `out`. On failure `out` is as it was.
pub(crate) fn open(
    cipher: &Cipher,
    associated: &[u8],
    sealed: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), VaultError> {
    let (nonce, ciphertext, tag) = parts(sealed).ok_or(VaultError::Open)?;
    let start = out.len();
    out.extend_from_slice(ciphertext);
    let cell = out.get_mut(start..).unwrap_or_default();
    // The tag is checked before a byte is decrypted.
    let opened = cipher.decrypt_inout_detached(nonce.into(), associated, InOutBuf::from(cell), tag.into());
    opened.map_err(|_| {
        out.truncate(start);
        VaultError::Open
    })
}

/// Returns the plaintext of `sealed`, a key: it never lies on the heap.
pub(crate) fn open_key(
    cipher: &Cipher,
    associated: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let (nonce, ciphertext, tag) = parts(sealed).ok_or(VaultError::Open)?;
    let mut key = Zeroizing::new(<[u8; 32]>::try_from(ciphertext).map_err(|_| VaultError::Open)?);
    let opened = InOutBuf::from(key.as_mut_slice());
    cipher
        .decrypt_inout_detached(nonce.into(), associated, opened, tag.into())
        .map_err(|_| VaultError::Open)?;
    Ok(key)
}

type Parts<'a> = (&'a [u8; NONCE_LENGTH], &'a [u8], &'a [u8; TAG_LENGTH]);

fn parts(sealed: &[u8]) -> Option<Parts<'_>> {
    let (version, rest) = sealed.split_first()?;
    if *version != VERSION {
        return None;
    }
    let (nonce, rest) = rest.split_first_chunk()?;
    let (ciphertext, tag) = rest.split_last_chunk()?;
    Some((nonce, ciphertext, tag))
}

#[cfg(test)]
mod tests;
