//! `membrane.enumeration`: the only values a column may have, as canonical text.

use std::collections::HashSet;

use chrono::NaiveDate;
use membrane_model::LogicalType;

use super::Report;
use super::fields::list;
use super::yaml::{Node, Value};
use crate::ColumnRules;

/// Public keys become groups of every release, each with its noise.
const VALUES_MAX: usize = 10_000;

/// Reads the list; each value must be of the type and satisfy the other rules.
///
/// PRIVACY: faults count values and do not show them.
pub(super) fn read_enumeration(
    node: Node<'_>,
    what: &str,
    logical: LogicalType,
    rules: &ColumnRules,
    report: &mut Report,
) -> Option<Vec<String>> {
    let items = list(node, "`membrane.enumeration`", report)?;
    if !matches!(
        logical,
        LogicalType::String | LogicalType::Integer | LogicalType::Boolean | LogicalType::Date
    ) {
        let fault =
            format!("{what}: an enumeration is for strings, integers, booleans and dates, not {logical}");
        report.fault(items.mark, fault);
        return None;
    }
    if !(1..=VALUES_MAX).contains(&items.value.len()) {
        report.fault(items.mark, format!("{what}: an enumeration has 1 to {VALUES_MAX} values"));
        return None;
    }
    let mut seen = HashSet::new();
    let mut values = Vec::with_capacity(items.value.len());
    for (index, item) in items.value.into_iter().enumerate() {
        let fault = match canonical(item, logical) {
            Err(fault) => fault,
            Ok(value) if !seen.insert(value.clone()) => "occurs twice".to_owned(),
            Ok(value) => match broken_rule(&value, logical, rules) {
                Some(rule) => format!("breaks the column's own `{rule}`"),
                None => {
                    values.push(value);
                    continue;
                }
            },
        };
        report.fault(item.mark(), format!("{what}: value {} of the enumeration {fault}", index + 1));
    }
    Some(values)
}

/// Returns the text that stands for the value in every comparison, or what is wrong with it.
fn canonical(item: Node<'_>, logical: LogicalType) -> Result<String, String> {
    match (logical, item.value()) {
        (LogicalType::String, Value::Text(text)) => Ok(text.to_owned()),
        (LogicalType::String, scalar @ (Value::Flag(_) | Value::Integer(_) | Value::Number(_))) => {
            Err(format!("is {} to YAML: put it in quotes", scalar.kind()))
        }
        (LogicalType::Integer, Value::Integer(number)) => Ok(number.to_string()),
        (LogicalType::Boolean, Value::Flag(flag)) => Ok(flag.to_string()),
        (LogicalType::Date, Value::Text(text)) => NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .map(|date| date.to_string())
            .filter(|date| date == text)
            .ok_or_else(|| "is not a date, `YYYY-MM-DD`".to_owned()),
        (_, other) => Err(format!("is {}, the column is {logical}", other.kind())),
    }
}

fn broken_rule(value: &str, logical: LogicalType, rules: &ColumnRules) -> Option<&'static str> {
    if rules.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(value)) {
        return Some("pattern");
    }
    if rules.length_max.is_some_and(|length_max| value.chars().count() > length_max) {
        return Some("maxLength");
    }
    if rules.check.is_some_and(|check| !check.accepts(value)) {
        return Some("membrane.check");
    }
    let number: f64 = (logical == LogicalType::Integer).then(|| value.parse().ok()).flatten()?;
    if rules.minimum.is_some_and(|minimum| number < minimum) {
        return Some("minimum");
    }
    rules.maximum.is_some_and(|maximum| number > maximum).then_some("maximum")
}

#[cfg(test)]
mod tests;
