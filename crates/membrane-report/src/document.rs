//! The document: a head of facts, and sections.

use std::collections::BTreeSet;

use crate::{Block, Language, Moment, ReportError, Slug};

/// A report, before it is Markdown, JSON, HTML or PDF.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// What the report is called.
    pub title: String,
    /// What it is about, in one line under the title.
    pub subject: String,
    /// A short id that stands at the foot of each page, so that a loose page can be traced.
    pub id: String,
    /// The language of the texts.
    pub language: Language,
    /// When it was made. With it, the PDF is also PDF/A-2a, which archives take.
    pub made_at: Option<Moment>,
    /// What stands at the head: the period, the hub, who asked.
    pub facts: Vec<Fact>,
    sections: Vec<Section>,
    /// Ids that sections, tables and questions have.
    ids: BTreeSet<Slug>,
}

/// A line at the head of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What the value is.
    pub label: String,
    /// The value.
    pub value: String,
}

/// A section. Those below it are flat behind it, with a deeper level.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// The id.
    pub id: Slug,
    /// The heading.
    pub heading: String,
    /// The depth of the heading.
    pub level: Level,
    /// What it is made of.
    pub blocks: Vec<Block>,
}

/// The depth of a heading below the title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A chapter.
    One,
    /// A part of a chapter.
    Two,
    /// A part of that.
    Three,
}

impl Document {
    /// Makes a document in English without sections.
    pub fn new(title: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            subject: String::new(),
            id: id.into(),
            language: Language::english(),
            made_at: None,
            facts: Vec::new(),
            sections: Vec::new(),
            ids: BTreeSet::new(),
        }
    }

    /// Adds a line to the head.
    pub fn push_fact(&mut self, label: impl Into<String>, value: impl Into<String>) {
        self.facts.push(Fact { label: label.into(), value: value.into() });
    }

    /// Adds a section behind those that are there.
    ///
    /// # Errors
    ///
    /// [`ReportError::Twice`] when an id of the section is in the document already.
    pub fn push_section(&mut self, section: Section) -> Result<(), ReportError> {
        let mut seen = BTreeSet::new();
        if let Some(id) = section.ids().find(|id| self.ids.contains(id) || !seen.insert(*id)) {
            return Err(ReportError::Twice(id.clone()));
        }
        self.ids.extend(section.ids().cloned());
        self.sections.push(section);
        Ok(())
    }

    /// Returns the sections.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }
}

impl Section {
    /// Makes a section without blocks.
    pub fn new(id: Slug, level: Level, heading: impl Into<String>) -> Self {
        Self { id, heading: heading.into(), level, blocks: Vec::new() }
    }

    /// Returns the ids of the section and of what is in it.
    fn ids(&self) -> impl Iterator<Item = &Slug> {
        let inner = self.blocks.iter().filter_map(|block| match block {
            Block::Table(table) => Some(table.id()),
            Block::ToFill { id, .. } => Some(id),
            _ => None,
        });
        std::iter::once(&self.id).chain(inner)
    }
}

impl Level {
    /// Returns 1, 2 or 3.
    #[must_use]
    pub fn depth(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
        }
    }
}

#[cfg(test)]
mod tests;
