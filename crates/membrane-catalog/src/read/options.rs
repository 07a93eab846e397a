//! `logicalTypeOptions`: the rules of the standard that values must satisfy.
//!
//! A rule that would not be checked is refused, so that nobody trusts it.

use membrane_model::LogicalType;
use regex::{Regex, RegexBuilder};

use super::fields::{Fields, flag, number, text, whole};
use super::yaml::Node;
use super::{At, Report};
use crate::ColumnRules;
use crate::column::is_numeric;

/// Options of the standard for the types that a column may have.
const KNOWN: [&str; 11] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "pattern",
    "maxLength",
    "minLength",
    "format",
    "timezone",
    "defaultTimezone",
];

/// Bytes of a compiled pattern.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Reads the options of a column. `format` and the time zones only describe and are not looked at.
pub(super) fn read_options(
    node: Option<Node<'_>>,
    what: &str,
    logical: Option<LogicalType>,
    report: &mut Report,
) -> ColumnRules {
    let mut rules = ColumnRules::default();
    let Some(fields) =
        node.and_then(|node| Fields::read(node, &format!("`logicalTypeOptions` of {what}"), &KNOWN, report))
    else {
        return rules;
    };
    refuse_unchecked(&fields, what, report);
    let mut place = |key: &str, fits: fn(LogicalType) -> bool, types: &str| {
        let node = fields.get(key)?;
        if let Some(logical) = logical.filter(|logical| !fits(*logical)) {
            report.fault(node.mark(), format!("`{key}` is a rule for {types}, {what} is {logical}"));
            return None;
        }
        Some(node)
    };
    let minimum = place("minimum", is_numeric, "numbers");
    let maximum = place("maximum", is_numeric, "numbers");
    let pattern = place("pattern", |logical| logical == LogicalType::String, "texts");
    let length_max = place("maxLength", |logical| logical == LogicalType::String, "texts");

    let of = |key: &str| format!("`{key}` of {what}");
    let minimum = minimum.and_then(|node| number_of(node, &of("minimum"), logical, report));
    let maximum = maximum.and_then(|node| number_of(node, &of("maximum"), logical, report));
    if let (Some(minimum), Some(maximum)) = (minimum, maximum)
        && minimum.value > maximum.value
    {
        report.fault(minimum.mark, format!("{what}: `minimum` is above `maximum`"));
    }
    rules.minimum = minimum.map(|minimum| minimum.value);
    rules.maximum = maximum.map(|maximum| maximum.value);
    rules.pattern = pattern.and_then(|node| pattern_of(node, what, report));
    rules.length_max = length_max
        .and_then(|node| whole(node, &of("maxLength"), 1, report))
        .and_then(|length| usize::try_from(length.value).ok());
    rules
}

fn refuse_unchecked(fields: &Fields<'_>, what: &str, report: &mut Report) {
    for (key, instead) in [
        ("minLength", "say it in `pattern`"),
        ("multipleOf", "use a decimal with the scale that you mean, or drop it"),
    ] {
        if let Some(node) = fields.get(key) {
            report.fault(node.mark(), format!("{what}: `{key}` would not be checked: {instead}"));
        }
    }
    for (key, instead) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        let exclusive = fields.get(key).and_then(|node| flag(node, &format!("`{key}`"), report));
        if let Some(At { value: true, mark }) = exclusive {
            let fault =
                format!("{what}: `{key}` would not be checked: state the last valid value as `{instead}`");
            report.fault(mark, fault);
        }
    }
}

/// Reads a number that a value of the type can have.
pub(super) fn number_of(
    node: Node<'_>,
    what: &str,
    logical: Option<LogicalType>,
    report: &mut Report,
) -> Option<At<f64>> {
    let number = number(node, what, report)?;
    if let Some(logical) = logical
        && !can_be(number.value, logical)
    {
        report.fault(number.mark, format!("{what} is no value that {logical} can have"));
        return None;
    }
    Some(number)
}

fn can_be(number: f64, logical: LogicalType) -> bool {
    let is_whole = |number: f64| (number - number.round()).abs() < 1e-6;
    match logical {
        LogicalType::Integer => is_whole(number),
        LogicalType::Decimal { precision, scale } => {
            let scaled = number * 10_f64.powi(i32::from(scale));
            is_whole(scaled) && scaled.abs() < 10_f64.powi(i32::from(precision))
        }
        _ => true,
    }
}

/// Compiles a pattern so that it matches whole values only.
fn pattern_of(node: Node<'_>, what: &str, report: &mut Report) -> Option<Regex> {
    let pattern = text(node, "`pattern`", report)?;
    let compile = |pattern: &str| RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build();
    let ascii = ascii_classes(pattern.value);
    // Compiled alone first: `a)|(b` would become a pattern inside the group that anchors it.
    let compiled = compile(&ascii).and_then(|_| compile(&format!(r"\A(?:{ascii})\z")));
    match compiled {
        Ok(regex) => Some(regex),
        // PRIVACY: the error repeats the pattern, which may have been made from a value.
        Err(regex::Error::CompiledTooBig(_)) => {
            report.fault(pattern.mark, format!("{what}: `pattern` is too large when compiled"));
            None
        }
        Err(_) => {
            let fault = format!(
                "{what}: `pattern` does not compile (look-around and back-references do not exist here)"
            );
            report.fault(pattern.mark, fault);
            None
        }
    }
}

/// Gives `\d`, `\D`, `\w` and `\W` the meaning of ECMA-262, which the standard names: ASCII. Otherwise a
/// full-width digit would be a digit.
fn ascii_classes(pattern: &str) -> String {
    let mut ascii = String::with_capacity(pattern.len());
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            ascii.push(letter);
            continue;
        }
        match letters.next() {
            Some('d') => ascii.push_str("[0-9]"),
            Some('D') => ascii.push_str("[^0-9]"),
            Some('w') => ascii.push_str("[0-9A-Za-z_]"),
            Some('W') => ascii.push_str("[^0-9A-Za-z_]"),
            Some(other) => ascii.extend(['\\', other]),
            None => ascii.push('\\'),
        }
    }
    ascii
}

#[cfg(test)]
mod tests;
