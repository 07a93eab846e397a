//! `quality` of the standard: rules about data, as far as this hub holds what is delivered to them.
//!
//! A row that breaks a rule is set aside, so a rule is held that lets no row break it. What would not be held is a fault, not passed by: a
//! rule that nobody checks is none. Texts (`type: text`) are for people, and `type: custom` for the engine that the rule names.

use membrane_model::{ColumnName, LogicalType};

use super::column::Draft;
use super::enumeration::read_enumeration;
use super::fields::{Fields, number, text};
use super::options::pattern_of;
use super::yaml::{Node, Value};
use super::{Edition, Report};
use crate::ColumnRules;

/// Keys of a quality rule in the standard (3.0.2, and what 3.1 added).
const KEYS: [&str; 26] = [
    "id",
    "name",
    "description",
    "type",
    "metric",
    "rule",
    "arguments",
    "mustBe",
    "mustNotBe",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
    "mustBeBetween",
    "mustNotBeBetween",
    "unit",
    "query",
    "engine",
    "implementation",
    "dimension",
    "method",
    "severity",
    "businessImpact",
    "customProperties",
    "tags",
    "authoritativeDefinitions",
];
/// Keys that say when a rule is looked at: here, as rows come.
const SCHEDULE: [&str; 2] = ["scheduler", "schedule"];
/// What else a rule that is not held can be.
const INSTEAD: &str = "write `type: text` if it is for people";

/// What quality rules say of a column.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Whether every row has a value.
    pub(super) required: bool,
    /// Whether no value occurs twice.
    pub(super) unique: bool,
}

/// A rule of the library of which no row may break it.
struct Rule<'a> {
    metric: &'a str,
    fields: Fields<'a>,
    arguments: Option<Fields<'a>>,
}

/// Reads the quality rules of a column; those about its values are added to its other rules.
pub(super) fn read_of_column(
    fields: &Fields<'_>,
    (what, logical, edition): (&str, Option<LogicalType>, Edition),
    rules: &mut ColumnRules,
    report: &mut Report,
) -> Held {
    let mut held = Held::default();
    for node in nodes(fields, report) {
        let Some(rule) = read_rule(node, (what, edition), report) else { continue };
        match rule.metric {
            "nullValues" => held.required = true,
            "missingValues" => held.required |= only_empty(&rule, what, report),
            "duplicateValues" => held.unique = true,
            "invalidValues" => add_values(&rule, (what, logical), rules, report),
            _ => unknown(&rule, what, report),
        }
    }
    held
}

/// Reads the quality rules of the schema object, of which columns may have to be unique.
pub(super) fn read_of_schema(
    fields: &Fields<'_>,
    edition: Edition,
    columns: &mut [Draft],
    report: &mut Report,
) {
    let what = "the schema object";
    for node in nodes(fields, report) {
        let Some(rule) = read_rule(node, (what, edition), report) else { continue };
        match rule.metric {
            "duplicateValues" => no_duplicates(&rule, columns, report),
            "nullValues" | "missingValues" | "invalidValues" => report.fault(
                rule.fields.mark(),
                format!("`{}` stands with the column that it is about", rule.metric),
            ),
            _ => unknown(&rule, what, report),
        }
    }
}

fn nodes<'a>(fields: &Fields<'a>, report: &mut Report) -> Vec<Node<'a>> {
    fields.list("quality", report).map_or_else(Vec::new, |items| items.value)
}

fn unknown(rule: &Rule<'_>, what: &str, report: &mut Report) {
    report.fault(
        rule.fields.mark(),
        format!(
            "{what}: the `metric` of a quality rule is nullValues, missingValues, invalidValues, duplicateValues or rowCount"
        ),
    );
}

/// Reads a rule that is to be held here; others are told of, or are for somebody else.
fn read_rule<'a>(node: Node<'a>, (what, edition): (&str, Edition), report: &mut Report) -> Option<Rule<'a>> {
    let known: Vec<&str> = KEYS.iter().chain(&SCHEDULE).copied().collect();
    let fields = Fields::read(node, &format!("a quality rule of {what}"), &known, report)?;
    match fields.text("type", report).map(|kind| kind.value) {
        Some("text" | "custom") => return None,
        Some("sql") => {
            report.fault(
                fields.mark(),
                format!(
                    "{what}: a quality rule in SQL is not held by this hub: write `type: custom` with the `engine` that does, or {INSTEAD}"
                ),
            );
            return None;
        }
        None | Some("library") => {}
        Some(_) => {
            report.fault(
                fields.mark(),
                format!("{what}: the `type` of a quality rule is library, text, sql or custom"),
            );
            return None;
        }
    }
    if edition == Edition::V30 || fields.get("rule").is_some() {
        report.fault(
            fields.mark(),
            format!("{what}: rules of the library are read as `metric` of version 3.1: write `apiVersion: v3.1.0`, or {INSTEAD}"),
        );
        return None;
    }
    let metric = fields.required_text("metric", &format!("a quality rule of {what}"), report)?.value;
    let arguments = fields.get("arguments");
    let arguments = arguments.and_then(|node| {
        Fields::read(node, "`arguments`", &["missingValues", "validValues", "pattern", "properties"], report)
    });
    let rule = Rule { metric, fields, arguments };
    // A count of rows has no row that breaks it.
    if metric == "rowCount" {
        report.fault(
            rule.fields.mark(),
            format!(
                "{what}: `rowCount` is not held by this hub: write `membrane.rowsPerDay` at the schema object for the rows of a day, or {INSTEAD}"
            ),
        );
        return None;
    }
    if !lets_none(&rule.fields, report) {
        report.fault(
            rule.fields.mark(),
            format!(
                "{what}: a row that breaks a rule is set aside, so `{metric}` is held as `mustBe: 0` alone; \
                 what share of rows may break rules is the service level `errorRate`"
            ),
        );
        return None;
    }
    Some(rule)
}

