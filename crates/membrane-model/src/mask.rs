//! How a cell is shown, and the parameters of masks: a closed vocabulary, shared by contracts and policies.
//!
//! Some masks have a second name, that of the same action in the read restrictions of the Iceberg REST catalog
//! specification (`mask-alphanum`, `show-last-4` and others), so that policies can be taken over from there.

mod generalisation;
mod partial;
mod token;

pub use generalisation::Generalisation;
pub use partial::PartialMask;
pub use token::TokenForm;

use std::fmt;
use std::str::FromStr;

use crate::{NameError, RevealLevel};

/// How a cell is shown: a level, with what only that level needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// The value itself.
    Clear,
    /// A part of it.
    Partial(PartialMask),
    /// A coarser value.
    Generalised(Generalisation),
    /// A keyed pseudonym.
    Token(TokenForm),
    /// NULL.
    Null,
}

impl Shown {
    /// Returns the level.
    #[must_use]
    pub const fn level(self) -> RevealLevel {
        match self {
            Self::Clear => RevealLevel::Clear,
            Self::Partial(_) => RevealLevel::Partial,
            Self::Generalised(_) => RevealLevel::Generalised,
            Self::Token(_) => RevealLevel::Token,
            Self::Null => RevealLevel::Null,
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear => f.write_str("clear"),
            Self::Partial(mask) => mask.fmt(f),
            Self::Generalised(how) => how.fmt(f),
            Self::Token(TokenForm::Opaque) => f.write_str("token"),
            Self::Token(form) => write!(f, "token({form})"),
            Self::Null => f.write_str("null"),
        }
    }
}

impl FromStr for Shown {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "clear" => return Ok(Self::Clear),
            "token" => return Ok(Self::Token(TokenForm::Opaque)),
            "null" => return Ok(Self::Null),
            _ => {}
        }
        let form = text.strip_prefix("token(").and_then(|rest| rest.strip_suffix(')'));
        let form = form.and_then(|form| form.parse().ok()).map(Self::Token);
        form.or_else(|| text.parse().ok().map(Self::Partial))
            .or_else(|| text.parse().ok().map(Self::Generalised))
            .ok_or_else(|| {
                NameError::new("way to show a column", "`clear`, `null`, `token` or the name of a mask")
            })
    }
}

#[cfg(test)]
mod tests;
