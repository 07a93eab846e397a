//! How much of a column a principal sees.

use std::fmt;
use std::str::FromStr;

use crate::NameError;

/// How much of a column a principal sees, from least to most. A principal to whom no level is
/// permitted does not see that the column exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevealLevel {
    /// NULL in every row.
    Null,
    /// A keyed pseudonym, scoped to the purpose or the partner: equal values show equal tokens.
    Token,
    /// A coarser value: a month for a day, a band for an age.
    Generalised,
    /// Part of the value, the rest starred out.
    Partial,
    /// The value itself.
    Clear,
}

impl RevealLevel {
    /// Every level, highest first: the order in which they are tried.
    pub const HIGHEST_FIRST: [Self; 5] =
        [Self::Clear, Self::Partial, Self::Generalised, Self::Token, Self::Null];

    /// Returns the Cedar action that permits this level.
    #[must_use]
    pub const fn cedar_action(self) -> &'static str {
        match self {
            Self::Null => "readNull",
            Self::Token => "readToken",
            Self::Generalised => "readGeneralised",
            Self::Partial => "readPartial",
            Self::Clear => "readClear",
        }
    }

    /// Returns the word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Token => "token",
            Self::Generalised => "generalised",
            Self::Partial => "partial",
            Self::Clear => "clear",
        }
    }
}

impl fmt::Display for RevealLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RevealLevel {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::HIGHEST_FIRST
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or_else(|| NameError::new("reveal level", "clear, partial, generalised, token or null"))
    }
}
