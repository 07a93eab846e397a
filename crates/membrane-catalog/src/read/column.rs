//! One property of the schema: a column.

use std::collections::BTreeSet;
use std::str::FromStr;

use membrane_model::{ClassName, ColumnName, IdentityKind, LogicalType, NameError, Protection};

use super::custom::{Level, Settings};
use super::enumeration::read_enumeration;
use super::fields::{Fields, flag, list};
use super::logical_type::read_logical_type;
use super::options::{number_of, read_options};
use super::personal::{SETTING as NOT_PERSONAL, read_waiver};
use super::policy::{PolicyDraft, read_policy};
use super::quality::read_of_column;
use super::reference::read_reference;
use super::standard::{StandardDraft, original_of, read_standard};
use super::suggest::did_you_mean;
use super::yaml::{Node, Value};
use super::{At, Edition, Mark, Report};
use crate::column::is_pii;
use crate::{Column, ColumnPrivacy, ColumnRules, FormatCheck, Reference, Standard};

/// Keys of a property in the standard (3.0.2, and what 3.1 added).
const KEYS: [&str; 28] = [
    "name",
    "businessName",
    "description",
    "logicalType",
    "logicalTypeOptions",
    "physicalName",
    "physicalType",
    "required",
    "unique",
    "primaryKey",
    "primaryKeyPosition",
    "classification",
    "customProperties",
    "partitioned",
    "partitionKeyPosition",
    "encryptedName",
    "transformSourceObjects",
    "transformLogic",
    "transformDescription",
    "examples",
    "criticalDataElement",
    "quality",
    "authoritativeDefinitions",
    "tags",
    "id",
    "relationships",
    "items",
    "properties",
];

/// A column as far as it could be read, with the places that later checks point at.
#[derive(Debug)]
pub(super) struct Draft {
    /// The column in faults: ``column `phone` ``.
    pub(super) what: String,
    pub(super) name: Option<At<ColumnName>>,
    pub(super) description: String,
    pub(super) logical_type: Option<At<LogicalType>>,
    pub(super) class: Option<At<ClassName>>,
    pub(super) protection: Option<At<Protection>>,
    pub(super) identity: Option<At<IdentityKind>>,
    /// Whether `membrane.identity` is stated at all, readable or not.
    pub(super) identity_stated: bool,
    pub(super) required: bool,
    pub(super) unique: bool,
    /// Part of the primary key, and in which position.
    pub(super) primary: Option<At<Option<u32>>>,
    pub(super) rules: ColumnRules,
    /// Whether `membrane.enumeration` is stated at all, readable or not.
    pub(super) enumeration_stated: bool,
    pub(super) check: Option<Mark>,
    pub(super) reference: Option<At<Reference>>,
    pub(super) standard: StandardDraft,
    /// Where `membrane.notPersonal` is stated, readable or not.
    pub(super) not_personal: Option<Mark>,
    pub(super) waiver: Option<String>,
    pub(super) public_keys: Option<Mark>,
    pub(super) bounds: Option<At<(f64, f64)>>,
    pub(super) policy: PolicyDraft,
}

impl Draft {
    pub(super) fn logical(&self) -> Option<LogicalType> {
        self.logical_type.as_ref().map(|logical| logical.value)
    }

    /// Tells whether the values are direct identifiers: by their class or by their form.
    pub(super) fn is_identifying(&self) -> bool {
        self.rules.check.is_some()
            || self.standard.value().is_some_and(Standard::is_identifying)
            || self.class.as_ref().is_some_and(|class| is_pii(&class.value))
    }

    /// Builds the column when nothing is missing, and behind it that of its originals, when they are kept.
    pub(super) fn finish(self) -> Option<Vec<Column>> {
        let keeps_original = self.standard.original.is_some();
        let column = self.finish_one()?;
        let original = if keeps_original { Some(original_of(&column)?) } else { None };
        Some([column].into_iter().chain(original).collect())
    }

    fn finish_one(self) -> Option<Column> {
        Some(Column {
            name: self.name?.value,
            description: self.description,
            logical_type: self.logical_type?.value,
            class: self.class?.value,
            protection: self.protection?.value,
            identity: self.identity.map(|identity| identity.value),
            required: self.required,
            unique: self.unique,
            rules: self.rules,
            privacy: ColumnPrivacy {
                public_keys: self.public_keys.is_some(),
                bounds: self.bounds.map(|bounds| bounds.value),
            },
            standard: self.standard.value(),
            from: self.standard.from.map(|from| from.value),
            waiver: self.waiver,
            policy: self.policy.finish(),
        })
    }
}

