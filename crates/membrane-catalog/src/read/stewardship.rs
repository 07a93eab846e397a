//! Purpose, usage, retention and the like: texts that are shown, and that nothing is held against. What is none is left out, as other keys
//! of the standard are.

use super::fields::Fields;
use super::yaml::{Node, Value};
use crate::{RetentionRules, Stewardship};

/// Words of one dataset at most.
const TAGS_MAX: usize = 64;

/// Reads what a contract says about its dataset.
pub(super) fn read_stewardship(
    fields: &Fields<'_>,
    legal_basis: Option<String>,
    rules: Option<&RetentionRules>,
) -> Stewardship {
    let description = fields.get("description");
    let said = |key: &str| description.and_then(|node| member(node, key)).and_then(words);
    Stewardship {
        purpose: said("purpose"),
        usage: said("usage"),
        limitations: said("limitations"),
        legal_basis,
        retention: fields.get("slaProperties").and_then(retention).or_else(|| rules.map(ToString::to_string)),
        domain: fields.get("domain").and_then(words),
        tags: items(fields.get("tags")).into_iter().filter_map(words).take(TAGS_MAX).collect(),
    }
}

fn retention(levels: Node<'_>) -> Option<String> {
    let is_retention =
        |level: &Node<'_>| member(*level, "property").and_then(words).as_deref() == Some("retention");
    let level = items(Some(levels)).into_iter().find(is_retention)?;
    let value = member(level, "value").and_then(words)?;
    let unit = member(level, "unit").and_then(words);
    Some(unit.map_or_else(|| value.clone(), |unit| format!("{value} {unit}")))
}

fn items(node: Option<Node<'_>>) -> Vec<Node<'_>> {
    match node.map(Node::value) {
        Some(Value::List(items)) => items,
        _ => Vec::new(),
    }
}

fn member<'a>(node: Node<'a>, key: &str) -> Option<Node<'a>> {
    let Value::Map(pairs) = node.value() else { return None };
    let found = pairs.into_iter().find(|(name, _)| matches!(name.value(), Value::Text(name) if name == key));
    found.map(|(_, value)| value)
}

fn words(node: Node<'_>) -> Option<String> {
    match node.value() {
        Value::Text(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
