//! Parts of a tag: its values, its owner, its limits.

use std::collections::BTreeMap;

use super::super::fields::{Fields, list, number, text, whole};
use super::super::suggest::did_you_mean;
use super::super::yaml::{Node, Value};
use super::super::{At, Report};
use super::required_choice;
use crate::tag::TagOwner;
use crate::{TagQuality, TagType, TagValue};

/// Words of an enumeration, and letters of one.
const VALUES_MAX: usize = 200;
const LETTERS_MAX: usize = 64;

/// Reads what the values can be.
pub(super) fn read_value(node: Node<'_>, report: &mut Report) -> Option<At<TagValue>> {
    let fields = Fields::read(node, "`value`", &["type", "values", "nullable"], report)?;
    let kind = if fields.get("type").is_some() {
        required_choice(&fields, "type", TagType::ALL, TagType::as_str, report)
    } else {
        report.fault(fields.mark(), "`value` has no `type`");
        None
    };
    let nullable = fields.flag("nullable", report);
    let values = fields.get("values").map(|node| read_values(node, report));
    let kind = kind?.value;
    match (&values, fields.get("values")) {
        (None, _) if kind == TagType::Enum => {
            report.fault(fields.mark(), "an `enum` needs `values`: the words that it can be");
        }
        (Some(_), Some(node)) if kind != TagType::Enum => {
            report.fault(node.mark(), format!("`values` is for an `enum`, and this is `{}`", kind.as_str()));
        }
        _ => {}
    }
    Some(At { value: TagValue { kind, values: values.unwrap_or_default(), nullable }, mark: node.mark() })
}

fn read_values(node: Node<'_>, report: &mut Report) -> Vec<String> {
    let Some(items) = list(node, "`values`", report) else { return Vec::new() };
    if items.value.is_empty() || items.value.len() > VALUES_MAX {
        report.fault(items.mark, format!("`values` lists from 1 to {VALUES_MAX} words"));
    }
    let mut values: Vec<String> = Vec::new();
    for item in items.value.into_iter().take(VALUES_MAX) {
        let Some(word) = text(item, "a value", report) else { continue };
        let plain = word.value.trim() == word.value && !word.value.chars().any(char::is_control);
        if !plain || word.value.chars().count() > LETTERS_MAX {
            report.fault(
                word.mark,
                format!("a value is a word of at most {LETTERS_MAX} letters, without spaces around it"),
            );
        } else if values.iter().any(|known| known == word.value) {
            // PRIVACY: the value itself is not repeated, its place is enough.
            report.fault(word.mark, "this value is listed twice");
        } else {
            values.push(word.value.to_owned());
        }
    }
    values
}

/// Reads who answers for it.
pub(super) fn read_owner(node: Node<'_>, report: &mut Report) -> Option<TagOwner> {
    let fields = Fields::read(node, "`owner`", &["team", "person", "steward"], report)?;
    let mut other = |key: &str| fields.text(key, report).map(|text| text.value.to_owned());
    let (person, steward) = (other("person"), other("steward"));
    let team = fields.required_text("team", "`owner`", report)?;
    Some(TagOwner { team: team.value.to_owned(), person, steward })
}

/// How it may be told of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TagPrivacy {
    pub(super) min_group: Option<u32>,
    pub(super) partner_shareable: bool,
}

/// Reads how it may be told of.
pub(super) fn read_privacy(node: Node<'_>, report: &mut Report) -> TagPrivacy {
    let keys = ["min_group", "partner_shareable"];
    let Some(fields) = Fields::read(node, "`privacy`", &keys, report) else { return TagPrivacy::default() };
    let min_group = fields.get("min_group").and_then(|node| whole(node, "`min_group`", 2, report));
    TagPrivacy {
        min_group: min_group.map(|group| group.value),
        partner_shareable: fields.flag("partner_shareable", report),
    }
}

/// Reads what a build must hold to.
pub(super) fn read_quality(node: Node<'_>, value: Option<&TagValue>, report: &mut Report) -> TagQuality {
    let keys = ["coverage", "drift_psi_max", "value_share_max"];
    let Some(fields) = Fields::read(node, "`quality`", &keys, report) else { return TagQuality::default() };
    let drift = fields.get("drift_psi_max").and_then(|node| number(node, "`drift_psi_max`", report));
    if let Some(drift) = drift.filter(|drift| drift.value <= 0.0) {
        report.fault(drift.mark, "`drift_psi_max` must be above 0");
    }
    TagQuality {
        coverage: fields.get("coverage").and_then(|node| read_coverage(node, report)),
        drift_psi_max: drift.map(|drift| drift.value),
        value_share_max: fields
            .get("value_share_max")
            .map_or_else(BTreeMap::new, |node| read_shares(node, value, report)),
    }
}

fn read_coverage(node: Node<'_>, report: &mut Report) -> Option<(f64, f64)> {
    let fields = Fields::read(node, "`coverage`", &["min", "max"], report)?;
    let mut end = |key: &str, other: f64| match fields.get(key) {
        None => Some(other),
        Some(node) => share(node, &format!("`{key}`"), report),
    };
    let (least, most) = (end("min", 0.0)?, end("max", 1.0)?);
    if least > most {
        report.fault(fields.mark(), "`coverage` has a `min` above its `max`");
        return None;
    }
    Some((least, most))
}

fn read_shares(node: Node<'_>, value: Option<&TagValue>, report: &mut Report) -> BTreeMap<String, f64> {
    let Value::Map(pairs) = node.value() else {
        report.fault(node.mark(), "`value_share_max` must be a mapping of values to shares");
        return BTreeMap::new();
    };
    let known: Vec<&str> = match value.map(|value| (value.kind, value)) {
        None => Vec::new(),
        Some((TagType::Enum, value)) => value.values.iter().map(String::as_str).collect(),
        Some((TagType::Boolean, _)) => vec!["true", "false"],
        Some((kind, _)) => {
            let fault = format!("`value_share_max` is for an `enum` or a `boolean`, not `{}`", kind.as_str());
            report.fault(node.mark(), fault);
            return BTreeMap::new();
        }
    };
    let mut shares = BTreeMap::new();
    for (name, node) in pairs {
        let name = match name.value() {
            Value::Flag(flag) => Some(name.at(if flag { "true" } else { "false" })),
            _ => text(name, "a value", report),
        };
        let found = share(node, "the share of a value", report);
        let Some(name) = name else { continue };
        if value.is_some() && !known.contains(&name.value) {
            let hint = did_you_mean(name.value, known.iter().copied());
            report.fault(name.mark, format!("`value_share_max` names what is none of the values{hint}"));
        } else if let Some(found) = found {
            shares.insert(name.value.to_owned(), found);
        }
    }
    shares
}

fn share(node: Node<'_>, what: &str, report: &mut Report) -> Option<f64> {
    let share = number(node, what, report)?;
    if !(0.0..=1.0).contains(&share.value) {
        report.fault(share.mark, format!("{what} is a share, from 0 to 1"));
        return None;
    }
    Some(share.value)
}
