//! What reports are put together of: sections, tables that have an end, cells.

use std::fmt::Display;

use chrono::{DateTime, SecondsFormat, Utc};
use membrane_model::Price;
use membrane_report::{
    Block, Cell, Column, ColumnKind, FindingKind, Level, Number, ReportError, Section, Slug, Table,
};

use crate::error::Error;

/// Rows of one table of a report.
pub(super) const ROWS_MAX: usize = 1_000;

pub(super) const TEXT: ColumnKind = ColumnKind::Text;
pub(super) const CODE: ColumnKind = ColumnKind::Code;
pub(super) const NUMBER: ColumnKind = ColumnKind::Number;
pub(super) const MOMENT: ColumnKind = ColumnKind::Moment;

/// Ids and columns of reports are constants, and fit: that one does not is a fault of the hub.
pub(super) fn wrong(_: ReportError) -> Error {
    Error::Internal("a report cannot be put together")
}

fn slug(text: &str) -> Result<Slug, Error> {
    Slug::new(text).map_err(wrong)
}

/// Begins a section.
pub(super) fn section(id: &str, heading: &str) -> Result<Section, Error> {
    Ok(Section::new(slug(id)?, Level::One, heading))
}

/// Begins a part of a section.
pub(super) fn part(id: &str, heading: &str) -> Result<Section, Error> {
    Ok(Section::new(slug(id)?, Level::Two, heading))
}

/// Returns lines of equal letters, as many as are let through; where more are left out it is said what shows them.
pub(super) fn put_lines(section: &mut Section, text: &str, lines_max: usize, whole: &str) {
    let lines: Vec<&str> = text.lines().take(lines_max).collect();
    let left = text.lines().count().saturating_sub(lines.len());
    section.blocks.push(Block::Code(lines.join("\n")));
    if left > 0 {
        let told = format!("{left} more lines are left out here; {whole}");
        section.blocks.push(finding(FindingKind::Warning, told));
    }
}

/// Returns a paragraph.
pub(super) fn paragraph(text: impl Into<String>) -> Block {
    Block::Paragraph(text.into())
}

/// Returns something to be noticed.
pub(super) fn finding(kind: FindingKind, text: impl Into<String>) -> Block {
    Block::Finding { kind, text: text.into() }
}

/// Returns a question that only a person can answer.
pub(super) fn to_fill(id: &str, question: &str, lines: u8) -> Result<Block, Error> {
    Ok(Block::ToFill { id: slug(id)?, question: question.to_owned(), lines })
}

/// Adds questions that only a person can answer, each with its id and its lines.
pub(super) fn ask(section: &mut Section, questions: &[(&str, &str, u8)]) -> Result<(), Error> {
    for (id, question, lines) in questions {
        section.blocks.push(to_fill(id, question, *lines)?);
    }
    Ok(())
}

/// A table that ends: what comes after [`ROWS_MAX`] rows is counted.
pub(super) struct Rows {
    table: Table,
    left: u64,
}

impl Rows {
    /// Begins a table of columns: id, name and kind.
    pub(super) fn new(id: &str, columns: &[(&str, &str, ColumnKind)]) -> Result<Self, Error> {
        let mut made = Vec::with_capacity(columns.len());
        for (id, name, kind) in columns {
            made.push(Column { id: slug(id)?, name: (*name).to_owned(), kind: *kind });
        }
        Ok(Self { table: Table::new(slug(id)?, made).map_err(wrong)?, left: 0 })
    }

    /// Sets what is said where there are no rows.
    pub(super) fn or_say(self, empty: &str) -> Self {
        Self { table: self.table.with_empty(empty), left: self.left }
    }

    /// Adds a row, or counts it.
    pub(super) fn push(&mut self, cells: Vec<Cell>) -> Result<(), Error> {
        if self.table.rows().len() >= ROWS_MAX {
            self.leave(1);
            return Ok(());
        }
        self.table.push_row(cells).map_err(wrong)
    }

    /// Counts rows that are not there.
    pub(super) const fn leave(&mut self, rows: u64) {
        self.left = self.left.saturating_add(rows);
    }

    /// Ends the table; where rows are left out it is said how many, and what shows them.
    pub(super) fn put(self, section: &mut Section, whole: &str) {
        let left = self.left;
        section.blocks.push(Block::Table(self.table));
        if left > 0 {
            let told = format!("{left} more rows are left out here; {whole}");
            section.blocks.push(finding(FindingKind::Warning, told));
        }
    }
}

/// Returns a cell with a text.
pub(super) fn text(value: impl Display) -> Cell {
    Cell::from(value.to_string())
}

/// Returns a cell with a text, if there is one.
pub(super) fn maybe<T: Display>(value: Option<T>) -> Cell {
    value.map_or(Cell::Empty, text)
}

/// Returns a cell with a count.
pub(super) fn count(number: u64) -> Cell {
    Cell::from(number)
}

/// Returns a cell with a count, if it is known.
pub(super) fn count_or(number: Option<u64>) -> Cell {
    number.map_or(Cell::Empty, count)
}

/// Returns how many there are.
pub(super) fn size(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Returns a moment to the second.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Returns a cell with a moment, if there is one.
pub(super) fn moment_or(at: Option<DateTime<Utc>>) -> Cell {
    maybe(at.map(moment))
}

/// Joins what is listed with commas.
pub(super) fn listed<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// Returns the parts of a price: rho and delta.
pub(super) fn price(price: Price) -> [Cell; 2] {
    [price.rho(), price.delta()].map(|part| Number::from_f64(part).map_or(Cell::Empty, Cell::from))
}
