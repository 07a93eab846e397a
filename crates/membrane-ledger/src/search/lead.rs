//! Statements that look for runs: what they are led by, and how they are written.

use std::fmt::Write as _;

use membrane_model::RunId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use super::RunSearch;
use crate::LedgerError;
use crate::row::Cells;

/// Up to how many runs of a filter are counted before another leads.
const COUNTED_MAX: i64 = 50_000;
/// The table of runs.
pub(super) const RUN: &str = "run";

/// A value of a statement.
pub(super) enum Value {
    Text(String),
    Number(i64),
}

/// A statement in the making: its text is of constants and of numbers of parameters.
#[derive(Default)]
pub(super) struct Sql {
    text: String,
    values: Vec<Value>,
}

/// What a search is led by: the rows of a table for which columns have these values.
pub(super) struct Lead {
    pub(super) table: &'static str,
    pub(super) equal: Vec<(&'static str, String)>,
    /// What an index says of its rows beside that.
    pub(super) also: &'static str,
}

impl Sql {
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a condition whose last word is a value.
    pub(super) fn push_with(&mut self, text: &str, value: Value) {
        self.values.push(value);
        // Writing to a string does not fail.
        let _ = write!(self.text, "{text}${}", self.values.len());
    }

    pub(super) async fn fetch(self, connection: &mut AnyConnection) -> Result<Vec<AnyRow>, LedgerError> {
        let mut query = sqlx::query(AssertSqlSafe(self.text));
        for value in self.values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
            };
        }
        Ok(query.fetch_all(connection).await?)
    }
}

impl Lead {
    pub(super) fn of(table: &'static str, column: &'static str, value: impl ToString) -> Self {
        Self { table, equal: vec![(column, value.to_string())], also: "" }
    }

    /// Returns where its runs are: where it is another table, what is said of runs is joined to it. SQLite takes the tables of a CROSS JOIN in their order,
    /// which is that of the answer.
    fn from(&self) -> String {
        match self.table {
            RUN => "FROM run WHERE run.run".to_owned(),
            table => format!("FROM {table} d CROSS JOIN run WHERE run.run = d.run AND d.run"),
        }
    }

    fn name(&self) -> &'static str {
        if self.is_of_runs() { RUN } else { "d" }
    }

    fn is_of_runs(&self) -> bool {
        self.table == RUN
    }

    fn conditions(&self, sql: &mut Sql, (from, before): (&str, &str)) {
        let name = self.name();
        sql.push_with(" >= ", Value::Text(from.to_owned()));
        sql.push_with(&format!(" AND {name}.run < "), Value::Text(before.to_owned()));
        for (column, value) in &self.equal {
            sql.push_with(&format!(" AND {name}.{column} = "), Value::Text(value.clone()));
        }
        sql.push(self.also);
    }

    /// Counts its runs, up to a number.
    pub(super) async fn count(
        &self,
        connection: &mut AnyConnection,
        bounds: (&str, &str),
    ) -> Result<i64, LedgerError> {
        let (mut sql, name) = (Sql::default(), self.name());
        let alias = if self.is_of_runs() { "" } else { " d" };
        sql.push(&format!(
            "SELECT COUNT(*) FROM (SELECT {name}.run FROM {}{alias} WHERE {name}.run",
            self.table
        ));
        self.conditions(&mut sql, bounds);
        sql.push_with(" LIMIT ", Value::Number(COUNTED_MAX));
        sql.push(") counted");
        let rows = sql.fetch(connection).await?;
        rows.first().map_or(Ok(0), |row| Cells::of(row).integer())
    }

    pub(super) async fn runs(
        &self,
        connection: &mut AnyConnection,
        search: &RunSearch,
        bounds: (&str, &str),
        limit: u32,
    ) -> Result<Vec<RunId>, LedgerError> {
        let (mut sql, name) = (Sql::default(), self.name());
        sql.push(&format!("SELECT DISTINCT {name}.run {}", self.from()));
        self.conditions(&mut sql, bounds);
        search.conditions(&mut sql);
        sql.push_with(&format!(" ORDER BY {name}.run DESC LIMIT "), Value::Number(i64::from(limit)));
        let rows = sql.fetch(connection).await?;
        rows.iter().map(|row| Cells::of(row).parsed("run")).collect()
    }
}
