//! Databases as sources: a table becomes a stream of CSV, which is decoded and checked as any delivery is.
//!
//! A piece is read in one transaction that sees one state of the table. What is read is a text that the database writes:
//! numbers and dates keep every digit, and instants are in UTC.
//!
//! | | reads | its position is |
//! | --- | --- | --- |
//! | a snapshot | every row | the number of the snapshot |
//! | a piece | rows after the position before, up to the greatest value of the cursor | that value: a number, or microseconds since 1970 |
//!
//! Rows without a value in the cursor are never read by it. A transaction that ends after others with later values would be
//! passed by: `settle_seconds` is how long instants wait for it, and whole numbers must be given in the order in which
//! transactions end.

mod csv;
mod dialect;
mod mysql;
mod postgresql;
mod stream;

use std::fmt;

use membrane_catalog::{Column, Cursor, Database, Dataset, TableSource, Takes};
use membrane_model::{ColumnName, SourceName};

use crate::{ControlTotals, InputSource, Position};

/// The URL of a database, with its password.
#[derive(Clone)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Takes a URL as it was found.
    #[must_use]
    pub const fn new(url: String) -> Self {
        Self(url)
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}

// PRIVACY: a password is in it.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(..)")
    }
}

/// A piece of a table, to be taken in.
pub struct Piece {
    /// Its rows as CSV. A stream that the database breaks off ends with an error.
    pub reader: InputSource,
    /// Where it lies.
    pub position: Position,
    /// What the database counted and added up of it, where it was asked to: in the same transaction.
    pub totals: Option<ControlTotals>,
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Piece").field("position", &self.position).finish_non_exhaustive()
    }
}

/// Why a table cannot be read. PRIVACY: a database's own words may quote a row, so only its codes are told.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL is not one of this database.
    #[error("the URL of the database is not one of {database}: it begins `{scheme}://`")]
    Url {
        /// The database.
        database: &'static str,
        /// How it begins.
        scheme: &'static str,
    },
    /// It cannot be reached, or does not let the hub in.
    #[error("the database cannot be reached, or does not let the hub in{}", code_of(.code.as_deref()))]
    Unreachable {
        /// What the database calls it.
        code: Option<String>,
    },
    /// There is no such table for the user of the URL.
    #[error("the database has no such table, or none that the user of the URL may read")]
    NoTable,
    /// The table lacks columns.
    #[error("the table lacks columns: {}", .columns.join(", "))]
    NoColumns {
        /// The columns of the contract that it has no column for, or the cursor.
        columns: Vec<String>,
    },
    /// The cursor is of a type that has no order by which new rows are known.
    #[error("the cursor is of type {found}: a whole number or an instant is wanted")]
    CursorType {
        /// Its type.
        found: String,
    },
    /// The database refused a statement, or broke off.
    #[error("the database broke off{}", code_of(.code.as_deref()))]
    Failed {
        /// What the database calls it.
        code: Option<String>,
    },
}

impl ConnectError {
    /// Returns a stable code for scripts and the HTTP API.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } | Self::Unreachable { .. } | Self::Failed { .. } => "source_unreachable",
            Self::NoTable | Self::NoColumns { .. } | Self::CursorType { .. } => "source_unfit",
        }
    }

    fn failed(error: &sqlx::Error) -> Self {
        Self::Failed { code: code(error) }
    }
}

/// Returns the code of an error of a database: five letters and digits, and nothing of its text.
fn code(error: &sqlx::Error) -> Option<String> {
    let code = error.as_database_error()?.code()?;
    code.chars().all(|letter| letter.is_ascii_alphanumeric()).then(|| code.into_owned())
}

fn code_of(code: Option<&str>) -> String {
    code.map_or_else(String::new, |code| format!(" (it says {code})"))
}

/// Reads what a table has after a position; nothing when it has nothing.
///
/// # Errors
/// [`ConnectError`].
pub async fn read_table(
    source: &SourceName,
    table: &TableSource,
    url: &DatabaseUrl,
    dataset: &Dataset,
    before: Option<i64>,
) -> Result<Option<Piece>, ConnectError> {
    let wanted = Wanted { source, table, dataset, before };
    match table.database {
        Database::PostgreSql => postgresql::read(&wanted, url).await,
        Database::MySql => mysql::read(&wanted, url).await,
    }
}

