//! Reads a file of cases.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use membrane_catalog::yaml::{At, Fields, Node, Report, Value, parse, read_items, text};
use membrane_model::{Action, ColumnName, NameError};

use super::{Case, Column, Expected, Rows};

const KEYS: [&str; 12] = [
    "name", "who", FOR, "action", "purpose", "dataset", "at", "refused", "columns", "rows", LOOK_UP,
    NO_LOOK_UP,
];
/// On whose behalf it is asked.
const FOR: &str = "for";
/// Columns in which exact values may be looked up, and those in which they may not.
const LOOK_UP: &str = "look-up";
const NO_LOOK_UP: &str = "no-look-up";
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
    let on_behalf_of = match fields.get(FOR) {
        None => Some(None),
        Some(_) => named(&fields, FOR, &what, report).map(Some),
    };
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
    if action == Some(Action::Release) && fields.get(FOR).is_some() {
        report
            .fault(fields.mark(), format!("{what}: what is released is not asked for on behalf of another"));
    }
    let at = moment(&fields, report);
    let expected = expected(&fields, &what, report);
    if action == Some(Action::Release) && [LOOK_UP, NO_LOOK_UP].iter().any(|key| fields.get(key).is_some()) {
        report.fault(fields.mark(), format!("{what}: values are looked up in SQL, not in what is released"));
    }
    Some(Case {
        name: name.value.to_owned(),
        who: who?,
        on_behalf_of: on_behalf_of?,
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
    let look_up = [LOOK_UP, NO_LOOK_UP].iter().any(|key| fields.get(key).is_some());
    let something = columns.is_some() || rows.is_some() || look_up;
    if refused {
        if something {
            report.fault(fields.mark(), format!("{what} expects a refusal, and columns or rows too"));
            return None;
        }
        return Some(Expected::Refused);
    }
    if !something {
        report.fault(
            fields.mark(),
            format!(
                "{what} expects nothing: add `columns`, `rows`, `look-up`, `no-look-up` or `refused: true`"
            ),
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
    Some(Expected::Granted { columns: shown, rows, look_ups: look_ups(fields, what, report)? })
}

fn look_ups(fields: &Fields<'_>, what: &str, report: &mut Report) -> Option<BTreeMap<ColumnName, bool>> {
    let mut found = BTreeMap::new();
    for (key, may) in [(LOOK_UP, true), (NO_LOOK_UP, false)] {
        let Some(node) = fields.get(key) else { continue };
        for item in one_or_more(node) {
            let named = format!("`{key}` of {what}");
            let name = parse::<ColumnName>(text(item, &named, report)?, &named, report)?;
            if found.insert(name.value, may).is_some() {
                report.fault(name.mark, format!("{named} names a column a second time"));
            }
        }
    }
    Some(found)
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
    let ids: Vec<Option<String>> = one_or_more(node)
        .into_iter()
        .map(|item| Some(text(item, "`by`", report)?.value.to_owned()))
        .collect();
    let mut ids: Vec<String> = ids.into_iter().collect::<Option<_>>()?;
    ids.sort();
    Some(ids)
}

fn one_or_more(node: Node<'_>) -> Vec<Node<'_>> {
    match node.value() {
        Value::List(items) => items,
        _ => vec![node],
    }
}
