//! What the level `partial` leaves of a text.

use std::fmt;
use std::str::FromStr;

use crate::NameError;

/// What the level `partial` leaves of a text. At least two characters and half of the value are always hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartialMask {
    /// The first `prefix` and the last `suffix` characters, the others starred out.
    Window {
        /// Characters shown at the start.
        prefix: u8,
        /// Characters shown at the end.
        suffix: u8,
    },
    /// An e-mail address: first letter of the local part, and the domain.
    Email,
    /// The shape: `n` for each digit, `x` for each other character but a few marks.
    Alphanum,
    /// The first four characters, and the shape of the rest.
    FirstFour,
    /// The last four characters, and the shape of the rest.
    LastFour,
}

impl PartialMask {
    /// The masks without parameters, by their names.
    const NAMED: [(&'static str, Self); 4] = [
        ("email", Self::Email),
        ("mask-alphanum", Self::Alphanum),
        ("show-first-4", Self::FirstFour),
        ("show-last-4", Self::LastFour),
    ];
}

impl fmt::Display for PartialMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Window { prefix, suffix } = self {
            return write!(f, "partial({prefix},{suffix})");
        }
        let name = Self::NAMED.iter().find(|(_, mask)| mask == self).map(|(name, _)| *name);
        f.write_str(name.unwrap_or_default())
    }
}

impl FromStr for PartialMask {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || {
            NameError::new(
                "partial mask",
                "`email`, `partial(PREFIX,SUFFIX)`, `mask-alphanum`, `show-first-4` or `show-last-4`",
            )
        };
        if let Some((_, mask)) = Self::NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(*mask);
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
