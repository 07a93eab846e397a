//! A mapping of the file, read key by key.

use super::suggest::{did_you_mean, shown};
use super::yaml::{Document, Node, Value};
use super::{At, Mark, Report};

/// A mapping whose keys are all known.
#[derive(Debug)]
pub struct Fields<'a> {
    mark: Mark,
    entries: Vec<(&'a str, Node<'a>)>,
}

impl<'a> Fields<'a> {
    /// Reads a mapping. `what` names it in faults: `the contract`, ``column `phone` ``.
    /// Unknown keys are faults and left out.
    pub fn read(node: Node<'a>, what: &str, known: &[&str], report: &mut Report) -> Option<Self> {
        let pairs = match node.value() {
            Value::Map(pairs) => pairs,
            other => {
                report.fault(
                    node.mark(),
                    format!("{what} must be a mapping of keys, here is {}", other.kind()),
                );
                return None;
            }
        };
        let mut entries = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            match key.value() {
                Value::Text(name) if known.contains(&name) => entries.push((name, value)),
                Value::Text(name) => {
                    let hint = did_you_mean(name, known.iter().copied());
                    report.fault(key.mark(), format!("{what} has an unknown key {}{hint}", shown(name)));
                }
                other => {
                    report.fault(key.mark(), format!("{what} has a key that is {}, not text", other.kind()));
                }
            }
        }
        Some(Self { mark: node.mark(), entries })
    }

    /// Returns where the mapping starts.
    #[must_use]
    pub const fn mark(&self) -> Mark {
        self.mark
    }

    /// Returns the value of a key, when the key is there.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Node<'a>> {
        self.entries.iter().find(|(name, _)| *name == key).map(|(_, node)| *node)
    }

    /// Reads a text that is not empty, when the key is there.
    pub fn text(&self, key: &str, report: &mut Report) -> Option<At<&'a str>> {
        text(self.get(key)?, &format!("`{key}`"), report)
    }

    /// Reads a text that must be there.
    pub fn required_text(&self, key: &str, what: &str, report: &mut Report) -> Option<At<&'a str>> {
        if self.get(key).is_none() {
            report.fault(self.mark, format!("{what} has no `{key}`"));
        }
        self.text(key, report)
    }

    /// Reads `true` or `false`; absent is `false`.
    pub fn flag(&self, key: &str, report: &mut Report) -> bool {
        self.get(key).and_then(|node| flag(node, &format!("`{key}`"), report)).is_some_and(|flag| flag.value)
    }

    /// Reads a list, when the key is there.
    pub fn list(&self, key: &str, report: &mut Report) -> Option<At<Vec<Node<'a>>>> {
        list(self.get(key)?, &format!("`{key}`"), report)
    }
}

/// Reads a file that is one list, `key: [..]`, item by item. What cannot be read is a fault, and its item is left out.
pub fn read_items<T>(
    file: &str,
    key: &str,
    report: &mut Report,
    mut read: impl FnMut(Node<'_>, &mut Report) -> Option<T>,
) -> Vec<T> {
    let Some(document) = Document::parse(file, report) else { return Vec::new() };
    let Some(fields) = Fields::read(document.root(), "the file", &[key], report) else { return Vec::new() };
    if fields.get(key).is_none() {
        report.fault(fields.mark(), format!("the file has no `{key}`"));
    }
    let items = fields.list(key, report).map_or_else(Vec::new, |items| items.value);
    items.into_iter().filter_map(|item| read(item, report)).collect()
}

/// Reads a text that is not empty.
pub fn text<'a>(node: Node<'a>, what: &str, report: &mut Report) -> Option<At<&'a str>> {
    let fault = match node.value() {
        Value::Text(text) if !text.trim().is_empty() => return Some(node.at(text)),
        Value::Text(_) | Value::Null => format!("{what} is empty"),
        scalar @ (Value::Flag(_) | Value::Integer(_) | Value::Number(_)) => {
            format!("{what} must be text, YAML reads it as {}: put it in quotes", scalar.kind())
        }
        other => format!("{what} must be text, here is {}", other.kind()),
    };
    report.fault(node.mark(), fault);
    None
}

/// Reads one of some words, when the key is there.
pub(crate) fn choice<T: Copy, const N: usize>(
    fields: &Fields<'_>,
    key: &str,
    all: [T; N],
    word: fn(T) -> &'static str,
    report: &mut Report,
) -> Option<At<T>> {
    let stated = text(fields.get(key)?, &format!("`{key}`"), report)?;
    let found = all.into_iter().find(|one| word(*one) == stated.value);
    if found.is_none() {
        let words = all.map(word);
        let hint = did_you_mean(stated.value, words);
        report.fault(stated.mark, format!("`{key}` is one of {}{hint}", words.join(", ")));
    }
    Some(At { value: found?, mark: stated.mark })
}

/// Reads `true` or `false`.
pub(crate) fn flag(node: Node<'_>, what: &str, report: &mut Report) -> Option<At<bool>> {
    match node.value() {
        Value::Flag(flag) => Some(node.at(flag)),
        other => {
            report.fault(node.mark(), format!("{what} must be `true` or `false`, here is {}", other.kind()));
            None
        }
    }
}

/// Reads a whole number of at least `least`.
pub fn whole(node: Node<'_>, what: &str, least: u32, report: &mut Report) -> Option<At<u32>> {
    if let Value::Integer(number) = node.value()
        && let Ok(number) = u32::try_from(number)
        && number >= least
    {
        return Some(node.at(number));
    }
    report.fault(node.mark(), format!("{what} must be a whole number from {least} to {}", u32::MAX));
    None
}

/// Reads a finite number.
#[expect(clippy::cast_precision_loss, reason = "integers past 2^53 are refused first")]
pub(crate) fn number(node: Node<'_>, what: &str, report: &mut Report) -> Option<At<f64>> {
    const EXACT_MAX: u64 = 1 << 53;
    let fault = match node.value() {
        Value::Integer(number) if number.unsigned_abs() <= EXACT_MAX => return Some(node.at(number as f64)),
        Value::Integer(_) => format!("{what} is past 2^53, where numbers are no longer exact"),
        Value::Number(number) if number.is_finite() => return Some(node.at(number)),
        Value::Number(_) => format!("{what} must be finite"),
        other => format!("{what} must be a number, here is {}", other.kind()),
    };
    report.fault(node.mark(), fault);
    None
}

/// Reads a list.
pub(crate) fn list<'a>(node: Node<'a>, what: &str, report: &mut Report) -> Option<At<Vec<Node<'a>>>> {
    match node.value() {
        Value::List(items) => Some(node.at(items)),
        other => {
            report.fault(node.mark(), format!("{what} must be a list, here is {}", other.kind()));
            None
        }
    }
}
