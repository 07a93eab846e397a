//! Ids that stay the same from report to report.

use std::fmt;

use crate::ReportError;

/// The longest id.
const BYTES_MAX: usize = 64;

/// The id of a section, a table or a column: an anchor in HTML, a key in JSON.
///
/// INVARIANT: lower-case ASCII letters, digits, `-` and `_`, so it stands in attributes without escaping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

impl Slug {
    /// Checks an id.
    ///
    /// # Errors
    ///
    /// [`ReportError::Slug`].
    pub fn new(text: impl Into<String>) -> Result<Self, ReportError> {
        let text = text.into();
        let fits = text.len() <= BYTES_MAX && text.starts_with(|first: char| first.is_ascii_lowercase());
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if fits && text.chars().all(plain) { Ok(Self(text)) } else { Err(ReportError::Slug) }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
