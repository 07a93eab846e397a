//! How a row group is read within bounds of memory: so many rows at a time, and so many columns side by side.

use super::size::ColumnSize;
use crate::IngestError;

/// Bytes that the columns that are read side by side may hold: dictionaries and pages.
const HELD_BYTES_MAX: u64 = 192 << 20;
/// Bytes of the rows that are read at a time.
const READ_BYTES_MAX: u64 = 64 << 20;
/// Bytes of a value that is no text, and of a text's place.
const CELL_BYTES: u64 = 16;

/// How one row group is read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Columns that are read side by side. Nearly always there is one set, and the row group is read straight
    /// through; else each piece of it is read set by set.
    pub(super) sets: Vec<Vec<usize>>,
    /// Rows that are read at a time.
    pub(super) rows: usize,
}

impl Plan {
    /// Plans for measured columns; at most `rows_max` rows at a time.
    pub(super) fn new(columns: &[(usize, ColumnSize)], rows_max: usize) -> Result<Self, IngestError> {
        let mut sets: Vec<Vec<usize>> = Vec::new();
        let mut held = 0_u64;
        let mut row = 1_u64;
        for (column, size) in columns {
            if size.held > HELD_BYTES_MAX {
                let advice = "write smaller pages";
                return Err(IngestError::TooLarge { bytes_max: HELD_BYTES_MAX, advice });
            }
            row = row.saturating_add(size.row).saturating_add(CELL_BYTES);
            held = held.saturating_add(size.held);
            match sets.last_mut() {
                Some(set) if held <= HELD_BYTES_MAX => set.push(*column),
                _ => {
                    sets.push(vec![*column]);
                    held = size.held;
                }
            }
        }
        let rows = usize::try_from(READ_BYTES_MAX / row).unwrap_or(usize::MAX);
        Ok(Self { sets, rows: rows.clamp(1, rows_max) })
    }
}

#[cfg(test)]
mod tests;
