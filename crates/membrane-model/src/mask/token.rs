//! How a token looks.

use std::fmt;
use std::str::FromStr;

use crate::NameError;

/// How a token looks. Of either form equal values have equal tokens within one scope, and tokens of two scopes never
/// match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum TokenForm {
    /// 22 characters of base64url.
    #[default]
    Opaque,
    /// The digits of the value encrypted among themselves (FF1 of NIST SP 800-38G), so that length and marks between
    /// the digits stay. For text of at least six digits.
    Ff1,
}

impl fmt::Display for TokenForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Opaque => "opaque",
            Self::Ff1 => "ff1",
        })
    }
}

impl FromStr for TokenForm {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "opaque" => Ok(Self::Opaque),
            "ff1" => Ok(Self::Ff1),
            _ => Err(NameError::new("token form", "`opaque` or `ff1`")),
        }
    }
}
