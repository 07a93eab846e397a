//! How much of a document goes on pages.

/// How much of a document is written where people read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows of each table. A sentence says how many more the JSON form has.
    pub rows_max: usize,
}

impl Default for Limits {
    /// Returns 5,000 rows, which is about 150 pages.
    fn default() -> Self {
        Self { rows_max: 5_000 }
    }
}
