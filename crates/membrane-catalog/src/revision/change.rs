//! One thing that changed in a contract.

use std::fmt;

/// What hangs on a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing: words for people.
    Wording,
    /// Whoever delivers and whoever reads goes on as before.
    Compatible,
    /// Somebody who delivers, reads or decides by it may have to change something. Rows that are stored stay what they are, so
    /// that a new MAJOR version is all that it takes.
    Major,
    /// Rows that are stored are not what it says: it cannot be applied to them.
    Breaking,
}

impl Effect {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wording => "wording",
            Self::Compatible => "compatible",
            Self::Major => "major",
            Self::Breaking => "breaking",
        }
    }
}

/// One thing that changed. Shown as `column phone: protection: sealed -> token`, with names in backticks.
///
/// PRIVACY: values of enumerations and patterns are counted, not told: somebody may have put real data into a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The column; none for the table as a whole.
    pub column: Option<String>,
    /// What changed: `protection`, `minimum`, `added`.
    pub what: &'static str,
    /// What it was; none when it was not there or is not told.
    pub from: Option<String>,
    /// What it is; none when it is not there any more or is not told.
    pub to: Option<String>,
    /// What hangs on it.
    pub effect: Effect,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(column) = &self.column {
            write!(f, "column `{column}`: ")?;
        }
        f.write_str(self.what)?;
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, ": {from} -> {to}"),
            (Some(from), None) => write!(f, ": {from} -> nothing"),
            (None, Some(to)) => write!(f, ": {to}"),
            (None, None) => Ok(()),
        }
    }
}
