//! The foot of each page: what the report is, and which page of how many.

use crate::pdf::fonts::Fonts;
use crate::pdf::sheet::{Item, Paper, SIDE};
use crate::pdf::style::{FOOT, RULE};
use crate::pdf::wrap::{cut_line, one_line};
use crate::{Document, words};

/// The foot of each page.
pub(super) struct Foot {
    paper: Paper,
    line: String,
}

impl Foot {
    /// Makes the line that is the same on each page.
    pub(super) fn new(document: &Document, fonts: &Fonts, paper: Paper) -> Self {
        let id = one_line(fonts, &document.id);
        let room = paper.body_width() - 70.0;
        let id = cut_line(fonts, FOOT, &id, room / 2.0);
        let left = room - fonts.width(FOOT.cut, &id) * FOOT.size - 20.0;
        let title = cut_line(fonts, FOOT, words::title(&document.title), left);
        let line = if id.trim().is_empty() { title } else { format!("{title}  ·  {id}") };
        Self { paper, line }
    }

    /// Returns the foot of a page.
    pub(super) fn items(&self, fonts: &Fonts, page: usize, pages: usize) -> [Item; 3] {
        let (y, right) = (self.paper.height - 40.0, self.paper.width - SIDE);
        let number = format!("{page} / {pages}");
        let x = right - fonts.width(FOOT.cut, &number) * FOOT.size;
        let text = |x, line| Item::Text { x, y, style: FOOT, line, node: None };
        let width = self.paper.body_width();
        [
            Item::Fill { x: SIDE, y: y - 14.0, width, height: 0.4, ink: RULE },
            text(SIDE, self.line.clone()),
            text(x, number),
        ]
    }
}
