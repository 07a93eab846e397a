//! Numbers that are written the same way everywhere.

use std::fmt;

use crate::ReportError;

/// A number in decimal. No grouping and no rounding: what a report says can be searched for and added up.
///
/// INVARIANT: the text is a number of JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// Makes the shortest decimal that reads back as the same number.
    ///
    /// # Errors
    ///
    /// [`ReportError::Number`] for infinities and not-a-number.
    pub fn from_f64(number: f64) -> Result<Self, ReportError> {
        if number.is_finite() { Ok(Self(number.to_string())) } else { Err(ReportError::Number) }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self(number.to_string())
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
