//! What a source said of a delivery, beside what was read of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ColumnName;

/// One control total of a delivery: a number of rows, or the sum of a column.
///
/// PRIVACY: the sum of one row is somebody's value: it is shown to those who may read the column.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciled {
    /// The column that was added up; none for rows.
    pub total: Option<ColumnName>,
    /// What came of it.
    pub verdict: Verdict,
    /// What the source said.
    pub stated: String,
    /// What of it was taken in.
    pub taken: String,
    /// What of it was set aside.
    pub aside: String,
    /// Rows whose value cannot be read as a number: they are in no sum.
    pub unread: u64,
}

/// What comes of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// What was taken in and what was set aside are together what the source said.
    Agrees,
    /// They are not.
    Differs,
    /// They are not, but values were set aside that cannot be read as numbers.
    Unknown,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Agrees, Self::Differs, Self::Unknown];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Differs => "differs",
            Self::Unknown => "unknown",
        }
    }
}

impl Reconciled {
    /// Returns what was counted: `rows`, or the name of the column.
    #[must_use]
    pub fn what(&self) -> &str {
        self.total.as_ref().map_or("rows", ColumnName::as_str)
    }
}

// PRIVACY: a sum may be of one row.
impl fmt::Debug for Reconciled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reconciled({} {}, {} unread)", self.what(), self.verdict.as_str(), self.unread)
    }
}
