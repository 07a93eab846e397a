//! Messages of others: what a sender signs or encrypts with a secret that it shares with the hub.
//!
//! The secret is the sender's, and has nothing to do with the root key. Tags are compared in constant time; why one does not fit is not told.

use std::fmt;

use aes::Aes256;
use cbc::cipher::array::Array;
use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::VaultError;

/// Random bytes in front of an encrypted message.
const RANDOM_LENGTH: usize = 16;
/// What the text is filled up to a multiple of. PKCS #7 in form, with blocks longer than the cipher's.
const FILLED_TO: usize = 32;

/// A secret by which a sender signs what it sends. It is wiped when this is dropped.
#[derive(Clone)]
pub struct SharedSecret(Hmac<Sha256>);

impl SharedSecret {
    /// Takes the bytes of a secret.
    ///
    /// # Errors
    /// [`VaultError::SharedSecret`] when there are fewer than 16: it could be guessed.
    pub fn new(secret: &[u8]) -> Result<Self, VaultError> {
        if secret.len() < 16 {
            return Err(VaultError::SharedSecret);
        }
        Hmac::new_from_slice(secret).map(Self).map_err(|_| VaultError::SharedSecret)
    }

    /// Tells whether one of some tags is HMAC-SHA-256 (RFC 2104, FIPS 180-4) of a message, which is given in parts, under this secret. The message
    /// is hashed once, however many there are.
    #[must_use]
    pub fn signed(&self, message: &[&[u8]], tags: &[[u8; 32]]) -> bool {
        let mut hash = self.0.clone();
        for part in message {
            hash.update(part);
        }
        let right = hash.finalize();
        tags.iter().any(|tag| right.as_bytes().ct_eq(tag).into())
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

/// What WeChat and WeCom share with a server that takes in their messages: a token that is signed with, and the key of the encryption.
///
/// Source: developers.weixin.qq.com, "Technical Plan" of message encryption.
#[derive(Clone)]
pub struct WeixinSecret {
    token: Zeroizing<String>,
    key: Zeroizing<[u8; 32]>,
    receiver: String,
}

impl WeixinSecret {
    /// Takes the token, the 32 bytes of the decoded `EncodingAESKey`, and the id of the account that messages are for (app or corporation).
    ///
    /// # Errors
    /// [`VaultError::SharedSecret`] when the key is not of 32 bytes, or the token is empty.
    pub fn new(token: &str, key: &[u8], receiver: &str) -> Result<Self, VaultError> {
        let key: [u8; 32] = key.try_into().map_err(|_| VaultError::SharedSecret)?;
        if token.is_empty() {
            return Err(VaultError::SharedSecret);
        }
        let (token, key) = (Zeroizing::new(token.to_owned()), Zeroizing::new(key));
        Ok(Self { token, key, receiver: receiver.to_owned() })
    }

    /// Tells whether a signature is SHA-1, in hexadecimal digits, of the token and these texts, sorted and put together.
    ///
    /// What is signed so has no borders between its parts: they must be of forms that cannot run into one another.
    #[must_use]
    pub fn signed(&self, texts: &[&str], signature: &str) -> bool {
        let mut parts: Vec<&str> = texts.to_vec();
        parts.push(&self.token);
        parts.sort_unstable();
        let mut hash = Sha1::new();
        for part in parts {
            hash.update(part);
        }
        let mut given = [0_u8; 20];
        hex::decode_to_slice(signature, &mut given).is_ok() && hash.finalize().as_slice().ct_eq(&given).into()
    }

    /// Opens an encrypted message whose signature was checked: AES-256-CBC of 16 random bytes, the length, the message, and its receiver.
    ///
    /// # Errors
    /// [`VaultError::Open`] when it is none, or for somebody else.
    pub fn open(&self, encrypted: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (iv, _) = self.key.split_first_chunk::<16>().ok_or(VaultError::Open)?;
        let mut decryptor = cbc::Decryptor::<Aes256>::new((&*self.key).into(), iv.into());
        let mut text = Zeroizing::new(encrypted.to_vec());
        let (blocks, rest) = Array::slice_as_chunks_mut(&mut text);
        if !rest.is_empty() || blocks.is_empty() {
            return Err(VaultError::Open);
        }
        decryptor.decrypt_blocks(blocks);
        let filled = usize::from(*text.last().ok_or(VaultError::Open)?);
        let end = text.len().checked_sub(filled).ok_or(VaultError::Open)?;
        let (text, filling) = text.split_at_checked(end).ok_or(VaultError::Open)?;
        let fits =
            (1..=FILLED_TO).contains(&filled) && filling.iter().all(|byte| usize::from(*byte) == filled);
        if !fits {
            return Err(VaultError::Open);
        }
        let text = text.get(RANDOM_LENGTH..).ok_or(VaultError::Open)?;
        let (length, text) = text.split_first_chunk::<4>().ok_or(VaultError::Open)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| VaultError::Open)?;
        let (message, receiver) = text.split_at_checked(length).ok_or(VaultError::Open)?;
        if receiver != self.receiver.as_bytes() {
            return Err(VaultError::Open);
        }
        Ok(message.to_vec())
    }
}

impl fmt::Debug for WeixinSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeixinSecret(..)")
    }
}

#[cfg(test)]
mod tests;
