//! One contract: the Open Data Contract Standard v3.

use std::collections::BTreeSet;

use membrane_model::{ClassName, ColumnName, DatasetName, IdentityKind, LogicalType, Purpose};

use super::check::{check, check_promises};
use super::custom::{Level, Settings};
use super::fields::Fields;
use super::reference::Referring;
use super::retention::check_retention;
use super::schema::{Schema, read_schema};
use super::semver::is_semver;
use super::service::read_levels;
use super::stewardship::read_stewardship;
use super::yaml::{Document, Node, Value};
use super::{At, Edition, Mark, Report};
use crate::{Dataset, DatasetPrivacy, ServiceLevels, Standard, Stewardship, SubjectSource};

/// Keys of a contract in the standard (3.0.2).
const KEYS: [&str; 22] = [
    "apiVersion",
    "kind",
    "id",
    "name",
    "version",
    "status",
    "description",
    "schema",
    "customProperties",
    "tenant",
    "domain",
    "dataProduct",
    "servers",
    "support",
    "price",
    "team",
    "roles",
    "slaDefaultElement",
    "slaProperties",
    "authoritativeDefinitions",
    "contractCreatedTs",
    "tags",
];

/// A contract as far as it could be read, with what must fit the other contracts.
#[derive(Debug)]
pub(crate) struct Contract {
    /// The dataset, when nothing is missing.
    pub(crate) dataset: Option<Dataset>,
    pub(crate) id: Option<At<String>>,
    pub(crate) name: Option<At<DatasetName>>,
    pub(crate) identities: Vec<Identity>,
    /// The purposes that it names: those that columns are the consent for, and those that rows are kept for.
    pub(crate) purposes: Vec<At<Purpose>>,
    /// Where it says for how long rows are kept, if it does.
    pub(crate) retention: Option<Mark>,
    /// The columns that refer to other datasets.
    pub(crate) references: Vec<Referring>,
}

/// A column that holds identifiers.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) kind: IdentityKind,
    pub(crate) logical_type: LogicalType,
    pub(crate) standard: Option<Standard>,
    pub(crate) mark: Mark,
}

/// Reads and checks a contract whose file is named `stem`.
pub(crate) fn read_contract(
    text: &str,
    stem: &str,
    classes: Option<&BTreeSet<ClassName>>,
    report: &mut Report,
) -> Option<Contract> {
    let document = Document::parse(text, report)?;
    let fields = Fields::read(document.root(), "the contract", &KEYS, report)?;
    let edition = check_standard(&fields, report);
    Settings::read(fields.get("customProperties"), Level::Contract, report);
    let id = fields.required_text("id", "the contract", report).map(|id| id.map(ToOwned::to_owned));
    let version = read_version(&fields, report);
    check_description(&fields, report);
    let owner = fields.get("team").and_then(owner);
    let schema =
        one_schema(&fields, report).and_then(|node| read_schema(node, stem, classes, edition, report));
    let promises = read_levels(&fields, stem, report);
    let legal_basis = schema.as_ref().and_then(|schema| schema.legal_basis.clone());
    let rules = schema.as_ref().and_then(|schema| schema.retention.as_ref()?.rules.as_ref());
    let stewardship = read_stewardship(&fields, legal_basis, rules);
    if let Some(schema) = &schema {
        check(schema, report);
        check_promises(&promises, schema, report);
        check_retention(schema, &promises, report);
    }
    Some(Contract {
        id,
        name: schema
            .as_ref()
            .and_then(|schema| schema.name.as_ref())
            .map(|name| At { value: name.value.clone(), mark: name.mark }),
        identities: schema.as_ref().map(identities).unwrap_or_default(),
        purposes: schema.as_ref().map(purposes).unwrap_or_default(),
        retention: schema.as_ref().and_then(|schema| schema.retention.as_ref()).map(|draft| draft.mark),
        references: schema.as_ref().map(references).unwrap_or_default(),
        dataset: schema
            .zip(version)
            .and_then(|(schema, version)| build(schema, version, owner, (promises.levels, stewardship))),
    })
}

/// Checks what every contract says about itself, and returns the edition that it follows.
fn check_standard(fields: &Fields<'_>, report: &mut Report) -> Edition {
    let version = fields.required_text("apiVersion", "the contract", report);
    let edition = version.and_then(|version| Edition::of(version.value));
    if let Some(version) = version
        && edition.is_none()
    {
        report.fault(version.mark, "this `apiVersion` is not read here: write `v3.0.2`");
    }
    if let Some(kind) = fields.required_text("kind", "the contract", report)
        && kind.value != "DataContract"
    {
        report.fault(kind.mark, "the `kind` of a contract is `DataContract`");
    }
    fields.required_text("status", "the contract", report);
    fields.text("name", report);
    // An edition that is not known is one fault, not one for each column.
    edition.unwrap_or(Edition::V31)
}

fn read_version(fields: &Fields<'_>, report: &mut Report) -> Option<String> {
    let version = fields.required_text("version", "the contract", report)?;
    if !is_semver(version.value) {
        report.fault(version.mark, "`version` must be MAJOR.MINOR.PATCH, like `1.0.0`");
        return None;
    }
    Some(version.value.to_owned())
}

