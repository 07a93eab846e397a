//! Tables.

use std::collections::BTreeSet;

use crate::{Number, ReportError, Slug};

/// A table. It is as wide as its columns in every row.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    id: Slug,
    caption: String,
    empty: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The key of its cells in JSON.
    pub id: Slug,
    /// What stands above it.
    pub name: String,
    /// How its cells are set.
    pub kind: ColumnKind,
}

/// How the cells of a column are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// To the left, in lines as long as there is room.
    Text,
    /// To the right.
    Number,
    /// On one line where that is possible: times and dates.
    Moment,
    /// In letters of equal width: ids, names of tables.
    Code,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// There is nothing to say: `null` in JSON.
    Empty,
    /// Plain text.
    Text(String),
    /// A number, also in JSON.
    Number(Number),
}

impl Table {
    /// Makes a table without rows.
    ///
    /// # Errors
    ///
    /// [`ReportError::NoColumns`], and [`ReportError::Twice`] for columns with one id.
    pub fn new(id: Slug, columns: Vec<Column>) -> Result<Self, ReportError> {
        if columns.is_empty() {
            return Err(ReportError::NoColumns(id));
        }
        let mut seen = BTreeSet::new();
        if let Some(column) = columns.iter().find(|column| !seen.insert(&column.id)) {
            return Err(ReportError::Twice(column.id.clone()));
        }
        Ok(Self {
            id,
            caption: String::new(),
            empty: crate::words::NO_ROWS.to_owned(),
            columns,
            rows: Vec::new(),
        })
    }

    /// Sets what stands above the table.
    #[must_use]
    pub fn with_caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }

    /// Sets what is said instead of a table without rows.
    #[must_use]
    pub fn with_empty(mut self, empty: impl Into<String>) -> Self {
        self.empty = empty.into();
        self
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// [`ReportError::RowWidth`].
    pub fn push_row(&mut self, cells: Vec<Cell>) -> Result<(), ReportError> {
        if cells.len() != self.columns.len() {
            let (table, columns) = (self.id.clone(), self.columns.len());
            return Err(ReportError::RowWidth { table, cells: cells.len(), columns });
        }
        self.rows.push(cells);
        Ok(())
    }

    /// Returns the id.
    #[must_use]
    pub fn id(&self) -> &Slug {
        &self.id
    }

    /// Returns what stands above the table; empty when nothing does.
    #[must_use]
    pub fn caption(&self) -> &str {
        &self.caption
    }

    /// Returns what is said when there are no rows.
    #[must_use]
    pub fn empty(&self) -> &str {
        &self.empty
    }

    /// Returns the columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Returns the rows.
    #[must_use]
    pub fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }
}

impl Cell {
    /// Returns what is written in the cell.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Empty => "",
            Self::Text(text) => text,
            Self::Number(number) => number.as_str(),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number.into())
    }
}

impl From<Number> for Cell {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

#[cfg(test)]
mod tests;