/// Tells whether a rule lets no row break it.
fn lets_none(fields: &Fields<'_>, report: &mut Report) -> bool {
    let operators = KEYS.iter().filter(|key| key.starts_with("must"));
    let stated: Vec<&str> = operators.copied().filter(|key| fields.get(key).is_some()).collect();
    let [operator] = stated.as_slice() else { return false };
    let is_rows = fields.text("unit", report).is_none_or(|unit| unit.value == "rows");
    let bound = match fields.get(operator).map(|node| (node, node.value())) {
        Some((node, Value::Integer(_) | Value::Number(_))) => {
            number(node, "a bound", report).map(|at| at.value)
        }
        _ => None,
    };
    match (*operator, bound) {
        ("mustBe" | "mustBeLessOrEqualTo", Some(bound)) => bound.abs() < f64::EPSILON,
        ("mustBeLessThan", Some(bound)) => is_rows && bound > 0.0 && bound <= 1.0,
        _ => false,
    }
}

/// Tells whether nothing but empty text and null is missing, as everywhere here.
fn only_empty(rule: &Rule<'_>, what: &str, report: &mut Report) -> bool {
    let stated = rule.arguments.as_ref().and_then(|arguments| arguments.list("missingValues", report));
    let fits = |node: &Node<'_>| matches!(node.value(), Value::Null | Value::Text(""));
    if stated.is_some_and(|stated| stated.value.iter().all(fits)) {
        return true;
    }
    // PRIVACY: the values are not repeated.
    report.fault(
        rule.fields.mark(),
        format!(
            "{what}: what is missing here is null and empty text: state `missingValues: [null, '']`, and keep other texts out by a \
             `pattern` or `membrane.enumeration`"
        ),
    );
    false
}

fn add_values(
    rule: &Rule<'_>,
    (what, logical): (&str, Option<LogicalType>),
    rules: &mut ColumnRules,
    report: &mut Report,
) {
    let argument = |key: &str| rule.arguments.as_ref().and_then(|arguments| arguments.get(key));
    let (values, pattern) = (argument("validValues"), argument("pattern"));
    if values.is_none() && pattern.is_none() {
        report.fault(
            rule.fields.mark(),
            format!("{what}: `invalidValues` needs `arguments`: `validValues` or a `pattern`"),
        );
    }
    if let Some(node) = pattern {
        if logical.is_some_and(|logical| logical != LogicalType::String) || rules.pattern.is_some() {
            report.fault(node.mark(), format!("{what}: `pattern` is stated once, for a column of texts"));
        } else {
            rules.pattern = pattern_of(node, what, report);
        }
    }
    if let (Some(node), Some(logical)) = (values, logical) {
        if rules.enumeration.is_some() {
            report.fault(
                node.mark(),
                format!("{what}: its values are listed twice: `membrane.enumeration` or `validValues`"),
            );
        } else {
            rules.enumeration = read_enumeration(node, what, logical, rules, report);
        }
    }
}

fn no_duplicates(rule: &Rule<'_>, columns: &mut [Draft], report: &mut Report) {
    let stated = rule.arguments.as_ref().and_then(|arguments| arguments.list("properties", report));
    let mut names = Vec::new();
    for node in stated.map_or_else(Vec::new, |stated| stated.value) {
        let Some(name) = text(node, "a property", report) else { return };
        names.push(name.value);
    }
    let is = |column: &Draft, name: &str| {
        column.name.as_ref().is_some_and(|own: &super::At<ColumnName>| own.value.as_str() == name)
    };
    if let Some(name) = names.iter().find(|name| !columns.iter().any(|column| is(column, name))) {
        let known = columns.iter().filter_map(|column| column.name.as_ref()).map(|name| name.value.as_str());
        let hint = super::suggest::did_you_mean(name, known);
        report.fault(rule.fields.mark(), format!("`properties` of `duplicateValues` name no column{hint}"));
        return;
    }
    if let [name] = names.as_slice() {
        for column in columns.iter_mut().filter(|column| is(column, name)) {
            column.unique = true;
        }
        return;
    }
    let keys = columns.iter().filter(|column| column.primary.is_some());
    let is_key = keys.clone().count() == names.len()
        && keys.into_iter().all(|column| names.iter().any(|name| is(column, name)));
    if names.is_empty() || !is_key {
        report.fault(
            rule.fields.mark(),
            "`duplicateValues` of several columns is held for the primary key: give its `properties` `primaryKey: true`",
        );
    }
}
