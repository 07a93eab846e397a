//! `logicalTypeOptions`: the rules of the standard that values must satisfy.

use membrane_model::LogicalType;
use regex::{Regex, RegexBuilder};

use super::fields::{Fields, flag, number, text, whole};
use super::yaml::{Node, Value};
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
    let fields =
        node.and_then(|node| Fields::read(node, &format!("`logicalTypeOptions` of {what}"), &KNOWN, report));
    let Some(fields) = fields else { return ColumnRules::default() };
    let mut options = Options { fields, what, logical, report };
    let (minimum, above_minimum) = options.end("minimum", "exclusiveMinimum", f64::max);
    let (maximum, below_maximum) = options.end("maximum", "exclusiveMaximum", f64::min);
    if let (Some(minimum), Some(maximum)) = (minimum, maximum)
        && (minimum.value > maximum.value
            || minimum.value >= maximum.value && (above_minimum || below_maximum))
    {
        let fault = if minimum.value > maximum.value {
            format!("{what}: `minimum` is above `maximum`")
        } else {
            format!("{what}: there is no value between the two ends")
        };
        options.report.fault(minimum.mark, fault);
    }
    let (length_min, length_max) = (options.length("minLength"), options.length("maxLength"));
    if let (Some(least), Some(most)) = (length_min, length_max)
        && least.value > most.value
    {
        options.report.fault(least.mark, format!("{what}: `minLength` is above `maxLength`"));
    }
    ColumnRules {
        minimum: minimum.map(|minimum| minimum.value),
        maximum: maximum.map(|maximum| maximum.value),
        above_minimum,
        below_maximum,
        multiple_of: options.multiple(),
        length_min: length_min.map(|length| length.value),
        length_max: length_max.map(|length| length.value),
        pattern: options.pattern(),
        ..ColumnRules::default()
    }
}

/// The options of one column.
struct Options<'a, 'r> {
    fields: Fields<'a>,
    what: &'r str,
    logical: Option<LogicalType>,
    report: &'r mut Report,
}

impl<'a> Options<'a, '_> {
    /// Finds an option, if it is one for the column's type.
    fn place(&mut self, key: &str, fits: fn(LogicalType) -> bool, types: &str) -> Option<Node<'a>> {
        let node = self.fields.get(key)?;
        if let Some(logical) = self.logical.filter(|logical| !fits(*logical)) {
            let fault = format!("`{key}` is a rule for {types}, {} is {logical}", self.what);
            self.report.fault(node.mark(), fault);
            return None;
        }
        Some(node)
    }

    fn of(&self, key: &str) -> String {
        format!("`{key}` of {}", self.what)
    }

    fn number(&mut self, key: &str) -> Option<At<f64>> {
        let node = self.place(key, is_numeric, "numbers")?;
        number_of(node, &self.of(key), self.logical, self.report)
    }

    /// Reads one end of a range, and whether it lies outside. In 3.0 of the standard the exclusive option is `true` or
    /// `false` and speaks of the other; in 3.1 it is a number of its own. Of two numbers the narrower counts.
    fn end(&mut self, key: &str, exclusive: &str, narrower: fn(f64, f64) -> f64) -> (Option<At<f64>>, bool) {
        let end = self.number(key);
        let Some(node) = self.fields.get(exclusive) else { return (end, false) };
        if !matches!(node.value(), Value::Flag(_)) {
            let Some(outside) = self.number(exclusive) else { return (end, false) };
            return match end {
                // Both at one place: the end itself is outside.
                Some(end) if narrower(end.value, outside.value).total_cmp(&outside.value).is_ne() => {
                    (Some(end), false)
                }
                _ => (Some(outside), true),
            };
        }
        let is_outside = flag(node, &self.of(exclusive), self.report).is_some_and(|flag| flag.value);
        if is_outside && self.fields.get(key).is_none() {
            let fault = format!("{}: `{exclusive}: true` speaks of `{key}`, which is not there", self.what);
            self.report.fault(node.mark(), fault);
        }
        (end, is_outside && end.is_some())
    }

    fn multiple(&mut self) -> Option<f64> {
        let number = self.number("multipleOf")?;
        if number.value <= 0.0 {
            self.report.fault(number.mark, format!("`multipleOf` of {} must be above zero", self.what));
            return None;
        }
        Some(number.value)
    }

    fn length(&mut self, key: &str) -> Option<At<usize>> {
        let node = self.place(key, |logical| logical == LogicalType::String, "texts")?;
        let length = whole(node, &self.of(key), 1, self.report)?;
        Some(At { value: usize::try_from(length.value).ok()?, mark: length.mark })
    }

    fn pattern(&mut self) -> Option<Regex> {
        let node = self.place("pattern", |logical| logical == LogicalType::String, "texts")?;
        pattern_of(node, self.what, self.report)
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
pub(super) fn pattern_of(node: Node<'_>, what: &str, report: &mut Report) -> Option<Regex> {
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
