//! Reports for people who answer for data: records of processing, who accessed what, skeletons of
//! assessments.
//!
//! A [`Document`] says what there is to say, as plain text and tables. Four renderers write it down:
//! [`to_markdown`] for reviews and diffs, [`to_json`] for programs, [`to_html`] for screens and [`to_pdf`] for
//! files and courts. None of them reads a file, a clock or the network: the same document gives the same
//! bytes.
//!
//! INVARIANT: no text of a document alters the structure of what is written. Text is never markup, and what
//! has no shape of its own (controls, bidi overrides, zero-width characters) is shown as `\u{202e}`.

mod error;

mod language;
mod moment;
mod number;
mod slug;

mod block;
mod document;
mod limits;
mod table;

mod visible;
mod words;

mod html;
mod json;
mod markdown;
mod pdf;

#[cfg(test)]
mod testing;

pub use block::{Block, FindingKind};
pub use document::{Document, Fact, Level, Section};
pub use error::{PdfError, ReportError};
pub use html::to_html;
pub use json::{FORMAT, to_json};
pub use limits::Limits;
pub use markdown::to_markdown;
pub use pdf::{Fonts, to_pdf};
pub use table::{Cell, Column, ColumnKind, Table};
pub use {language::Language, moment::Moment, number::Number, slug::Slug};
