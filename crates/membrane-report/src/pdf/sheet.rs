//! Sheets of paper, and what stands on them.

use super::style::{Ink, Style};
use super::tree::Node;

/// The measures of a sheet, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Paper {
    pub(super) width: f32,
    pub(super) height: f32,
}

/// The sides of A4.
const A4: (f32, f32) = (595.28, 841.89);
/// The margins left and right.
pub(super) const SIDE: f32 = 60.0;
/// The margin above.
pub(super) const TOP: f32 = 62.0;
/// The margin below; the foot is in it.
const BOTTOM: f32 = 74.0;
/// The widest lines of prose: about 90 letters.
const MEASURE: f32 = 475.3;

/// What stands on a sheet. Places count from the top left.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    /// A line of text; `y` is its baseline. Without a node it is no part of what is read aloud.
    Text { x: f32, y: f32, style: Style, line: String, node: Option<Node> },
    /// A filled rectangle: a rule, a ground.
    Fill { x: f32, y: f32, width: f32, height: f32, ink: Ink },
    /// A part of the sheet that leads to a section, by its place among the sections.
    Link { x: f32, y: f32, width: f32, height: f32, section: usize, node: Node },
    /// The frame of an empty box.
    Frame { x: f32, y: f32, width: f32, height: f32, ink: Ink },
}

/// A sheet.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) items: Vec<Item>,
}

impl Paper {
    /// Chooses A4 upright, or lying when a table would have to break its words.
    pub(super) fn for_widths(mut narrowest: impl Iterator<Item = f32>) -> Self {
        let (width, height) = A4;
        let upright = Self { width, height };
        let lying = Self { width: height, height: width };
        if narrowest.any(|needed| needed > upright.body_width()) { lying } else { upright }
    }

    /// Returns the room between the margins.
    pub(super) fn body_width(self) -> f32 {
        self.width - 2.0 * SIDE
    }

    /// Returns the room for prose.
    pub(super) fn prose_width(self) -> f32 {
        self.body_width().min(MEASURE)
    }

    /// Returns where the body ends.
    pub(super) fn bottom(self) -> f32 {
        self.height - BOTTOM
    }

    /// Returns the room from the top margin to the bottom margin.
    pub(super) fn body_height(self) -> f32 {
        self.bottom() - TOP
    }
}
