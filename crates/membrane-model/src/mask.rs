//! The parameters of masks: a closed vocabulary, shared by contracts and policies.

use std::fmt;
use std::str::FromStr;

use crate::NameError;

/// What the level `partial` leaves visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartialMask {
    /// The first `prefix` and the last `suffix` characters; always hides at least two characters
    /// and half of the value.
    Window {
        /// Characters shown at the start.
        prefix: u8,
        /// Characters shown at the end.
        suffix: u8,
    },
    /// An e-mail address: first letter of the local part, and the domain.
    Email,
}

impl Default for PartialMask {
    fn default() -> Self {
        Self::Window { prefix: 1, suffix: 0 }
    }
}

impl fmt::Display for PartialMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Window { prefix, suffix } => write!(f, "partial({prefix},{suffix})"),
            Self::Email => f.write_str("email"),
        }
    }
}

impl FromStr for PartialMask {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || NameError::new("partial mask", "`email` or `partial(PREFIX,SUFFIX)`");
        if text == "email" {
            return Ok(Self::Email);
        }
        let inner =
            text.strip_prefix("partial(").and_then(|rest| rest.strip_suffix(')')).ok_or_else(fault)?;
        let (prefix, suffix) = inner.split_once(',').ok_or_else(fault)?;
        Ok(Self::Window {
            prefix: prefix.trim().parse().map_err(|_| fault())?,
            suffix: suffix.trim().parse().map_err(|_| fault())?,
        })
    }
}

/// How a value is made coarser, at ingest (protection) or at read (reveal level).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Generalisation {
    /// Date or timestamp to the first of its month.
    Month,
    /// Date or timestamp to the first of January.
    Year,
    /// Number to the lower edge of its band of this width (1 or more).
    Width(u32),
    /// Text to its first characters (1 or more).
    Prefix(u8),
}

impl fmt::Display for Generalisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Month => f.write_str("month"),
            Self::Year => f.write_str("year"),
            Self::Width(width) => write!(f, "width({width})"),
            Self::Prefix(length) => write!(f, "prefix({length})"),
        }
    }
}

impl FromStr for Generalisation {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || NameError::new("generalisation", "`month`, `year`, `width(N)` or `prefix(N)`");
        let argument = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        match text {
            "month" => Ok(Self::Month),
            "year" => Ok(Self::Year),
            _ => {
                if let Some(width) = argument("width") {
                    width.trim().parse().ok().filter(|width| *width > 0).map(Self::Width).ok_or_else(fault)
                } else if let Some(length) = argument("prefix") {
                    length
                        .trim()
                        .parse()
                        .ok()
                        .filter(|length| *length > 0)
                        .map(Self::Prefix)
                        .ok_or_else(fault)
                } else {
                    Err(fault())
                }
            }
        }
    }
}
