//! How a column is stored.

use std::fmt;
use std::str::FromStr;

use crate::{Generalisation, NameError};

/// How a column is stored. The contract says it for every column; there is no default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protection {
    /// As it is: not personal.
    Clear,
    /// As a keyed token only: joins and counts.
    Token,
    /// Encrypted under the subject's data key.
    Sealed,
    /// Both.
    SealedToken,
    /// Coarser than it came.
    Generalise(Generalisation),
    /// Not at all.
    Drop,
}

impl Protection {
    /// Tells whether a token is stored.
    #[must_use]
    pub const fn has_token(self) -> bool {
        matches!(self, Self::Token | Self::SealedToken)
    }

    /// Tells whether ciphertext is stored.
    #[must_use]
    pub const fn has_sealed(self) -> bool {
        matches!(self, Self::Sealed | Self::SealedToken)
    }

    /// Tells whether the stored value differs from the delivered one.
    #[must_use]
    pub const fn is_masking(self) -> bool {
        !matches!(self, Self::Clear)
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear => f.write_str("clear"),
            Self::Token => f.write_str("token"),
            Self::Sealed => f.write_str("sealed"),
            Self::SealedToken => f.write_str("sealed+token"),
            Self::Generalise(how) => write!(f, "generalise({how})"),
            Self::Drop => f.write_str("drop"),
        }
    }
}

impl FromStr for Protection {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || {
            NameError::new(
                "protection",
                "clear, token, sealed, sealed+token, generalise(month | year | width(N) | prefix(N)) or drop",
            )
        };
        Ok(match text {
            "clear" => Self::Clear,
            "token" => Self::Token,
            "sealed" => Self::Sealed,
            "sealed+token" => Self::SealedToken,
            "drop" => Self::Drop,
            _ => {
                let inner = text
                    .strip_prefix("generalise(")
                    .and_then(|rest| rest.strip_suffix(')'))
                    .ok_or_else(fault)?;
                Self::Generalise(inner.parse().map_err(|_| fault())?)
            }
        })
    }
}

#[cfg(test)]
mod tests;
