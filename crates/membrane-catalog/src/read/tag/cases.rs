//! The cases that a tag must get right.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use membrane_model::{DatasetName, IdentityKind};

use super::super::column::parse;
use super::super::fields::{Fields, list, text};
use super::super::yaml::{Node, Value};
use super::super::{At, Report};
use super::source::read_beside;
use super::words::day_of;
use super::{Given, TagFiles};
use crate::{AsOf, AsOfParam, TagTest, TagType, TagValue};

/// Cases of one tag.
const CASES_MAX: usize = 50;

/// What the cases of a tag hang on, and what they name.
#[derive(Debug)]
pub(super) struct Cases<'a> {
    pub(super) files: &'a TagFiles,
    pub(super) used: &'a mut BTreeSet<String>,
    pub(super) as_of: &'a AsOf,
    pub(super) given: Vec<At<Given>>,
}

/// Reads the cases. `about` is the column of the tag's identity, and what its values can be.
pub(super) fn read_cases(
    node: Node<'_>,
    about: Option<(&IdentityKind, &TagValue)>,
    cases: &mut Cases<'_>,
    report: &mut Report,
) -> Vec<TagTest> {
    let Some(items) = list(node, "`tests`", report) else { return Vec::new() };
    if items.value.len() > CASES_MAX {
        report.fault(items.mark, format!("`tests` lists more than {CASES_MAX}"));
    }
    let mut names = BTreeSet::new();
    let mut found = Vec::new();
    for item in items.value.into_iter().take(CASES_MAX) {
        let Some(fields) = Fields::read(item, "a test", &["name", "given", "as_of", "expect"], report) else {
            continue;
        };
        let name = fields.required_text("name", "a test", report);
        if let Some(name) = &name
            && !names.insert(name.value)
        {
            report.fault(name.mark, "two tests have this name");
        }
        let given = read_given(&fields, cases, report);
        let as_of = read_instant(&fields, cases.as_of, report);
        let expect = fields.required_text("expect", "a test", report).and_then(|file| {
            let text = read_beside(file, ".csv", cases.files, cases.used, report)?;
            if let Some((entity, value)) = about
                && let Some(fault) = fault_of_expected(&text, entity, value)
            {
                report.fault(file.mark, format!("`{}` {fault}", file.value));
            }
            Some(text)
        });
        if let (Some(name), Some(expect)) = (name, expect) {
            found.push(TagTest { name: name.value.to_owned(), given, as_of, expect });
        }
    }
    found
}

/// Reads the rows of each dataset.
fn read_given(
    fields: &Fields<'_>,
    cases: &mut Cases<'_>,
    report: &mut Report,
) -> BTreeMap<DatasetName, String> {
    let mut found = BTreeMap::new();
    let Some(node) = fields.get("given") else {
        report.fault(fields.mark(), "a test has no `given`");
        return found;
    };
    let Value::Map(pairs) = node.value() else {
        report.fault(node.mark(), "`given` must be a mapping of datasets to files of their rows");
        return found;
    };
    if pairs.is_empty() {
        report.fault(node.mark(), "`given` names no dataset");
    }
    for (name, file) in pairs {
        let dataset = text(name, "a dataset", report);
        let dataset = dataset.and_then(|name| parse::<DatasetName>(name, "a dataset", report));
        let file = text(file, "the rows of a dataset", report);
        let (Some(dataset), Some(file)) = (dataset, file) else { continue };
        let Some(rows) = read_beside(file, ".csv", cases.files, cases.used, report) else { continue };
        let header = rows.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
        let header: Vec<String> = header.split(',').map(|name| unquoted(name).to_owned()).collect();
        let given = Given { dataset: dataset.value.clone(), file: file.value.to_owned(), header };
        cases.given.push(At { value: given, mark: dataset.mark });
        found.insert(dataset.value, rows);
    }
    found
}

/// Reads for when a case is: a day or an instant, as its statement takes it.
fn read_instant(fields: &Fields<'_>, as_of: &AsOf, report: &mut Report) -> Option<DateTime<Utc>> {
    let Some(stated) = fields.text("as_of", report) else {
        if as_of.param != AsOfParam::None && fields.get("as_of").is_none() {
            let what = if as_of.param == AsOfParam::Day { "day" } else { "instant" };
            report.fault(fields.mark(), format!("a test needs `as_of`: the {what} for which it is"));
        }
        return None;
    };
    let (found, form) = match as_of.param {
        AsOfParam::None => {
            report.fault(stated.mark, "this tag takes no `as_of`, so its tests have none");
            return None;
        }
        AsOfParam::Day => (day_of(stated.value).and_then(|day| as_of.start_of(day)), "a day, `YYYY-MM-DD`"),
        AsOfParam::Instant => {
            let found = DateTime::parse_from_rfc3339(stated.value).ok();
            (found.map(|found| found.to_utc()), "an instant, like `2026-06-30T12:00:00Z`")
        }
    };
    if found.is_none() {
        report.fault(stated.mark, format!("the `as_of` of a test is {form}"));
    }
    found
}

/// Says what is wrong with the values that a case expects.
///
/// PRIVACY: lines are counted, and nothing of them is repeated.
fn fault_of_expected(text: &str, entity: &IdentityKind, value: &TagValue) -> Option<String> {
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let header = format!("{entity},value");
    if lines.next().is_none_or(|(_, line)| line.trim() != header) {
        return Some(format!("must begin with the line `{header}`"));
    }
    let mut seen = BTreeSet::new();
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let number = index + 1;
        let Some((who, stated)) = line.split_once(',') else {
            return Some(format!("has a line {number} without a value"));
        };
        if unquoted(who).is_empty() || !seen.insert(unquoted(who)) {
            return Some(format!("has a line {number} for nobody, or for the same as another"));
        }
        let stated = unquoted(stated);
        if stated.is_empty() && !value.nullable {
            return Some(format!("has a line {number} without a value, and this tag always has one"));
        }
        if !stated.is_empty() && !fits(stated, value) {
            let kind = value.kind.as_str();
            return Some(format!("has a line {number} whose value is none of this `{kind}`"));
        }
    }
    None
}

fn fits(stated: &str, value: &TagValue) -> bool {
    match value.kind {
        TagType::Enum => value.allows(stated),
        TagType::Text => true,
        TagType::Integer => stated.parse::<i64>().is_ok(),
        TagType::Number => stated.parse::<f64>().is_ok_and(f64::is_finite),
        TagType::Boolean => matches!(stated, "true" | "false"),
        TagType::Date => day_of(stated).is_some(),
    }
}

/// Returns a field without quotes around it.
fn unquoted(field: &str) -> &str {
    let field = field.trim();
    field.strip_prefix('"').and_then(|field| field.strip_suffix('"')).unwrap_or(field)
}