/// What is wanted of a table.
struct Wanted<'a> {
    source: &'a SourceName,
    table: &'a TableSource,
    dataset: &'a Dataset,
    before: Option<i64>,
}

/// A column of the table, as a column of the contract.
struct Pair<'a> {
    of: &'a Column,
    name: &'a str,
    /// Its type, as the database calls it.
    found: String,
}

/// What the cursor counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    Numbers,
    Instants,
}

/// Returns the type of a column of a table; nothing where there is none of that name.
fn type_of<'a>(found: &'a [(String, String)], column: &str) -> &'a str {
    found.iter().find(|(name, _)| name == column).map_or("", |(_, found)| found.as_str())
}

impl<'a> Wanted<'a> {
    const fn cursor(&self) -> Option<&'a Cursor> {
        match &self.table.takes {
            Takes::Incremental(cursor) => Some(cursor),
            Takes::Snapshot => None,
        }
    }

    /// Returns the name in the table of a column of the contract.
    fn name_of(&self, column: &'a ColumnName) -> &'a str {
        self.table.columns.get(column).map_or(column.as_str(), String::as_str)
    }

    /// Finds the columns of the contract among those of the table, `(name, type)`. Columns that are not required may be missing.
    fn pairs(&self, found: &[(String, String)]) -> Result<Vec<Pair<'a>>, ConnectError> {
        if found.is_empty() {
            return Err(ConnectError::NoTable);
        }
        let (mut pairs, mut missing) = (Vec::new(), Vec::new());
        for of in &self.dataset.columns {
            let name = self.name_of(&of.name);
            match found.iter().find(|(known, _)| known == name) {
                Some((_, found)) => pairs.push(Pair { of, name, found: found.clone() }),
                None if of.required || self.table.columns.contains_key(&of.name) => {
                    missing.push(of.name.to_string());
                }
                None => {}
            }
        }
        if let Some(cursor) = self.cursor()
            && !found.iter().any(|(known, _)| *known == cursor.column)
        {
            missing.push("the cursor".to_owned());
        }
        if missing.is_empty() { Ok(pairs) } else { Err(ConnectError::NoColumns { columns: missing }) }
    }

    /// Returns the columns by which a snapshot is ordered, so that the same rows are the same delivery.
    fn order(&self) -> Vec<&'a str> {
        let dataset = self.dataset;
        dataset.primary_key.iter().map(|column| self.name_of(column)).collect()
    }

    /// Returns where a piece lies that ends at a position.
    fn position(&self, after: i64) -> Position {
        Position {
            id: format!("source/{}", self.source),
            before: self.before,
            after,
            replaces: self.cursor().is_none(),
        }
    }

    /// Returns the columns that the database adds up, with their names in the table; nothing where it is not asked to count.
    fn sums(&self) -> Option<Vec<(&'a ColumnName, &'a str)>> {
        let sums = self.table.control_sums.as_ref()?;
        Some(sums.iter().map(|column| (column, self.name_of(column))).collect())
    }

    /// Makes control totals of a row of texts: how many rows, and each sum. A sum of no value is none.
    fn totals(&self, row: Vec<Option<String>>) -> Option<ControlTotals> {
        let mut texts = row.into_iter();
        let rows = texts.next()??.parse().ok()?;
        let sums = self.sums()?.into_iter().zip(texts);
        let sums = sums.map(|((column, _), sum)| (column.clone(), sum.unwrap_or_else(|| "0".to_owned())));
        Some(ControlTotals { rows: Some(rows), sums: sums.collect(), ..ControlTotals::default() })
    }

    /// Returns the number of the next snapshot.
    fn next_snapshot(&self) -> i64 {
        self.before.unwrap_or(0).saturating_add(1)
    }
}

#[cfg(test)]
mod tests;
