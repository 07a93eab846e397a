//! Reads a file of cases.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use membrane_catalog::yaml::{At, Fields, Node, Report, Value, parse, read_items, text};
use membrane_model::{Action, ColumnName, NameError};

use super::{Case, Column, Expected, Rows};

const KEYS: [&str; 9] = ["name", "who", "action", "purpose", "dataset", "at", "refused", "columns", "rows"];
/// How a column that is not shown is written.
const HIDDEN: &str = "hidden";

/// Reads the cases of a file. What cannot be read is a fault, and its case is left out.
pub(crate) fn read_cases(path: &Path, file: &str, report: &mut Report) -> Vec<Case> {
    read_items(file, "cases", report, |item, report| read_case(path, item, report))
}

fn read_case(path: &Path, item: Node<'_>, report: &mut Report) -> Option<Case> {
    let fields = Fields::read(item, "a case", &KEYS, report)?;
    let name = fields.required_text("name", "a case", report)?;
    let what = format!("case `{}`", name.value);
    let who = named(&fields, "who", &what, report);
    let purpose = named(&fields, "purpose", &what, report);
    let dataset = named(&fields, "dataset", &what, report);
    let action = match fields.text("action", report) {
        None => Some(Action::Read),
        Some(written) if written.value == Action::Read.as_str() => Some(Action::Read),
        Some(written) if written.value == Action::Release.as_str() => Some(Action::Release),
        Some(written) => {
            report.fault(written.mark, format!("`action` of {what} is `read` or `release`"));
            None
        }
    };
    let at = moment(&fields, report);
    let expected = expected(&fields, &what, report);
    Some(Case {
        name: name.value.to_owned(),
        who: who?,
        action: action?,
        purpose: purpose?,
        dataset: dataset?,
        at: at?,
        expected: expected?,
        file: path.to_owned(),
        mark: fields.mark(),
    })
}

fn named<T: FromStr<Err = NameError>>(
    fields: &Fields<'_>,
    key: &str,
    what: &str,
    report: &mut Report,
) -> Option<T> {
    let written = fields.required_text(key, what, report)?;
    parse(written, &format!("`{key}` of {what}"), report).map(|named| named.value)
}

fn moment(fields: &Fields<'_>, report: &mut Report) -> Option<Option<DateTime<Utc>>> {
    let Some(node) = fields.get("at") else { return Some(None) };
    let written = text(node, "`at`", report)?;
    let moment = written.value.parse().ok();
    if moment.is_none() {
        report.fault(written.mark, "`at` is a moment, such as 2026-11-22T12:00:00Z");
    }
    moment.map(Some)
}

fn expected(fields: &Fields<'_>, what: &str, report: &mut Report) -> Option<Expected> {
    let refused = fields.flag("refused", report);
    let (columns, rows) = (fields.get("columns"), fields.get("rows"));
    if refused {
        if columns.is_some() || rows.is_some() {
            report.fault(fields.mark(), format!("{what} expects a refusal, and columns or rows too"));
            return None;
        }
        return Some(Expected::Refused);
    }
    if columns.is_none() && rows.is_none() {
        report.fault(
            fields.mark(),
            format!("{what} expects nothing: add `columns`, `rows` or `refused: true`"),
        );
        return None;
    }
    let rows = match rows {
        None => None,
        Some(node) => Some(self::rows(text(node, "`rows`", report)?, report)?),
    };
    let mut shown = BTreeMap::new();
    if let Some(node) = columns {
        let Value::Map(pairs) = node.value() else {
            report.fault(node.mark(), format!("`columns` of {what} must be a mapping"));
            return None;
        };
        for (key, value) in pairs {
            let name: ColumnName = parse(text(key, "a column", report)?, "a column", report)?.value;
            shown.insert(name, column(value, report)?);
        }
    }
    Some(Expected::Granted { columns: shown, rows })
}

fn rows(written: At<&str>, report: &mut Report) -> Option<Rows> {
    let rows = Rows::ALL.into_iter().find(|rows| rows.as_str() == written.value);
    if rows.is_none() {
        report.fault(written.mark, "`rows` is one of `all`, `some`, `none`");
    }
    rows
}

/// Reads `partial(3,4)`, or `{ as: partial(3,4), by: policy }`.
fn column(node: Node<'_>, report: &mut Report) -> Option<Column> {
    let (shown, by) = match node.value() {
        Value::Map(_) => {
            let fields = Fields::read(node, "a column", &["as", "by"], report)?;
            let by = match fields.get("by") {
                None => None,
                Some(node) => Some(policies(node, report)?),
            };
            (fields.required_text("as", "a column", report)?, by)
        }
        _ => (text(node, "a column", report)?, None),
    };
    if shown.value == HIDDEN {
        return Some(Column { shown: None, by });
    }
    Some(Column { shown: Some(parse(shown, "how a column is shown (or `hidden`)", report)?.value), by })
}

fn policies(node: Node<'_>, report: &mut Report) -> Option<Vec<String>> {
    let items = match node.value() {
        Value::List(items) => items,
        _ => vec![node],
    };
    let ids: Vec<Option<String>> =
        items.into_iter().map(|item| Some(text(item, "`by`", report)?.value.to_owned())).collect();
    let mut ids: Vec<String> = ids.into_iter().collect::<Option<_>>()?;
    ids.sort();
    Some(ids)
}
