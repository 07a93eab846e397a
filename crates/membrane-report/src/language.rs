//! The language of a document.

use std::fmt;

use crate::ReportError;

/// The longest tag of a language.
const BYTES_MAX: usize = 35;

/// The tag of a language (BCP 47), which screen readers and spelling checkers go by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language(String);

impl Language {
    /// Checks the form of a tag: parts of 1 to 8 ASCII letters and digits between hyphens, the first of letters.
    ///
    /// # Errors
    ///
    /// [`ReportError::Language`].
    pub fn new(text: impl Into<String>) -> Result<Self, ReportError> {
        let text = text.into();
        let part = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let first = text.split('-').next().unwrap_or_default();
        let letters = first.len() >= 2 && first.bytes().all(|byte| byte.is_ascii_alphabetic());
        let fits = text.len() <= BYTES_MAX && letters && text.split('-').all(part);
        if fits { Ok(Self(text)) } else { Err(ReportError::Language) }
    }

    /// Returns English, the language of the fixed words of reports.
    #[must_use]
    pub fn english() -> Self {
        Self("en".to_owned())
    }

    /// Returns the tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
