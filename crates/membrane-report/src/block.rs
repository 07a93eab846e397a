//! What a section is made of.

use crate::{Slug, Table};

/// A part of a section. All texts are plain; a newline in them begins a new line.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A paragraph.
    Paragraph(String),
    /// Something that the reader should notice.
    Finding {
        /// How much it matters.
        kind: FindingKind,
        /// What was found.
        text: String,
    },
    /// A list with bullets.
    List(Vec<String>),
    /// Terms, each with what it stands for.
    Definitions(Vec<(String, String)>),
    /// A table.
    Table(Table),
    /// Text whose every space matters: a policy, a query.
    Code(String),
    /// A question that only a person can answer, with room for the answer.
    ToFill {
        /// The id, under which a program may keep the answer.
        id: Slug,
        /// The question.
        question: String,
        /// Empty lines on paper.
        lines: u8,
    },
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    /// Good to know.
    Info,
    /// Someone should look at it.
    Warning,
    /// Something is wrong.
    Fault,
}
