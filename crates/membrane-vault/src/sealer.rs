//! Seals short cells: AES-256-GCM to the bit as [`seal`] makes it, in two calls of the ciphers instead of five.
//!
//! A cell of 21 bytes is two blocks of AES and six of GHASH. `aes-gcm` encrypts the counter of the tag and those of the text, and
//! hashes associated data, text and lengths, each in a call of its own that waits for the one before; for so few blocks the waiting
//! is most of the work. Here all counters are encrypted together, and everything is hashed together:
//!
//! ```text
//! AES    nonce 1 (masks the tag) | nonce 2 | nonce 3 ..                      encrypted at once; 2 and on are the key stream
//! GHASH  0 .. | associated data, 0 .. | ciphertext, 0 .. | lengths           hashed at once
//! ```
//!
//! Blocks of zeros in front change no GHASH, which starts at zero: they fill up to the number of blocks that is hashed at a time.
//! Both primitives are those of `aes-gcm`; it opens what is sealed here, and seals what is longer. Tests hold every length against
//! it, and the published vectors.

use std::fmt;

use aes_gcm::KeyInit;
use aes_gcm::aes::cipher::{Array, BlockCipherEncrypt};
use aes_gcm::aes::{Aes256Enc, Block};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use membrane_model::SubjectId;
use zeroize::Zeroize;

use crate::context::ROOM;
use crate::seal::{self, Cipher, NONCE_LENGTH, SEALED_OVERHEAD, VERSION};
use crate::{ColumnContext, VaultError, random};

const BLOCK: usize = 16;
/// Blocks of text up to which a cell is short.
const TEXT_BLOCKS: usize = 7;
/// Blocks that GHASH takes at a time.
const TOGETHER: usize = 4;
/// Room for what is hashed: filling, associated data, text and lengths.
const HASHED_BLOCKS: usize = TOGETHER - 1 + ROOM.div_ceil(BLOCK) + TEXT_BLOCKS + 1;

/// A [`crate::DataKey`], expanded to seal. It is some 400 bytes: make it for a row, do not keep it for a table.
pub struct CellSealer {
    aes: Aes256Enc,
    ghash: GHash,
}

impl CellSealer {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let aes = Aes256Enc::new(key.into());
        let mut hash_key = Block::default();
        aes.encrypt_block(&mut hash_key);
        let ghash = GHash::new(&hash_key);
        hash_key.zeroize();
        Self { aes, ghash }
    }

    /// Seals a cell of a column whose context was prepared; see [`crate::DataKey::seal`].
    ///
    /// # Errors
    /// As [`crate::DataKey::seal`].
    pub fn seal_in(
        &self,
        column: &ColumnContext,
        subject: &SubjectId,
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        if plaintext.len() > TEXT_BLOCKS * BLOCK {
            let associated = column.associated_data(subject);
            let associated = associated.as_slice().ok_or(VaultError::Seal)?;
            return seal::seal(&Cipher::from(self.aes.clone()), associated, plaintext, out);
        }
        let nonce = random::bytes()?;
        let start = out.len();
        out.reserve(plaintext.len() + SEALED_OVERHEAD);
        out.push(VERSION);
        out.extend_from_slice(&nonce);
        let associated = column.parts(subject);
        let sealed = associated.and_then(|associated| self.encrypt(&nonce, &associated, plaintext, out));
        if sealed.is_none() {
            out.truncate(start);
        }
        sealed.ok_or(VaultError::Seal)
    }

    /// Appends a short text, encrypted, and its tag; none, and nothing appended, when text or associated data are longer than fits.
    #[inline]
    fn encrypt(
        &self,
        nonce: &[u8; NONCE_LENGTH],
        associated: &[&[u8]],
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let text_blocks = plaintext.len().div_ceil(BLOCK);
        let mut stream = [[0; BLOCK]; 1 + TEXT_BLOCKS];
        let stream = stream.get_mut(..=text_blocks)?;
        for (count, block) in (1_u32..).zip(stream.iter_mut()) {
            let (head, tail) = block.split_first_chunk_mut::<NONCE_LENGTH>()?;
            *head = *nonce;
            tail.copy_from_slice(&count.to_be_bytes());
        }
        self.aes.encrypt_blocks(Array::cast_slice_from_core_mut(stream));
        let (mask, stream) = stream.split_first()?;

        let associated_length = associated.iter().map(|part| part.len()).sum::<usize>();
        let associated_blocks = associated_length.div_ceil(BLOCK);
        let length = associated_blocks + text_blocks + 1;
        let filling = length.next_multiple_of(TOGETHER) - length;
        let mut hashed = [[0; BLOCK]; HASHED_BLOCKS];
        let (_, blocks) = hashed.split_at_mut_checked(filling)?;
        let (front, blocks) = blocks.split_at_mut_checked(associated_blocks)?;
        let mut room = front.as_flattened_mut();
        for part in associated {
            let (here, rest) = room.split_at_mut_checked(part.len())?;
            here.copy_from_slice(part);
            room = rest;
        }
        let (text, lengths) = blocks.split_at_mut_checked(text_blocks)?;
        let text = text.as_flattened_mut();
        text.get_mut(..plaintext.len())?.copy_from_slice(plaintext);
        for (byte, key) in text.iter_mut().zip(stream.as_flattened()) {
            *byte ^= *key;
        }
        let (text, rest) = text.split_at_mut_checked(plaintext.len())?;
        // What is left of the last block of the key stream is no part of the text.
        rest.fill(0);
        let (front, back) = lengths.first_mut()?.split_first_chunk_mut::<8>()?;
        *front = bits(associated_length)?.to_be_bytes();
        back.copy_from_slice(&bits(plaintext.len())?.to_be_bytes());
        out.extend_from_slice(text);

        let mut ghash = self.ghash.clone();
        ghash.update(Array::cast_slice_from_core(hashed.get(..filling + length)?));
        let mut tag: [u8; BLOCK] = ghash.finalize().into();
        for (byte, mask) in tag.iter_mut().zip(mask) {
            *byte ^= mask;
        }
        out.extend_from_slice(&tag);
        Some(())
    }
}

fn bits(bytes: usize) -> Option<u64> {
    u64::try_from(bytes).ok()?.checked_mul(8)
}

impl fmt::Debug for CellSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CellSealer(..)")
    }
}

#[cfg(test)]
mod tests;
