//! How much of a value reaches a place.

use membrane_model::{Protection, RevealLevel};

/// How much of a value reaches a place, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Nothing: NULL in every row.
    Null,
    /// Its part in a sum with noise.
    Noise,
    /// The value, sealed: the hub can open it again.
    Sealed,
    /// A keyed pseudonym.
    Token,
    /// A coarser value.
    Generalised,
    /// A part of it.
    Partial,
    /// The value itself.
    Clear,
}

impl Reach {
    /// Returns what a contract lets lie in a table.
    pub(crate) const fn of_protection(protection: Protection) -> Self {
        match protection {
            Protection::Clear => Self::Clear,
            Protection::Token => Self::Token,
            Protection::Sealed | Protection::SealedToken => Self::Sealed,
            Protection::Generalise(_) => Self::Generalised,
            Protection::Drop => Self::Null,
        }
    }

    /// Returns what is seen at a level.
    pub(crate) const fn of_level(level: RevealLevel) -> Self {
        match level {
            RevealLevel::Null => Self::Null,
            RevealLevel::Token => Self::Token,
            RevealLevel::Generalised => Self::Generalised,
            RevealLevel::Partial => Self::Partial,
            RevealLevel::Clear => Self::Clear,
        }
    }

    /// Returns what is left after another step. What was sealed can be opened: what counts then is what is done with it.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        match self {
            Self::Sealed | Self::Clear => next,
            _ if next == Self::Sealed => self,
            _ => self.min(next),
        }
    }

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Noise => "noise",
            Self::Sealed => "sealed",
            Self::Token => "token",
            Self::Generalised => "generalised",
            Self::Partial => "partial",
            Self::Clear => "clear",
        }
    }
}
