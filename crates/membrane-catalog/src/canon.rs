//! The canonical text of identifiers, so that one person's phone gives one token in every channel.

use std::borrow::Cow;

use crate::{Column, Standard, Standardised};

/// The canonical form of identifiers of one domain: the text from which tokens and subject ids are made. The domain is an
/// identity kind or a class; its last part says what the text is.
///
/// | domain ends in | canonical text |
/// | --- | --- |
/// | `phone` | no spaces, `-`, `(`, `)`, `.`; no `+86` or `0086` in front of a mainland mobile number |
/// | `email` | no spaces around, lower case |
/// | anything else | as it is |
///
/// Of a column with a [`Standard`] the canonical text is made of the standard one, so that what a contract without one and a
/// contract with one call a mobile number of mainland China has one token. No two telephone numbers or addresses in standard form
/// have one canonical text. Without a standard, a sealed cell keeps what was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canon {
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// Any other text.
    Exact,
}

impl Canon {
    /// Returns the form of a domain.
    #[must_use]
    pub fn of(domain: &str) -> Self {
        match domain.rsplit('.').next() {
            Some("phone") => Self::Phone,
            Some("email") => Self::Email,
            _ => Self::Exact,
        }
    }

    /// Returns the canonical text.
    #[must_use]
    pub fn apply(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Phone => phone(text),
            Self::Email => email(text),
            Self::Exact => Cow::Borrowed(text),
        }
    }
}

/// From what somebody writes to the text of which tokens are made: first the column's standard, then the canonical form of
/// its domain. Ingest has standardised a value by the time it makes tokens; who looks one up writes it as they like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spelling {
    standard: Option<Standard>,
    canon: Canon,
}

impl Spelling {
    /// Returns the spelling of a column's tokens.
    #[must_use]
    pub fn of(column: &Column) -> Self {
        Self { standard: column.standard, canon: Canon::of(&column.token_domain()) }
    }

    /// Returns the spelling of a column whose values are stored, and made tokens of as they are.
    #[must_use]
    pub const fn stored(column: &Column) -> Self {
        Self { standard: column.standard, canon: Canon::Exact }
    }

    /// Returns the text of which the token is made. Of what the column could not have, it is a token that is in no row.
    #[must_use]
    pub fn apply(self, text: &str) -> Cow<'_, str> {
        match self.standard(text) {
            Cow::Borrowed(text) => self.canon.apply(text),
            Cow::Owned(text) => Cow::Owned(self.canon.apply(&text).into_owned()),
        }
    }

    /// Returns the text that is stored of it: the standard one.
    #[must_use]
    pub fn standard(self, text: &str) -> Cow<'_, str> {
        match self.standard.map(|standard| standard.apply(text)) {
            Some(Standardised::Text(standard)) => standard,
            Some(Standardised::Blank | Standardised::Unreadable) | None => Cow::Borrowed(text),
        }
    }
}

fn phone(text: &str) -> Cow<'_, str> {
    let separator = |letter: char| letter.is_whitespace() || matches!(letter, '-' | '(' | ')' | '.');
    if text.contains(separator) {
        let bare: String = text.chars().filter(|letter| !separator(*letter)).collect();
        let national = without_country(&bare).len();
        let prefix = bare.len() - national;
        return Cow::Owned(bare.chars().skip(prefix).collect());
    }
    Cow::Borrowed(without_country(text))
}

/// Cuts `+86`, `0086` or `86` off an 11-digit mobile number; other numbers stay whole.
fn without_country(text: &str) -> &str {
    let mobile = |rest: &&str| {
        rest.len() == 11 && rest.starts_with('1') && rest.bytes().all(|byte| byte.is_ascii_digit())
    };
    ["+86", "0086", "86"]
        .into_iter()
        .find_map(|country| text.strip_prefix(country).filter(mobile))
        .unwrap_or(text)
}

fn email(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if trimmed.chars().any(char::is_uppercase) {
        Cow::Owned(trimmed.to_lowercase())
    } else {
        Cow::Borrowed(trimmed)
    }
}

#[cfg(test)]
mod tests;
