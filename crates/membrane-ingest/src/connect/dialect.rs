//! What two databases say in different words: names, instants, and which rows are new.

use membrane_catalog::Cursor;

use super::Counts;

/// The words of a database.
pub(super) trait Dialect {
    /// Puts a name in quotes.
    fn quoted(name: &str) -> String;

    /// An instant, by microseconds since 1970.
    fn instant(micros: i64) -> String;

    /// The instant so many seconds ago, by the clock of the database.
    fn seconds_ago(seconds: u32) -> String;

    /// The greatest value of a column as a position: a number, or microseconds since 1970.
    fn greatest(column: &str, counts: Counts) -> String;

    /// A number as text.
    fn text(number: &str) -> String;

    /// Returns the statement that counts rows and adds columns up; `rest` says which rows, by a condition or none.
    fn totals(table: &str, columns: &[&str], rest: &str) -> String {
        let sums = columns.iter().map(|column| Self::text(&format!("SUM({})", Self::quoted(column))));
        let fields: Vec<String> = std::iter::once(Self::text("COUNT(*)")).chain(sums).collect();
        format!("SELECT {} FROM {table}{rest}", fields.join(", "))
    }

    /// Puts the parts of a name in quotes: schema and table.
    fn quoted_all(names: &[String]) -> String {
        names.iter().map(|name| Self::quoted(name)).collect::<Vec<_>>().join(".")
    }

    /// Says in which order all rows are read, so that the same rows are the same delivery.
    fn in_order_of(columns: &[&str]) -> String {
        let columns: Vec<String> = columns.iter().map(|column| Self::quoted(column)).collect();
        if columns.is_empty() { String::new() } else { format!(" ORDER BY {}", columns.join(", ")) }
    }
}

/// The rows that are new, by a cursor.
pub(super) struct Bounds<'a> {
    pub(super) cursor: &'a Cursor,
    pub(super) counts: Counts,
    /// The position that they come after; none for the first ones.
    pub(super) before: Option<i64>,
}

impl Bounds<'_> {
    /// Returns the statement that asks for the position of the last row that is new.
    pub(super) fn greatest<D: Dialect>(&self, table: &str) -> String {
        let column = D::quoted(&self.cursor.column);
        let greatest = D::greatest(&column, self.counts);
        format!("SELECT {greatest} FROM {table} WHERE {}", self.within::<D>(None))
    }

    /// Returns the end of a statement that reads the rows that are new, up to a position, in their order.
    pub(super) fn rows<D: Dialect>(&self, after: i64) -> String {
        let column = D::quoted(&self.cursor.column);
        format!(" WHERE {} ORDER BY {column}", self.within::<D>(Some(after)))
    }

    /// Returns the condition for the rows that are new, up to a position, as the end of a statement.
    pub(super) fn condition<D: Dialect>(&self, after: i64) -> String {
        format!(" WHERE {}", self.within::<D>(Some(after)))
    }

    /// Returns the condition for the rows that are new, up to a position, or to those that are old enough.
    fn within<D: Dialect>(&self, after: Option<i64>) -> String {
        let column = D::quoted(&self.cursor.column);
        let value = |position: i64| match self.counts {
            Counts::Numbers => position.to_string(),
            Counts::Instants => D::instant(position),
        };
        let mut conditions = vec![format!("{column} IS NOT NULL")];
        conditions.extend(self.before.map(|before| format!("{column} > {}", value(before))));
        match after {
            Some(after) => conditions.push(format!("{column} <= {}", value(after))),
            None if self.counts == Counts::Instants => {
                conditions.push(format!("{column} <= {}", D::seconds_ago(self.cursor.settle_seconds)));
            }
            None => {}
        }
        conditions.join(" AND ")
    }
}
