//! What a source says of a table of a database.

use std::collections::BTreeMap;

use membrane_model::ColumnName;

use super::super::column::parse;
use super::super::fields::{Fields, text};
use super::super::yaml::{Node, Value};
use super::{At, Report, one_of, read_secret, seconds};
use crate::source::{Cursor, Database, TableSource, Takes};

/// Bytes that a name may have in a database: PostgreSQL's 63, MySQL's 64.
const NAME_BYTES_MAX: usize = 64;
/// Rows that are younger than this wait, when nothing else is stated.
const SETTLE_SECONDS: u32 = 5;

pub(super) fn read_table(
    fields: &Fields<'_>,
    database: Database,
    report: &mut Report,
) -> Option<TableSource> {
    let what = "the source";
    let url = match fields.get("url") {
        Some(node) => read_secret(node, "`url`", report),
        None => {
            report.fault(
                fields.mark(),
                format!("{what} has no `url`: `{{ env: NAME }}` or `{{ file: PATH }}`"),
            );
            None
        }
    };
    let table = fields.required_text("table", what, report).and_then(|table| read_name(table, report));
    let columns = fields.get("columns").map_or_else(BTreeMap::new, |node| read_columns(node, report));
    let takes = read_takes(fields, report);
    let control_sums = fields.list("control_sums", report).map(|items| {
        let items = items.value.into_iter();
        let name = |node| parse::<ColumnName>(text(node, "a column", report)?, "a column", report);
        items.filter_map(name).map(|name| name.value).collect()
    });
    Some(TableSource { database, url: url?, table: table?, columns, takes: takes?, control_sums })
}

fn read_takes(fields: &Fields<'_>, report: &mut Report) -> Option<Takes> {
    let take = one_of(fields, "take", &["snapshot", "incremental"], report);
    if fields.get("take").is_none() {
        report.fault(fields.mark(), "the source has no `take`: snapshot, incremental");
    }
    let cursor = fields.text("cursor", report);
    let settle = seconds(fields, "settle_seconds", 0, report);
    match (take?, cursor) {
        ("snapshot", None) => {
            if settle.is_some() {
                report.fault(fields.mark(), "`settle_seconds` is for `take: incremental`");
            }
            Some(Takes::Snapshot)
        }
        ("snapshot", Some(cursor)) => {
            report.fault(cursor.mark, "`cursor` is for `take: incremental`: a snapshot takes every row");
            None
        }
        (_, None) => {
            report.fault(
                fields.mark(),
                "`take: incremental` needs a `cursor`: a column of the table that only grows, a whole number or an instant",
            );
            None
        }
        (_, Some(cursor)) => {
            let column = checked_name(cursor, "`cursor`", report)?;
            Some(Takes::Incremental(Cursor { column, settle_seconds: settle.unwrap_or(SETTLE_SECONDS) }))
        }
    }
}

/// Reads `table` or `schema.table`. A name with a dot of its own cannot be written; nobody gives one.
fn read_name(table: At<&str>, report: &mut Report) -> Option<Vec<String>> {
    let parts: Vec<&str> = table.value.split('.').collect();
    if parts.len() > 2 {
        report.fault(table.mark, "`table` is a table, or a schema and a table with a dot between");
        return None;
    }
    parts
        .into_iter()
        .map(|part| checked_name(At { value: part, mark: table.mark }, "`table`", report))
        .collect()
}

/// Checks a name of a database: it is quoted whenever it is used, and has no letter that quotes cannot hold.
fn checked_name(name: At<&str>, what: &str, report: &mut Report) -> Option<String> {
    let fits = !name.value.is_empty()
        && name.value.len() <= NAME_BYTES_MAX
        && !name.value.chars().any(|letter| letter.is_control() || matches!(letter, '"' | '`' | '\\'));
    if !fits {
        report.fault(
            name.mark,
            format!("{what} is no name of a database: at most {NAME_BYTES_MAX} bytes, no quotes"),
        );
    }
    fits.then(|| name.value.to_owned())
}

fn read_columns(node: Node<'_>, report: &mut Report) -> BTreeMap<ColumnName, String> {
    let Value::Map(pairs) = node.value() else {
        report.fault(
            node.mark(),
            "`columns` must be a mapping of columns of the contract to columns of the table",
        );
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for (name, value) in pairs {
        let name = text(name, "a column", report);
        let name = name.and_then(|name| parse::<ColumnName>(name, "a column", report));
        let value = text(value, "a column of the table", report);
        let value = value.and_then(|value| checked_name(value, "a column of the table", report));
        found.extend(name.map(|name| name.value).zip(value));
    }
    found
}
