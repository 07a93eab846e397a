//! Statements over many rows or many keys, in a few fixed sizes so that each is prepared once.
//!
//! PostgreSQL's parameters are `$N`. SQLite knows those too, but looks each one up by walking a list, n² steps for n
//! parameters; its own, `?`, it counts. Both databases' limits (32,766 and 65,535 parameters) are far away.

use std::fmt::Write;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{AnyConnection, Arguments, AssertSqlSafe, Encode, Type};

use crate::{DatabaseError, LedgerError};

/// Rows per INSERT, largest first.
const SIZES: [usize; 4] = [SIZE_MAX, 100, 10, 1];
const SIZE_MAX: usize = 500;
/// Keys per SELECT, largest first: a statement is a round trip.
const KEYS: [usize; 6] = [4000, 1000, 500, 100, 10, 1];

/// The values of one statement.
#[derive(Default)]
pub(crate) struct Values(AnyArguments);

impl Values {
    pub(crate) fn push<'v, T>(&mut self, value: T) -> Result<(), LedgerError>
    where
        T: Encode<'v, sqlx::Any> + Type<sqlx::Any>,
    {
        // PRIVACY: the encoder's error may show the value.
        self.0.add(value).map_err(|_| LedgerError::Database(DatabaseError::new("a value cannot be bound")))
    }
}

/// An INSERT of any number of rows.
pub(crate) struct Insert {
    /// `INSERT INTO table (column, ...) VALUES`.
    pub(crate) head: &'static str,
    /// Values per row.
    pub(crate) width: usize,
    /// What follows the rows: `ON CONFLICT ...`, or nothing.
    pub(crate) tail: &'static str,
}

impl Insert {
    /// Inserts `rows`; `bind` pushes the values of one. Returns how many were inserted.
    pub(crate) async fn rows<T>(
        &self,
        connection: &mut AnyConnection,
        rows: &[T],
        bind: impl Fn(&mut Values, usize, &T) -> Result<(), LedgerError>,
    ) -> Result<u64, LedgerError> {
        let database = Database::of(connection);
        let mut rest = rows;
        let (mut position, mut inserted) = (0, 0);
        while !rest.is_empty() {
            let size = SIZES.into_iter().find(|size| *size <= rest.len()).unwrap_or(1);
            let (now, later) = rest.split_at(size);
            let mut values = Values::default();
            for row in now {
                bind(&mut values, position, row)?;
                position += 1;
            }
            let sql = format!("{} {} {}", self.head, database.tuples(size, self.width), self.tail);
            inserted += sqlx::query_with(AssertSqlSafe(sql), values.0)
                .execute(&mut *connection)
                .await?
                .rows_affected();
            rest = later;
        }
        Ok(inserted)
    }
}

/// Runs a SELECT for all `keys`: `IN` followed by the list takes the place of `{keys}` in `select`.
/// Rows come in no particular order.
pub(crate) async fn select<'k, T>(
    connection: &mut AnyConnection,
    select: &'static str,
    keys: &[T],
    mut each: impl FnMut(&AnyRow) -> Result<(), LedgerError>,
) -> Result<(), LedgerError>
where
    T: Copy + Encode<'k, sqlx::Any> + Type<sqlx::Any>,
{
    let database = Database::of(connection);
    let mut rest = keys;
    while !rest.is_empty() {
        // The least size that takes all that are left, unless that is mostly filling; else the largest that they fill.
        let most = rest.len();
        let least = KEYS.into_iter().rev().find(|size| *size >= most && *size <= most.saturating_mul(2));
        let size = least.or_else(|| KEYS.into_iter().find(|size| *size <= most)).unwrap_or(1);
        let (part, later) = rest.split_at(size.min(most));
        rest = later;
        let mut values = Values::default();
        // The list is filled up with its last key, so that few statements serve all lengths.
        for key in part.iter().chain(part.last().into_iter().cycle()).take(size) {
            values.push(*key)?;
        }
        let sql = select.replace("{keys}", &format!("IN {}", database.tuples(1, size)));
        for row in sqlx::query_with(AssertSqlSafe(sql), values.0).fetch_all(&mut *connection).await? {
            each(&row)?;
        }
    }
    Ok(())
}

/// What a connection speaks to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Database {
    /// Its parameters are `?`, `?`.
    Sqlite,
    /// Its parameters are `$1`, `$2`.
    Postgres,
}

impl Database {
    pub(crate) fn of(connection: &AnyConnection) -> Self {
        match connection.backend_name() {
            "SQLite" => Self::Sqlite,
            _ => Self::Postgres,
        }
    }

    /// Returns `($1,$2),($3,$4)`, or `(?,?),(?,?)`, for two rows of two values.
    fn tuples(self, rows: usize, width: usize) -> String {
        let mut text = String::with_capacity(rows * (width * 6 + 2));
        for row in 0..rows {
            for column in 0..width {
                text.push_str(if column > 0 {
                    ","
                } else if row > 0 {
                    "),("
                } else {
                    "("
                });
                match self {
                    Self::Sqlite => text.push('?'),
                    Self::Postgres => {
                        // Writing to a string does not fail.
                        let _ = write!(text, "${}", row * width + column + 1);
                    }
                }
            }
        }
        text.push(')');
        text
    }
}

#[cfg(test)]
mod tests;
