//! Our settings in `customProperties`: a list of `{property, value}`, names starting with `membrane.`.

use super::fields::{Fields, list, text};
use super::suggest::{closest, did_you_mean, shown};
use super::yaml::Node;
use super::{At, Mark, Report};

/// Settings of a schema object.
const SCHEMA: [&str; 9] = [
    "membrane.subject",
    "membrane.eventTime",
    "membrane.onTruncated",
    "membrane.rowsPerDay",
    "membrane.aheadSecondsMax",
    "membrane.privacy.groupsMax",
    "membrane.privacy.rowsMax",
    "membrane.legalBasis",
    "membrane.retention",
];

/// Settings of a property.
const PROPERTY: [&str; 13] = [
    "membrane.protection",
    "membrane.identity",
    "membrane.standard",
    "membrane.original",
    "membrane.from",
    "membrane.check",
    "membrane.onOrphan",
    "membrane.notPersonal",
    "membrane.enumeration",
    "membrane.privacy.publicKeys",
    "membrane.privacy.bounds",
    "membrane.attribute",
    "membrane.consentFor",
];

/// Returns every setting, for the test of their documentation.
#[cfg(test)]
pub(crate) fn settings() -> impl Iterator<Item = &'static str> {
    SCHEMA.into_iter().chain(PROPERTY)
}

/// Where custom properties stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Contract,
    Schema,
    Property,
}

impl Level {
    const fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Contract => &[],
            Self::Schema => &SCHEMA,
            Self::Property => &PROPERTY,
        }
    }
}

/// Our settings at one place.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    entries: Vec<(&'static str, Mark, Node<'a>)>,
}

impl<'a> Settings<'a> {
    /// Reads `customProperties`; other people's properties are left alone.
    pub(crate) fn read(node: Option<Node<'a>>, level: Level, report: &mut Report) -> Self {
        let items = node.and_then(|node| list(node, "`customProperties`", report));
        let mut settings = Self { entries: Vec::new() };
        for item in items.into_iter().flat_map(|items| items.value) {
            settings.add(item, level, report);
        }
        settings
    }

    fn add(&mut self, item: Node<'a>, level: Level, report: &mut Report) {
        let known = ["property", "value", "id", "description"];
        let Some(fields) = Fields::read(item, "a custom property", &known, report) else {
            return;
        };
        let Some(name) = fields.required_text("property", "a custom property", report) else {
            return;
        };
        let Some(setting) = place(name, level, report) else {
            return;
        };
        match fields.get("value") {
            None => report.fault(name.mark, format!("`{setting}` has no `value`")),
            Some(_) if self.entries.iter().any(|(known, ..)| *known == setting) => {
                report.fault(name.mark, format!("`{setting}` is stated twice"));
            }
            Some(value) => self.entries.push((setting, name.mark, value)),
        }
    }

    pub(crate) fn get(&self, setting: &str) -> Option<Node<'a>> {
        self.entries.iter().find(|(name, ..)| *name == setting).map(|(.., node)| *node)
    }

    /// Returns where the name of a setting stands.
    pub(crate) fn mark(&self, setting: &str) -> Option<Mark> {
        self.entries.iter().find(|(name, ..)| *name == setting).map(|(_, mark, _)| *mark)
    }

    /// Reads a text, when the setting is there.
    pub(crate) fn text(&self, setting: &str, report: &mut Report) -> Option<At<&'a str>> {
        text(self.get(setting)?, &format!("`{setting}`"), report)
    }
}

/// Finds the setting of this level that a name means, or says what is wrong with a name that is ours.
fn place(name: At<&str>, level: Level, report: &mut Report) -> Option<&'static str> {
    if let Some(setting) = level.settings().iter().copied().find(|setting| *setting == name.value) {
        return Some(setting);
    }
    let all = || SCHEMA.into_iter().chain(PROPERTY);
    let fault = if SCHEMA.contains(&name.value) {
        format!("`{}` belongs to the schema object", name.value)
    } else if PROPERTY.contains(&name.value) {
        format!("`{}` belongs to a column", name.value)
    } else if name.value.to_lowercase().starts_with("membrane") || closest(name.value, all()).is_some() {
        format!("unknown setting {}{}", shown(name.value), did_you_mean(name.value, all()))
    } else {
        return None;
    };
    report.fault(name.mark, fault);
    None
}
