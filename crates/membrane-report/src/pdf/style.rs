//! How text looks on paper: few sizes, one family, dark grey for what is secondary.

use super::fonts::Cut;

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ink(pub(super) u8, pub(super) u8, pub(super) u8);

/// Of text.
pub(super) const INK: Ink = Ink(0x1C, 0x21, 0x27);
/// Of labels and what is secondary. 7:1 on white.
pub(super) const SOFT: Ink = Ink(0x52, 0x5B, 0x66);
/// Of hairlines between rows.
pub(super) const RULE: Ink = Ink(0xD5, 0xDA, 0xE0);
/// Of rules under heads of tables, and of frames.
pub(super) const STRONG: Ink = Ink(0x8B, 0x95, 0xA1);
/// Behind findings and code.
pub(super) const TINT: Ink = Ink(0xF5, 0xF7, 0xF9);
/// Of notes.
pub(super) const INFO: Ink = Ink(0x2B, 0x5C, 0x8A);
/// Of warnings.
pub(super) const WARNING: Ink = Ink(0x8A, 0x5A, 0x00);
/// Of faults.
pub(super) const FAULT: Ink = Ink(0xA4, 0x26, 0x2C);

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    pub(super) cut: Cut,
    pub(super) size: f32,
    pub(super) ink: Ink,
}

impl Style {
    /// Makes a style.
    const fn of(cut: Cut, size: f32, ink: Ink) -> Self {
        Self { cut, size, ink }
    }

    /// Returns the same style in another colour.
    pub(super) const fn with_ink(self, ink: Ink) -> Self {
        Self { ink, ..self }
    }

    /// Returns the distance of baselines.
    pub(super) fn leading(self) -> f32 {
        self.size * 1.4
    }
}

/// The title of the document.
pub(super) const TITLE: Style = Style::of(Cut::Bold, 19.0, INK);
/// The line under the title.
pub(super) const SUBJECT: Style = Style::of(Cut::Regular, 10.5, SOFT);
/// Headings, by depth.
pub(super) const HEADINGS: [Style; 3] =
    [Style::of(Cut::Bold, 13.0, INK), Style::of(Cut::Bold, 10.5, INK), Style::of(Cut::Bold, 9.5, SOFT)];
/// Paragraphs.
pub(super) const BODY: Style = Style::of(Cut::Regular, 9.25, INK);
/// Labels and terms.
pub(super) const LABEL: Style = Style::of(Cut::Regular, 9.25, SOFT);
/// Terms of definitions, questions.
pub(super) const TERM: Style = Style::of(Cut::Bold, 9.25, INK);
/// Small words: what is left out, that something is to be filled in.
pub(super) const SMALL: Style = Style::of(Cut::Regular, 8.0, SOFT);
/// Captions of tables.
pub(super) const CAPTION: Style = Style::of(Cut::Bold, 8.75, INK);
/// Names of columns.
pub(super) const COLUMN: Style = Style::of(Cut::Bold, 7.75, INK);
/// Cells.
pub(super) const CELL: Style = Style::of(Cut::Regular, 7.75, INK);
/// Cells of code.
pub(super) const CELL_CODE: Style = Style::of(Cut::Mono, 7.5, INK);
/// Blocks of code.
pub(super) const CODE: Style = Style::of(Cut::Mono, 8.0, INK);
/// The foot of pages.
pub(super) const FOOT: Style = Style::of(Cut::Regular, 7.5, SOFT);
