//! The type that the cells of a column say they have.

use membrane_model::LogicalType;

use super::cell::{Cell, CellKind};
use crate::value::fits;

/// Rows that are looked at.
pub(super) const ROWS: usize = 20_000;
/// Types that the text of a cell alone does not tell.
const TYPES: [LogicalType; 3] = [LogicalType::Boolean, LogicalType::Date, LogicalType::Timestamp];
/// Of so many values one may be of another type.
const OTHERS_ONE_OF: u64 = 50;

/// What the cells of a column are.
#[derive(Debug, Default)]
pub(super) struct Said {
    values: u64,
    /// Values that are no text.
    typed: u64,
    /// Values that fit each of the types.
    fitting: [u64; TYPES.len()],
}

impl Said {
    pub(super) fn see(&mut self, cell: &Cell, is_1904: bool) {
        self.values += 1;
        self.typed += u64::from(cell.kind != CellKind::Text);
        for (logical, count) in TYPES.into_iter().zip(&mut self.fitting) {
            let (text, is_of_kind) = cell.delivered(logical, is_1904);
            *count += u64::from(is_of_kind && fits(&text, logical));
        }
    }

    /// Returns the type that nearly all values have; none where their text tells.
    pub(super) fn logical_type(&self) -> Option<LogicalType> {
        let fits = |count: u64| self.typed > 0 && (self.values - count) * OTHERS_ONE_OF <= self.values;
        TYPES.into_iter().zip(self.fitting).find_map(|(logical, count)| fits(count).then_some(logical))
    }
}
