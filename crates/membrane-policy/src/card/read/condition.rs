//! Reads conditions on rows.

use chrono::{Datelike, NaiveDate};
use membrane_catalog::yaml::{Fields, Node, Value, parse, text};
use membrane_model::ColumnName;

use super::super::{Bound, Condition, Literal, Test};
use super::Reader;

const TESTS: [&str; 6] = ["among", "is", "is-not", "one-of", "at-least", "at-most"];

impl Reader<'_, '_> {
    pub(super) fn conditions(&mut self, key: &str) -> Option<Vec<Condition>> {
        if self.fields.get(key).is_none() {
            return Some(Vec::new());
        }
        let items = self.fields.list(key, self.report)?;
        items.value.into_iter().map(|item| self.condition(item)).collect()
    }

    fn condition(&mut self, item: Node<'_>) -> Option<Condition> {
        let what = format!("a condition of {}", self.what);
        let known: Vec<&str> = ["column"].into_iter().chain(TESTS).collect();
        let fields = Fields::read(item, &what, &known, self.report)?;
        let column = fields.required_text("column", &what, self.report)?;
        let column = parse(column, "`column`", self.report)?;
        let given: Vec<&str> = TESTS.into_iter().filter(|test| fields.get(test).is_some()).collect();
        let [test] = given.as_slice() else {
            let message = format!("{what} has one of {}", TESTS.map(|test| format!("`{test}`")).join(", "));
            self.report.fault(fields.mark(), message);
            return None;
        };
        let node = fields.get(test)?;
        let marks = match node.value() {
            Value::List(items) => items.into_iter().map(Node::mark).collect(),
            _ => vec![node.mark()],
        };
        let test = match *test {
            "among" => {
                let attribute: ColumnName =
                    parse(text(node, "`among`", self.report)?, "`among`", self.report)?.value;
                Test::Among(attribute.as_str().to_owned())
            }
            "is" => Test::Is(self.literal(node, "is")?),
            "is-not" => Test::IsNot(self.literal(node, "is-not")?),
            "one-of" => {
                let items = fields.list("one-of", self.report)?;
                if items.value.is_empty() {
                    self.report.fault(items.mark, format!("{what}: `one-of` lists nothing"));
                    return None;
                }
                Test::OneOf(
                    items
                        .value
                        .into_iter()
                        .map(|item| self.literal(item, "one-of"))
                        .collect::<Option<_>>()?,
                )
            }
            bound => {
                let of = match node.value() {
                    Value::Integer(number) => Some(Bound::Number(number)),
                    Value::Text(text) => day(text).map(Bound::Day),
                    _ => None,
                };
                let Some(of) = of else {
                    let message = format!("`{bound}` is a whole number, or a day such as 2026-12-31");
                    self.report.fault(node.mark(), message);
                    return None;
                };
                if bound == "at-least" { Test::AtLeast(of) } else { Test::AtMost(of) }
            }
        };
        Some(Condition { column: column.value, test, mark: column.mark, marks })
    }

    fn literal(&mut self, node: Node<'_>, key: &str) -> Option<Literal> {
        match node.value() {
            Value::Text(text) => Some(Literal::Text(text.to_owned())),
            Value::Integer(number) => Some(Literal::Integer(number)),
            Value::Flag(truth) => Some(Literal::Truth(truth)),
            other => {
                let message =
                    format!("`{key}` is a text, a whole number or a truth value, here is {}", other.kind());
                self.report.fault(node.mark(), message);
                None
            }
        }
    }
}

/// Reads a day, of a year that Cedar knows with the day after it.
fn day(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (1..9999).contains(&day.year()).then_some(day)
}
