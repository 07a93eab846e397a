//! Checks of form and check digits, for values that a pattern alone cannot judge.
//!
//! They run once per cell: each is one pass over the bytes, without allocation.

mod email;
mod identity_number;
mod luhn;
mod phone;

use std::fmt;
use std::str::FromStr;

use membrane_model::NameError;

pub(crate) use email::{is_domain as is_mail_domain, is_local as is_mail_local};
pub(crate) use identity_number::check_character as identity_check_character;

/// A check of a text value (`membrane.check` in a contract).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FormatCheck {
    /// An 18-digit citizen identification number: a day that exists and the check digit of GB 11643.
    ChineseIdentityNumber,
    /// A card or account number of 8 to 19 digits with the check digit of ISO/IEC 7812 (Luhn).
    Luhn,
    /// An e-mail address as mail servers in practice accept it: ASCII, no quoting, a domain with a dot.
    Email,
    /// A mobile number of mainland China: 11 digits, `+86` in front or not.
    MobileChina,
    /// An international number: `+` and 7 to 15 digits.
    E164,
}

impl FormatCheck {
    /// Every check, in the order of the documentation.
    pub const ALL: [Self; 5] =
        [Self::ChineseIdentityNumber, Self::Luhn, Self::Email, Self::MobileChina, Self::E164];

    /// Returns the word in a contract.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChineseIdentityNumber => "chinese_identity_number",
            Self::Luhn => "luhn",
            Self::Email => "email",
            Self::MobileChina => "mobile_china",
            Self::E164 => "e164",
        }
    }

    /// Returns the most characters that a value can have which passes.
    #[must_use]
    pub const fn length_max(self) -> usize {
        match self {
            Self::ChineseIdentityNumber => 18,
            Self::Luhn => 19,
            Self::Email => 254,
            Self::MobileChina => 14,
            Self::E164 => 16,
        }
    }

    /// Tells whether a value passes. The value is taken as it is: spaces around it fail.
    #[must_use]
    pub fn accepts(self, value: &str) -> bool {
        let bytes = value.as_bytes();
        match self {
            Self::ChineseIdentityNumber => identity_number::accepts(bytes),
            Self::Luhn => luhn::accepts(bytes),
            Self::Email => email::accepts(bytes),
            Self::MobileChina => phone::accepts_mobile_china(bytes),
            Self::E164 => phone::accepts_e164(bytes),
        }
    }
}

impl fmt::Display for FormatCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FormatCheck {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|check| check.as_str() == text).ok_or_else(|| {
            NameError::new("check", "chinese_identity_number, luhn, email, mobile_china or e164")
        })
    }
}

#[cfg(test)]
mod tests;
