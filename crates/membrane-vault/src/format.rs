//! Format-preserving encryption of digits: FF1 of NIST SP 800-38G with AES-256.
//!
//! FF1 is the mode of that standard that still stands (FF3 was withdrawn). Over a small domain any such cipher is a
//! table that can be learnt, so fewer than six digits, a million values, are refused (SP 800-38G revision 1, draft).

use std::fmt;
use std::sync::Arc;

use aes::Aes256;
use fpe::ff1::{FF1, FlexibleNumeralString};

use crate::VaultError;

/// Fewest digits that are encrypted: 10^6 values.
pub const FORMAT_DIGITS_MIN: usize = 6;

/// Most digits that are encrypted: the cost grows with their square.
pub const FORMAT_DIGITS_MAX: usize = 64;

const RADIX: u32 = 10;

/// Encrypts digits into as many digits, for one scope. Whoever lacks the key learns of two results whether their values
/// are equal, and their length.
#[derive(Clone)]
pub struct FormatCipher(Arc<FF1<Aes256>>);

impl FormatCipher {
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, VaultError> {
        FF1::new(key, RADIX).map(|cipher| Self(Arc::new(cipher))).map_err(|_| VaultError::Format)
    }

    /// Encrypts digits, each 0 to 9. `tweak` says what they are digits of: under another tweak the same digits become
    /// others.
    ///
    /// # Errors
    /// [`VaultError::Format`] when there are fewer than [`FORMAT_DIGITS_MIN`] or more than [`FORMAT_DIGITS_MAX`], or one is
    /// no digit.
    pub fn encrypt(&self, tweak: &[u8], digits: &[u16]) -> Result<Vec<u16>, VaultError> {
        check(digits)?;
        let done = self.0.encrypt(tweak, &FlexibleNumeralString::from(digits.to_vec()));
        done.map(Vec::from).map_err(|_| VaultError::Format)
    }

    /// Decrypts what [`Self::encrypt`] made. Nothing in the hub turns a token back: only tests do.
    #[cfg(test)]
    fn decrypt(&self, tweak: &[u8], digits: &[u16]) -> Result<Vec<u16>, VaultError> {
        check(digits)?;
        let done = self.0.decrypt(tweak, &FlexibleNumeralString::from(digits.to_vec()));
        done.map(Vec::from).map_err(|_| VaultError::Format)
    }
}

fn check(digits: &[u16]) -> Result<(), VaultError> {
    let fits = (FORMAT_DIGITS_MIN..=FORMAT_DIGITS_MAX).contains(&digits.len())
        && digits.iter().all(|digit| u32::from(*digit) < RADIX);
    if fits { Ok(()) } else { Err(VaultError::Format) }
}

impl fmt::Debug for FormatCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormatCipher(..)")
    }
}

#[cfg(test)]
mod tests;
