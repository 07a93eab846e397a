//! How wide the columns of a table are.

use super::fonts::Fonts;
use super::style::{CELL, CELL_CODE, COLUMN, Style};
use super::wrap::measure;
use crate::{Block, Column, ColumnKind, Document, Limits, Table};

/// The room between columns, where there is enough.
const GAP: f32 = 12.0;
/// The widest word of a text that a column is made to hold.
const WORD_MAX: f32 = 132.0;
/// The widest code that a column is made to hold on one line, although it has signs at which it breaks.
const CODE_MAX: f32 = 62.0;
/// The widest time or number that a column is made to hold.
const SINGLE_MAX: f32 = 120.0;
/// Rounds of the search for the common width: more than a float has bits.
const ROUNDS: u8 = 40;

/// What the columns of a table need.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measure {
    columns: Vec<Need>,
}

/// What a column needs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Need {
    /// So that no word is broken, within reason.
    least: f32,
    /// So that each text is on one line.
    whole: f32,
}

/// Measures the tables of a document, in their order.
pub(super) fn measure_tables(document: &Document, fonts: &Fonts, limits: &Limits) -> Vec<Measure> {
    let blocks = document.sections().iter().flat_map(|section| &section.blocks);
    let tables = blocks.filter_map(|block| match block {
        Block::Table(table) if !table.rows().is_empty() => Some(table),
        _ => None,
    });
    tables.map(|table| Measure::of(table, fonts, limits)).collect()
}

/// Returns how the cells of a column are set.
pub(super) fn cell_style(column: &Column) -> Style {
    if column.kind == ColumnKind::Code { CELL_CODE } else { CELL }
}

impl Measure {
    /// Measures the rows of a table that are shown.
    fn of(table: &Table, fonts: &Fonts, limits: &Limits) -> Self {
        let need = |(place, column): (usize, &Column)| {
            let (mut whole, head_word) = measure(fonts, COLUMN, &column.name);
            let mut longest_word = 0.0_f32;
            for cell in table.rows().iter().take(limits.rows_max).filter_map(|row| row.get(place)) {
                let (line, word) = measure(fonts, cell_style(column), cell.text());
                whole = whole.max(line);
                longest_word = longest_word.max(word);
            }
            let least = match column.kind {
                ColumnKind::Text => longest_word.min(WORD_MAX),
                ColumnKind::Code => longest_word.max(whole.min(CODE_MAX)).min(WORD_MAX),
                ColumnKind::Number | ColumnKind::Moment => whole.min(SINGLE_MAX),
            };
            // A tenth of a point, so that rounding breaks no text that just fits.
            Need { least: least.max(head_word.min(WORD_MAX)) + 0.1, whole: whole + 0.1 }
        };
        Self { columns: table.columns().iter().enumerate().map(need).collect() }
    }

    /// Returns how wide the table is when no word is broken, within reason.
    pub(super) fn narrowest(&self) -> f32 {
        let gaps = GAP * super::row::count(self.columns.len().saturating_sub(1));
        self.columns.iter().map(|need| need.least).sum::<f32>() + gaps
    }

    /// Returns where each column begins, and how wide it is.
    pub(super) fn places(&self, room: f32) -> Vec<(f32, f32)> {
        let columns = super::row::count(self.columns.len().max(1));
        // So many columns that the room between them would be most of it have less.
        let gap = GAP.min(room / columns / 3.0);
        let mut x = 0.0;
        let place = |width: f32| {
            let column = (x, width);
            x += width + gap;
            column
        };
        self.fit(room - gap * (columns - 1.0)).into_iter().map(place).collect()
    }

    /// Divides the room among the columns. Short columns get what they need, and the long ones share what is
    /// left by the square roots of their lengths: twice the text is neither twice as wide nor twice as high.
    fn fit(&self, room: f32) -> Vec<f32> {
        let whole: f32 = self.columns.iter().map(|need| need.whole).sum();
        let least: f32 = self.columns.iter().map(|need| need.least).sum();
        if whole <= room {
            let spare = room / whole;
            return self.columns.iter().map(|need| need.whole * spare).collect();
        }
        if least >= room {
            let part = room / least;
            return self.columns.iter().map(|need| need.least * part).collect();
        }
        let width = |need: &Need, level: f32| (level * need.whole.sqrt()).min(need.whole).max(need.least);
        let widths = |level: f32| self.columns.iter().map(move |need| width(need, level));
        let (mut low, mut high) = (0.0_f32, room);
        for _ in 0..ROUNDS {
            let middle = f32::midpoint(low, high);
            if widths(middle).sum::<f32>() <= room {
                low = middle;
            } else {
                high = middle;
            }
        }
        widths(low).collect()
    }
}

#[cfg(test)]
mod tests;
