//! What policies on rows know of a column: under which name, and for which purposes it is the consent.

use std::collections::HashMap;

use membrane_model::{ColumnName, LogicalType, Protection, Purpose};

use super::column::{Draft, parse};
use super::custom::Settings;
use super::fields::{list, text};
use super::schema::Schema;
use super::{At, Mark, Report};
use crate::{ColumnPolicy, Dataset};

const ATTRIBUTE: &str = "membrane.attribute";
const CONSENT: &str = "membrane.consentFor";

/// What a column says, with the places that later checks point at.
#[derive(Debug, Default)]
pub(super) struct PolicyDraft {
    pub(super) attribute: Option<At<ColumnName>>,
    /// Where `membrane.consentFor` stands, readable or not.
    consent: Option<Mark>,
    pub(super) consents: Vec<At<Purpose>>,
}

impl PolicyDraft {
    pub(super) fn finish(self) -> ColumnPolicy {
        ColumnPolicy {
            attribute: self.attribute.map(|attribute| attribute.value),
            consent_for: self.consents.into_iter().map(|purpose| purpose.value).collect(),
        }
    }
}

/// Reads the two settings. `what` names the column in faults.
pub(super) fn read_policy(settings: &Settings<'_>, what: &str, report: &mut Report) -> PolicyDraft {
    let attribute = settings
        .text(ATTRIBUTE, report)
        .and_then(|name| parse(name, &format!("`{ATTRIBUTE}` of {what}"), report));
    let items = settings.get(CONSENT).and_then(|node| list(node, &format!("`{CONSENT}`"), report));
    if let Some(items) = &items
        && items.value.is_empty()
    {
        report.fault(items.mark, format!("{what}: `{CONSENT}` lists no purpose"));
    }
    let name = format!("a purpose in `{CONSENT}`");
    let items = items.into_iter().flat_map(|items| items.value);
    let consents = items.filter_map(|item| parse(text(item, &name, report)?, &name, report)).collect();
    PolicyDraft { attribute, consent: settings.mark(CONSENT), consents }
}

/// Checks what the columns of a table say, each by itself and with the others.
pub(super) fn check_policy(schema: &Schema, report: &mut Report) {
    for column in &schema.columns {
        check_attribute(column, report);
        check_consent(column, report);
    }
    check_attributes(schema, report);
    check_consents(schema, report);
}

fn check_attribute(column: &Draft, report: &mut Report) {
    if let Some(attribute) = &column.policy.attribute
        && !is_readable(column)
    {
        let fault = format!("{}: `{ATTRIBUTE}` needs a stored value: clear or generalise(..)", column.what);
        report.fault(attribute.mark, fault);
    }
}

fn is_readable(column: &Draft) -> bool {
    let protection = column.protection.as_ref().map(|protection| protection.value);
    protection.is_none_or(|stored| matches!(stored, Protection::Clear | Protection::Generalise(_)))
}

fn check_consent(column: &Draft, report: &mut Report) {
    let Some(mark) = column.policy.consent else { return };
    let what = &column.what;
    if let Some(logical) = column.logical()
        && logical != LogicalType::Boolean
    {
        report.fault(mark, format!("{what}: `{CONSENT}` is for booleans, the column is {logical}"));
    }
    if !is_readable(column) {
        report.fault(mark, format!("{what}: `{CONSENT}` needs the protection `clear`"));
    }
}

/// No two columns have one name in policies.
fn check_attributes(schema: &Schema, report: &mut Report) {
    let own = schema.columns.iter().filter(|column| column.policy.attribute.is_none());
    let mut known: HashMap<&ColumnName, &str> =
        own.filter_map(|column| Some((&column.name.as_ref()?.value, column.what.as_str()))).collect();
    for column in &schema.columns {
        let Some(attribute) = &column.policy.attribute else { continue };
        if let Some(other) = known.insert(&attribute.value, &column.what) {
            let fault = format!("{}: `{}` is what policies call {other}", column.what, attribute.value);
            report.fault(attribute.mark, fault);
        }
    }
}

/// A purpose has one consent, and the set of them has its name for itself.
fn check_consents(schema: &Schema, report: &mut Report) {
    let mut of: HashMap<&Purpose, &str> = HashMap::new();
    for column in &schema.columns {
        for purpose in &column.policy.consents {
            if let Some(other) = of.insert(&purpose.value, &column.what) {
                let fault = format!(
                    "{}: the consent for `{}` is {other} already: a purpose has one",
                    column.what, purpose.value
                );
                report.fault(purpose.mark, fault);
            }
        }
    }
    if of.is_empty() {
        return;
    }
    for column in schema.columns.iter().filter(|column| is_readable(column)) {
        let Some(name) = column.policy.attribute.as_ref().or(column.name.as_ref()) else { continue };
        if name.value.as_str() == Dataset::CONSENTS {
            let fault = format!(
                "{}: `{}` is what policies call the purposes that a row consents to: give the column another `{ATTRIBUTE}`",
                column.what,
                Dataset::CONSENTS
            );
            report.fault(name.mark, fault);
        }
    }
}
