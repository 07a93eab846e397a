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
    /// What of it was taken in.
    pub taken: String,
    /// What the source said, and what of it was set aside. None where rows were set aside and a column was added up: in a bad row any
    /// value may stand in any column, and this is kept and shown where no bad row is.
    pub rest: Option<Rest>,
    /// Rows whose value cannot be read as a number: they are in no sum.
    pub unread: u64,
}

/// The rest of a control total.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest {
    /// What the source said.
    pub stated: String,
    /// What of it was set aside.
    pub aside: String,
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
impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rest(..)")
    }
}

// PRIVACY: a sum may be of one row.
impl fmt::Debug for Reconciled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reconciled({} {}, {} unread)", self.what(), self.verdict.as_str(), self.unread)
    }
}
