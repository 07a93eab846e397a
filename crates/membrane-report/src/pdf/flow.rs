//! Puts rows on sheets, one below the other.

use super::fonts::Fonts;
use super::row::{Row, count};
use super::sheet::{Item, Paper, SIDE, Sheet, TOP};
use super::style::{Ink, Style};
use super::tree::Tree;

/// Lines of a paragraph that do not stand alone at the end or the beginning of a sheet.
const LINES_MIN: usize = 2;

/// The sheets so far, and where the next row goes.
pub(super) struct Flow<'a> {
    pub(super) fonts: &'a Fonts,
    pub(super) paper: Paper,
    pub(super) sheets: Vec<Sheet>,
    pub(super) tree: Tree,
    /// Where the next row begins.
    pub(super) y: f32,
}

impl<'a> Flow<'a> {
    /// Begins with an empty sheet.
    pub(super) fn new(fonts: &'a Fonts, paper: Paper) -> Self {
        Self { fonts, paper, sheets: vec![Sheet::default()], tree: Tree::default(), y: TOP }
    }

    /// Returns the height that is left on the sheet.
    pub(super) fn room(&self) -> f32 {
        self.paper.bottom() - self.y
    }

    /// Begins a sheet, unless this one has so much room or is fresh.
    pub(super) fn keep(&mut self, height: f32) {
        if height > self.room() && self.y > TOP {
            self.next_sheet();
        }
    }

    /// Leaves room, but not at the top of a sheet.
    pub(super) fn skip(&mut self, height: f32) {
        if self.y > TOP {
            self.y += height;
        }
    }

    /// Begins a sheet.
    pub(super) fn next_sheet(&mut self) {
        self.sheets.push(Sheet::default());
        self.y = TOP;
    }

    /// Adds an item to the sheet.
    pub(super) fn push(&mut self, item: Item) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.items.push(item);
        }
    }

    /// Draws a rule where the next row begins.
    pub(super) fn rule(&mut self, height: f32, ink: Ink) {
        let width = self.paper.body_width();
        self.push(Item::Fill { x: SIDE, y: self.y, width, height, ink });
    }

    /// Puts a row. One that does not fit goes to the next sheet, and one that is higher than a sheet is
    /// parted. `head` is put at the top of each sheet that is begun.
    pub(super) fn put(&mut self, mut row: Row, head: Option<&Row>) {
        let lines = row.lines();
        let head_height = head.map_or(0.0, |head| head.height(head.lines()));
        let whole = row.height(lines) <= self.paper.body_height() - head_height;
        let mut done = 0;
        loop {
            let left = lines - done;
            let fresh = self.y <= TOP + head_height;
            let fits = self.lines_that_fit(&row, left);
            if fits >= left {
                self.put_lines(&mut row, done, lines);
                self.y += row.gap;
                return;
            }
            // Of a paragraph, two lines stay together at either end.
            let now = if left - fits < LINES_MIN { fits.saturating_sub(1) } else { fits };
            let parts = row.splits || !whole;
            if fresh || (parts && now >= LINES_MIN) {
                self.put_lines(&mut row, done, done + now.max(1));
                done += now.max(1);
            }
            self.next_sheet();
            if let Some(head) = head {
                self.put_lines(&mut head.clone(), 0, head.lines());
            }
        }
    }

    /// Returns how many lines of a row have room, at most those that are left.
    fn lines_that_fit(&self, row: &Row, left: usize) -> usize {
        // A hundredth of a point is less than rounding adds up to.
        let room = self.room() - 2.0 * row.pad + 0.01;
        let leading = row.leading();
        (1..=left).take_while(|lines| count(*lines) * leading <= room).count()
    }

    /// Puts some lines of a row here. They are taken out of it: no text is copied.
    fn put_lines(&mut self, row: &mut Row, from: usize, to: usize) {
        let (top, height, leading) = (self.y, row.height(to - from), row.leading());
        if let Some(ground) = row.ground {
            let width = ground.width;
            self.push(Item::Fill { x: SIDE, y: top, width, height, ink: ground.fill });
            if let Some(ink) = ground.bar {
                self.push(Item::Fill { x: SIDE, y: top, width: 2.5, height, ink });
            }
        }
        for part in &mut row.parts {
            let (style, node, right, room) = (part.style, part.node, part.right, part.width);
            let mut y = top + row.pad + baseline(style, leading);
            for line in part.lines.iter_mut().take(to).skip(from) {
                let line = std::mem::take(line);
                let x = SIDE + part.x + if right { room - self.width(style, &line) } else { 0.0 };
                if !line.is_empty() {
                    self.push(Item::Text { x, y, style, line, node });
                }
                y += leading;
            }
        }
        self.y += height;
        if let Some((thickness, ink)) = row.rule {
            let (x, width, y) = (SIDE, self.paper.body_width(), self.y - thickness);
            self.push(Item::Fill { x, y, width, height: thickness, ink });
        }
    }

    /// Returns the width of a line, without the space at its end.
    fn width(&self, style: Style, line: &str) -> f32 {
        self.fonts.width(style.cut, line.trim_end()) * style.size
    }
}

/// Returns how far the first baseline is below the top of the texts: the ascent of DejaVu, centred in the
/// line.
fn baseline(style: Style, leading: f32) -> f32 {
    (leading - style.size * 1.164) / 2.0 + style.size * 0.928
}