/// Checks the contract's description.
fn check_description(fields: &Fields<'_>, report: &mut Report) {
    let known = ["purpose", "usage", "limitations", "authoritativeDefinitions", "customProperties"];
    let description =
        fields.get("description").and_then(|node| Fields::read(node, "`description`", &known, report));
    if let Some(description) = description {
        Settings::read(description.get("customProperties"), Level::Contract, report);
        description.text("purpose", report);
    }
}

/// Finds who answers for the data: in 3.0 the team is a list, in 3.1 its `members` are.
fn owner(team: Node<'_>) -> Option<String> {
    let text = |node: Node<'_>, key: &str| match node.value() {
        Value::Map(pairs) => {
            pairs.into_iter().find_map(|(name, value)| match (name.value(), value.value()) {
                (Value::Text(name), Value::Text(text)) if name == key => Some(text.to_owned()),
                _ => None,
            })
        }
        _ => None,
    };
    match team.value() {
        Value::List(members) => members
            .into_iter()
            .find(|member| text(*member, "role").is_some_and(|role| role.eq_ignore_ascii_case("owner")))
            .and_then(|member| text(member, "username")),
        Value::Map(pairs) => pairs
            .into_iter()
            .find(|(key, value)| {
                matches!((key.value(), value.value()), (Value::Text("members"), Value::List(_)))
            })
            .and_then(|(_, members)| owner(members)),
        _ => None,
    }
}

fn one_schema<'a>(fields: &Fields<'a>, report: &mut Report) -> Option<Node<'a>> {
    let Some(items) = fields.list("schema", report) else {
        if fields.get("schema").is_none() {
            report.fault(fields.mark(), "the contract has no `schema`");
        }
        return None;
    };
    match items.value.as_slice() {
        [one] => Some(*one),
        many => {
            let fault =
                format!("a contract has one schema object, here are {}: write a file for each", many.len());
            report.fault(items.mark, fault);
            None
        }
    }
}

fn identities(schema: &Schema) -> Vec<Identity> {
    let columns = schema.columns.iter();
    columns
        .filter_map(|column| {
            let identity = column.identity.as_ref()?;
            Some(Identity {
                kind: identity.value.clone(),
                logical_type: column.logical()?,
                standard: column.standard.value(),
                mark: identity.mark,
            })
        })
        .collect()
}

fn purposes(schema: &Schema) -> Vec<At<Purpose>> {
    let consents = schema.columns.iter().flat_map(|column| &column.policy.consents);
    let kept_for = schema.retention.iter().flat_map(|draft| &draft.purposes);
    consents.chain(kept_for).map(|purpose| At { value: purpose.value.clone(), mark: purpose.mark }).collect()
}

fn references(schema: &Schema) -> Vec<Referring> {
    let columns = schema.columns.iter();
    let referring = columns.filter_map(|column| {
        let reference = column.reference.as_ref()?;
        Some(Referring {
            what: column.what.clone(),
            reference: reference.value.clone(),
            logical: column.logical()?,
            standard: column.standard.value(),
            mark: reference.mark,
        })
    });
    referring.collect()
}

/// Builds the dataset. Missing parts have been reported; then there is none.
fn build(
    schema: Schema,
    version: String,
    owner: Option<String>,
    (levels, stewardship): (ServiceLevels, Stewardship),
) -> Option<Dataset> {
    let mut keys: Vec<(u32, ColumnName)> = Vec::new();
    for column in &schema.columns {
        if let (Some(key), Some(name)) = (&column.primary, &column.name) {
            // Without positions the key is in the contract's order: the sort is stable.
            keys.push((key.value.unwrap_or(0), name.value.clone()));
        }
    }
    keys.sort_by_key(|(position, _)| *position);
    let columns: Vec<Vec<_>> =
        schema.columns.into_iter().map(|column| column.finish()).collect::<Option<Vec<_>>>()?;
    let columns: Vec<_> = columns.into_iter().flatten().collect();
    let subject = match schema.subject {
        None => None,
        Some(name) => {
            let column = columns.iter().find(|column| column.name == name.value)?;
            Some(SubjectSource { column: name.value, kind: column.identity.clone()? })
        }
    };
    let privacy = schema
        .groups_max
        .zip(schema.rows_max)
        .map(|(groups, rows)| DatasetPrivacy { groups_max: groups.value, rows_max: rows.value });
    Some(Dataset {
        name: schema.name?.value,
        version,
        description: schema.description.or_else(|| stewardship.purpose.clone()).unwrap_or_default(),
        owner,
        columns,
        subject,
        primary_key: keys.into_iter().map(|(_, name)| name).collect(),
        event_time: schema.event_time.map(|name| name.value),
        privacy,
        on_truncated: schema.on_truncated,
        service: ServiceLevels {
            rows_per_day: schema.rows_per_day,
            ahead_max: schema.ahead_max.map(|seconds| seconds.value),
            ..levels
        },
        retention: schema.retention.and_then(|draft| draft.rules),
        stewardship,
    })
}
