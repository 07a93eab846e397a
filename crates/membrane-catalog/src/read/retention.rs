//! `membrane.retention`: for how long rows are kept. By it rows are deleted, so nothing of it is guessed; what `retention` of
//! `slaProperties` says beside it is held against it.
//!
//! ```yaml
//! - { property: membrane.retention, value: 3 y }
//! - { property: membrane.retention, value: [{ keep: 3 y }, { keep: 1 y, purpose: marketing_analysis }] }
//! ```

use std::collections::BTreeMap;

use membrane_model::Purpose;

use super::column::parse;
use super::custom::Settings;
use super::fields::{Fields, text};
use super::schema::Schema;
use super::service::Promises;
use super::yaml::{Node, Value};
use super::{At, Mark, Report};
use crate::{Retention, RetentionRules};

const SETTING: &str = "membrane.retention";
const PERIOD: &str = "a period: a whole number and d, w, month or y, like `3 y`";

/// What a contract says, with the places that later checks point at.
#[derive(Debug)]
pub(super) struct RetentionDraft {
    /// Where it stands.
    pub(super) mark: Mark,
    /// What it says, when it can be read.
    pub(super) rules: Option<RetentionRules>,
    /// The purposes that have a period of their own.
    pub(super) purposes: Vec<At<Purpose>>,
}

/// Reads the setting of a schema object, when it is there.
pub(super) fn read_retention(settings: &Settings<'_>, report: &mut Report) -> Option<RetentionDraft> {
    let (node, mark) = (settings.get(SETTING)?, settings.mark(SETTING)?);
    let Value::List(items) = node.value() else {
        let keep = read_period(node, &format!("`{SETTING}`"), report);
        let rules = keep.map(|keep| RetentionRules { keep: keep.value, purposes: BTreeMap::new() });
        return Some(RetentionDraft { mark, rules, purposes: Vec::new() });
    };
    let (mut whole, mut of) = (None::<At<Retention>>, Vec::new());
    let mut is_read = true;
    for item in items {
        let Some((purpose, keep)) = read_item(item, report) else {
            is_read = false;
            continue;
        };
        let stated_before = match purpose {
            None => whole.replace(keep).is_some(),
            Some(purpose) => {
                let known = of.iter().any(|(other, _): &(At<Purpose>, _)| other.value == purpose.value);
                of.push((purpose, keep));
                known
            }
        };
        if stated_before {
            report.fault(keep.mark, format!("`{SETTING}` has two periods of one kind: state one"));
            is_read = false;
        }
    }
    match &whole {
        None if is_read => {
            let fault = format!(
                "`{SETTING}` does not say for how long rows are kept at all: add `{{ keep: .. }}` without a purpose"
            );
            report.fault(mark, fault);
        }
        Some(whole) => {
            for (purpose, keep) in of.iter().filter(|(_, keep)| keep.value.parts() > whole.value.parts()) {
                let fault = format!(
                    "`{SETTING}`: for `{}` rows would be kept for longer than there are any ({})",
                    purpose.value, whole.value
                );
                report.fault(keep.mark, fault);
            }
        }
        None => {}
    }
    let rules = whole.filter(|_| is_read).map(|whole| RetentionRules {
        keep: whole.value,
        purposes: of.iter().map(|(purpose, keep)| (purpose.value.clone(), keep.value)).collect(),
    });
    Some(RetentionDraft { mark, rules, purposes: of.into_iter().map(|(purpose, _)| purpose).collect() })
}

fn read_item(item: Node<'_>, report: &mut Report) -> Option<(Option<At<Purpose>>, At<Retention>)> {
    let what = format!("an entry of `{SETTING}`");
    let fields = Fields::read(item, &what, &["keep", "purpose"], report)?;
    let Some(keep) = fields.get("keep") else {
        report.fault(fields.mark(), format!("{what} has no `keep`"));
        return None;
    };
    let keep = read_period(keep, "`keep`", report)?;
    let purpose = match fields.get("purpose") {
        None => None,
        Some(node) => Some(parse(text(node, "`purpose`", report)?, "`purpose`", report)?),
    };
    Some((purpose, keep))
}

fn read_period(node: Node<'_>, what: &str, report: &mut Report) -> Option<At<Retention>> {
    let found = match node.value() {
        Value::Text(text) => Retention::parse(text),
        _ => None,
    };
    if found.is_none() {
        let minutes = matches!(node.value(), Value::Text(text) if text.trim_end().ends_with(" m"));
        let hint = if minutes { "; `m` may be minutes or months: write `month`" } else { "" };
        report.fault(node.mark(), format!("{what} is {PERIOD}{hint}"));
    }
    Some(node.at(found?))
}

/// Reads `retention` of `slaProperties`: a text that is shown, in the standard's units where it can be understood. It decides about no row,
/// and contracts have had what they liked there: what cannot be understood is told, and no fault.
pub(super) fn read_described(
    level: &Fields<'_>,
    name: At<&str>,
    report: &mut Report,
) -> Option<At<Option<Retention>>> {
    let words = |key: &str| match level.get(key).map(Node::value) {
        Some(Value::Text(text)) => text.trim().to_owned(),
        Some(Value::Integer(number)) => number.to_string(),
        _ => String::new(),
    };
    let period = Retention::parse(&format!("{} {}", words("value"), words("unit")));
    if period.is_none() {
        report.note(
            name.mark,
            format!("the service level `retention` is not {PERIOD}: it is shown as it stands"),
        );
    }
    Some(At { value: period, mark: name.mark })
}

/// Checks what is said of it in a contract, the one with the other.
pub(super) fn check_retention(schema: &Schema, promises: &Promises, report: &mut Report) {
    let Some(draft) = &schema.retention else { return };
    if schema.event_time.is_none() {
        let fault = format!("`{SETTING}` needs to know when a row happened: state `membrane.eventTime`");
        report.fault(draft.mark, fault);
    }
    if let (Some(rules), Some(described)) = (&draft.rules, &promises.retention)
        && described.value.is_some_and(|described| described.parts() != rules.keep.parts())
    {
        let fault = format!("the service level `retention` is another than `{SETTING}` ({})", rules.keep);
        report.fault(described.mark, fault);
    }
}

#[cfg(test)]
mod tests;