/// Reads the property that stands at `position`, from 1. `classes` is none when they could not be read.
pub(super) fn read_column(
    node: Node<'_>,
    position: usize,
    classes: Option<&BTreeSet<ClassName>>,
    edition: Edition,
    report: &mut Report,
) -> Option<Draft> {
    let what = name_in_faults(node, position);
    let fields = Fields::read(node, &what, &KEYS, report)?;
    let settings = Settings::read(fields.get("customProperties"), Level::Property, report);
    let name = fields.required_text("name", &what, report).and_then(|name| parse(name, "`name`", report));
    let logical_type = read_logical_type(&fields, &what, edition, report);
    let logical = logical_type.as_ref().map(|logical| logical.value);
    let mut rules = read_options(fields.get("logicalTypeOptions"), &what, logical, report);
    let of = |key: &str| format!("`{key}` of {what}");
    let check = settings.text("membrane.check", report);
    rules.check = check
        .and_then(|check| parse(check, &of("membrane.check"), report))
        .map(|check: At<FormatCheck>| check.value);
    rules.enumeration = settings
        .get("membrane.enumeration")
        .zip(logical)
        .and_then(|(node, logical)| read_enumeration(node, &what, logical, &rules, report));
    let held = read_of_column(&fields, (&what, logical, edition), &mut rules, report);
    let reference = read_reference(&fields, &settings, (&what, edition), report);
    rules.reference = reference.as_ref().map(|reference| reference.value.clone());
    if settings.get("membrane.protection").is_none() {
        report.fault(fields.mark(), format!("{what} has no `membrane.protection`"));
    }
    Some(Draft {
        name,
        description: fields
            .text("description", report)
            .map_or_else(String::new, |text| text.value.to_owned()),
        logical_type,
        class: read_class(&fields, &what, classes, report),
        protection: settings
            .text("membrane.protection", report)
            .and_then(|text| parse(text, &of("membrane.protection"), report)),
        identity: settings
            .text("membrane.identity", report)
            .and_then(|text| parse(text, &of("membrane.identity"), report)),
        identity_stated: settings.get("membrane.identity").is_some(),
        required: fields.flag("required", report) || held.required,
        unique: fields.flag("unique", report) || held.unique,
        primary: read_primary(&fields, &what, report),
        enumeration_stated: settings.get("membrane.enumeration").is_some() || rules.enumeration.is_some(),
        rules,
        check: settings.mark("membrane.check"),
        reference,
        standard: read_standard(&settings, &what, report),
        not_personal: settings.mark(NOT_PERSONAL),
        waiver: read_waiver(&settings, &what, report),
        public_keys: read_public_keys(&settings, report),
        bounds: read_bounds(&settings, &what, logical, report),
        policy: read_policy(&settings, &what, report),
        what,
    })
}

/// Finds a name for the column before anything is checked: other faults should say which column it is.
fn name_in_faults(node: Node<'_>, position: usize) -> String {
    let name = match node.value() {
        Value::Map(pairs) => pairs.into_iter().find_map(|(key, value)| match (key.value(), value.value()) {
            (Value::Text("name"), Value::Text(name)) => name.parse::<ColumnName>().ok(),
            _ => None,
        }),
        _ => None,
    };
    name.map_or_else(|| format!("column {position}"), |name| format!("column `{name}`"))
}

/// Parses a checked name or word. `what` is where it stands.
pub fn parse<T: FromStr<Err = NameError>>(text: At<&str>, what: &str, report: &mut Report) -> Option<At<T>> {
    match text.value.parse() {
        Ok(value) => Some(At { value, mark: text.mark }),
        Err(error) => {
            report.fault(text.mark, format!("{what} is {error}"));
            None
        }
    }
}

fn read_class(
    fields: &Fields<'_>,
    what: &str,
    classes: Option<&BTreeSet<ClassName>>,
    report: &mut Report,
) -> Option<At<ClassName>> {
    let text = fields.required_text("classification", what, report)?;
    let class: At<ClassName> = parse(text, &format!("`classification` of {what}"), report)?;
    if let Some(classes) = classes
        && !classes.contains(&class.value)
    {
        let hint = did_you_mean(class.value.as_str(), classes.iter().map(ClassName::as_str));
        report.fault(class.mark, format!("{what}: class `{}` is not in `classes.yaml`{hint}", class.value));
    }
    Some(class)
}

fn read_primary(fields: &Fields<'_>, what: &str, report: &mut Report) -> Option<At<Option<u32>>> {
    let key = fields.get("primaryKey").and_then(|node| flag(node, "`primaryKey`", report));
    let node = fields.get("primaryKeyPosition");
    let position = match node.map(|node| (node, node.value())) {
        // -1 is the standard's "none".
        None | Some((_, Value::Integer(-1))) => None,
        Some((node, Value::Integer(position))) if position >= 1 => {
            u32::try_from(position).ok().map(|position| node.at(position))
        }
        Some((node, _)) => {
            report.fault(node.mark(), "`primaryKeyPosition` must be a whole number from 1");
            None
        }
    };
    match (key, position) {
        (Some(At { value: true, mark }), position) => {
            Some(At { value: position.map(|position| position.value), mark })
        }
        (_, Some(position)) => {
            report
                .fault(position.mark, format!("{what} has a `primaryKeyPosition` but no `primaryKey: true`"));
            None
        }
        _ => None,
    }
}

fn read_public_keys(settings: &Settings<'_>, report: &mut Report) -> Option<Mark> {
    const SETTING: &str = "membrane.privacy.publicKeys";
    let public = flag(settings.get(SETTING)?, &format!("`{SETTING}`"), report)?;
    if public.value { settings.mark(SETTING) } else { None }
}

fn read_bounds(
    settings: &Settings<'_>,
    what: &str,
    logical: Option<LogicalType>,
    report: &mut Report,
) -> Option<At<(f64, f64)>> {
    const SETTING: &str = "membrane.privacy.bounds";
    let node = settings.get(SETTING)?;
    let items = list(node, &format!("`{SETTING}`"), report)?;
    let &[lower, upper] = items.value.as_slice() else {
        report.fault(items.mark, format!("`{SETTING}` is a list of two numbers, `[LOWER, UPPER]`"));
        return None;
    };
    // A column that is no number is one fault, not three.
    let logical = logical.filter(|logical| crate::column::is_numeric(*logical));
    let lower = number_of(lower, "the lower bound", logical, report);
    let upper = number_of(upper, "the upper bound", logical, report);
    let (lower, upper) = lower.zip(upper)?;
    if lower.value > upper.value {
        report.fault(lower.mark, format!("{what}: the lower bound is above the upper bound"));
        return None;
    }
    Some(node.at((lower.value, upper.value)))
}
