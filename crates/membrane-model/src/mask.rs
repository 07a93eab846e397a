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

use crate::RevealLevel;

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

#[cfg(test)]
mod tests;
