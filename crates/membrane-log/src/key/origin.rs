//! The name of a log, or of a witness.

use std::fmt;

use crate::LogError;

/// Bytes of the longest origin. ML-DSA cosignatures give its length one byte (c2sp.org/tlog-cosignature).
const ORIGIN_BYTES_MAX: usize = 255;

/// The name of a log, as in the first line of its checkpoints; also the name of its keys, and of
/// witnesses. It should be a URL without its scheme.
///
/// INVARIANT: not empty, without spaces, plus signs and control characters, so that it can name a key.
/// (c2sp.org/tlog-checkpoint only recommends this of an origin; c2sp.org/signed-note demands it of keys.)
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// Makes an origin.
    ///
    /// # Errors
    ///
    /// [`LogError::Origin`].
    pub fn new(text: &str) -> Result<Self, LogError> {
        if text.len() > ORIGIN_BYTES_MAX {
            return Err(LogError::Origin("longer than 255 bytes"));
        }
        if !signed_note::is_key_name_valid(text) {
            return Err(LogError::Origin("empty, or with a space or a plus sign"));
        }
        if text.chars().any(char::is_control) {
            return Err(LogError::Origin("with a control character"));
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
