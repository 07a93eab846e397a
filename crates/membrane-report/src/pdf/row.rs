//! A row: texts side by side that are moved to the next sheet together. Everything on a page is one, a
//! paragraph too.

use super::fonts::Fonts;
use super::style::{Ink, Style};
use super::tree::Node;
use super::wrap::wrap;

/// Texts side by side.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) parts: Vec<Part>,
    /// The room above and below the texts.
    pub(super) pad: f32,
    /// The room below the row.
    pub(super) gap: f32,
    /// Whether lines may be parted although all would fit on one sheet.
    pub(super) splits: bool,
    /// What is painted behind the texts.
    pub(super) ground: Option<Ground>,
    /// The rule below: its thickness and colour.
    pub(super) rule: Option<(f32, Ink)>,
}

/// A text in a row.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// How far it is from the left margin.
    pub(super) x: f32,
    pub(super) width: f32,
    pub(super) style: Style,
    pub(super) right: bool,
    pub(super) lines: Vec<String>,
    pub(super) node: Option<Node>,
}

/// What is painted behind a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ground {
    pub(super) width: f32,
    pub(super) fill: Ink,
    /// The colour of a bar on the left.
    pub(super) bar: Option<Ink>,
}

impl Part {
    /// Wraps a text for a row.
    pub(super) fn wrap(
        fonts: &Fonts,
        style: Style,
        text: &str,
        (x, width): (f32, f32),
        node: Option<Node>,
    ) -> Self {
        let lines = wrap(fonts, style, text, width);
        Self { x, width, style, right: false, lines, node }
    }
}

impl Row {
    /// Makes a row of one text that may be parted.
    pub(super) fn of(part: Part, gap: f32) -> Self {
        Self { parts: vec![part], gap, splits: true, ..Self::default() }
    }

    /// Returns how many lines the longest text has.
    pub(super) fn lines(&self) -> usize {
        self.parts.iter().map(|part| part.lines.len()).max().unwrap_or(0)
    }

    /// Returns the distance of baselines, which all texts of the row share.
    pub(super) fn leading(&self) -> f32 {
        self.parts.iter().map(|part| part.style.leading()).fold(0.0, f32::max)
    }

    /// Returns how high the row is with so many lines.
    pub(super) fn height(&self, lines: usize) -> f32 {
        count(lines) * self.leading() + 2.0 * self.pad
    }
}

/// Returns a count of lines as a factor.
pub(super) fn count(lines: usize) -> f32 {
    u16::try_from(lines).map_or(f32::from(u16::MAX), f32::from)
}
