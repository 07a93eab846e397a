//! The forms in which reports leave the hub.

use std::str::FromStr;

use membrane_model::NameError;
use membrane_report::{Document, Fonts, Limits, PdfError, to_html, to_json, to_markdown, to_pdf};

/// A form of reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReportForm {
    /// Markdown: for reviews and diffs.
    #[default]
    Markdown,
    /// JSON: for programs, all rows.
    Json,
    /// One HTML file that loads nothing.
    Html,
    /// PDF/A-2a: for files and courts.
    Pdf,
}

impl ReportForm {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::Markdown, Self::Json, Self::Html, Self::Pdf];

    /// Returns the word for it, which is the ending of its files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Json => "json",
            Self::Html => "html",
            Self::Pdf => "pdf",
        }
    }

    /// Returns the media type, without parameters.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown",
            Self::Json => "application/json",
            Self::Html => "text/html",
            Self::Pdf => "application/pdf",
        }
    }

    /// Returns what stands in `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Json | Self::Pdf => self.media_type(),
        }
    }

    /// Writes a document; a PDF with a font for characters that the hub's own fonts lack, if one is given.
    ///
    /// # Errors
    /// [`PdfError`] when the font is none, or the document cannot be written as PDF.
    pub fn render(self, document: &Document, font: Option<Vec<u8>>) -> Result<Vec<u8>, PdfError> {
        let limits = Limits::default();
        let mut text = match self {
            Self::Markdown => to_markdown(document),
            Self::Json => to_json(document),
            Self::Html => to_html(document, &limits),
            Self::Pdf => {
                let fonts = Fonts::bundled()?;
                let fonts = match font {
                    Some(font) => fonts.with_fallback(font)?,
                    None => fonts,
                };
                return to_pdf(document, &fonts, &limits);
            }
        };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(text.into_bytes())
    }
}

impl FromStr for ReportForm {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let found = Self::ALL.into_iter().find(|form| form.as_str() == text);
        found.ok_or_else(|| NameError::new("form of a report", "md, json, html or pdf"))
    }
}
