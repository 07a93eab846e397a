//! Where a cell stands: what AES-GCM binds to it as associated data.
//!
//! ```text
//! u16 length | dataset | u16 length | column | u16 length (16) | subject      lengths are big-endian
//! ```
//!
//! A sealed cell that is moved to another dataset, column or subject does not open.

use membrane_model::{ColumnName, DatasetName, SubjectId};

/// Where one cell stands.
#[derive(Debug, Clone, Copy)]
pub struct CellContext<'a> {
    /// The dataset.
    pub dataset: &'a DatasetName,
    /// The logical column.
    pub column: &'a ColumnName,
    /// Whose value it is.
    pub subject: &'a SubjectId,
}

impl CellContext<'_> {
    pub(crate) fn associated_data(&self) -> AssociatedData {
        let mut data = ColumnContext::new(self.dataset, self.column).0;
        data.push(self.subject.as_bytes());
        data
    }
}

/// Stands where a column would. No column can have the name: names start with a letter.
const ROWS_SET_ASIDE: &str = "#rows-set-aside";
/// Stands where a column would, too.
const DELIVERY_COPY: &str = "#delivery-copy";

/// The part of a cell's context that all cells of a column share, prepared once.
#[derive(Debug, Clone)]
pub struct ColumnContext(AssociatedData);

impl ColumnContext {
    /// Prepares the context of a column.
    #[must_use]
    pub fn new(dataset: &DatasetName, column: &ColumnName) -> Self {
        let mut prefix = AssociatedData::EMPTY;
        prefix.push(dataset.as_str().as_bytes());
        prefix.push(column.as_str().as_bytes());
        Self(prefix)
    }

    /// Prepares the context of whole rows that were set aside, which are no column's.
    #[must_use]
    pub fn rows_set_aside(dataset: &DatasetName) -> Self {
        Self::labelled(dataset, ROWS_SET_ASIDE)
    }

    /// Prepares the context of a delivery's sealed copy, which is no column's.
    #[must_use]
    pub fn delivery_copy(dataset: &DatasetName) -> Self {
        Self::labelled(dataset, DELIVERY_COPY)
    }

    fn labelled(dataset: &DatasetName, label: &str) -> Self {
        let mut prefix = AssociatedData::EMPTY;
        prefix.push(dataset.as_str().as_bytes());
        prefix.push(label.as_bytes());
        Self(prefix)
    }

    pub(crate) fn associated_data(&self, subject: &SubjectId) -> AssociatedData {
        let mut data = self.0.clone();
        data.push(subject.as_bytes());
        data
    }
}

/// Room for two names of 63 bytes, a subject and three lengths, with some to spare.
const ROOM: usize = 160;

/// Length-prefixed parts on the stack: nothing is allocated per cell.
#[derive(Debug, Clone)]
pub(crate) struct AssociatedData {
    bytes: [u8; ROOM],
    length: usize,
    overflowed: bool,
}

impl AssociatedData {
    pub(crate) const EMPTY: Self = Self { bytes: [0; ROOM], length: 0, overflowed: false };

    /// Appends a part and its length.
    #[inline]
    pub(crate) fn push(&mut self, part: &[u8]) {
        let end = self.length + 2 + part.len();
        let room = self.bytes.get_mut(self.length..end);
        let (Some(room), Ok(length)) = (room, u16::try_from(part.len())) else {
            self.overflowed = true;
            return;
        };
        let (head, body) = room.split_at_mut(2);
        head.copy_from_slice(&length.to_be_bytes());
        body.copy_from_slice(part);
        self.length = end;
    }

    /// Returns the bytes to bind; none when a part did not fit, which checked names rule out.
    pub(crate) fn as_slice(&self) -> Option<&[u8]> {
        if self.overflowed { None } else { self.bytes.get(..self.length) }
    }
}

#[cfg(test)]
mod tests;
