//! The schema object of a contract: the table.

use std::collections::BTreeSet;
use std::time::Duration;

use membrane_model::{ClassName, ColumnName, DatasetName};

use super::column::{Draft, parse, read_column};
use super::custom::{Level, Settings};
use super::fields::{Fields, whole};
use super::quality::read_of_schema;
use super::retention::{RetentionDraft, read_retention};
use super::service::read_settings;
use super::suggest::shown;
use super::yaml::Node;
use super::{At, Edition, Mark, Report};
use crate::OnTruncated;

/// Keys of a schema object in the standard (3.0.2, and what 3.1 added).
const KEYS: [&str; 14] = [
    "name",
    "businessName",
    "description",
    "logicalType",
    "physicalName",
    "physicalType",
    "dataGranularityDescription",
    "properties",
    "customProperties",
    "quality",
    "authoritativeDefinitions",
    "tags",
    "id",
    "relationships",
];

/// Columns of one table; Delta and Parquet take more, a person does not.
const COLUMNS_MAX: usize = 2_000;

/// Names that PostgreSQL clients take for their own.
const RESERVED: [&str; 5] = ["information_schema", "pg_catalog", "public", "quarantine", "membrane"];

const GROUPS_MAX: &str = "membrane.privacy.groupsMax";
const ROWS_MAX: &str = "membrane.privacy.rowsMax";

/// A schema object as far as it could be read.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) name: Option<At<DatasetName>>,
    pub(super) description: Option<String>,
    pub(super) legal_basis: Option<String>,
    pub(super) retention: Option<RetentionDraft>,
    pub(super) columns: Vec<Draft>,
    /// Whether `membrane.subject` is stated at all, readable or not.
    pub(super) has_subject: bool,
    pub(super) subject: Option<At<ColumnName>>,
    pub(super) event_time: Option<At<ColumnName>>,
    pub(super) on_truncated: OnTruncated,
    pub(super) rows_per_day: Option<(u64, u64)>,
    pub(super) ahead_max: Option<At<Duration>>,
    pub(super) groups_max: Option<At<u32>>,
    pub(super) rows_max: Option<At<u32>>,
    /// Where the first contribution bound stands that has no partner.
    pub(super) lone_bound: Option<Mark>,
}

/// Reads the one schema object of a contract whose file is named `stem`.
pub(super) fn read_schema(
    node: Node<'_>,
    stem: &str,
    classes: Option<&BTreeSet<ClassName>>,
    edition: Edition,
    report: &mut Report,
) -> Option<Schema> {
    let fields = Fields::read(node, "the schema object", &KEYS, report)?;
    let settings = Settings::read(fields.get("customProperties"), Level::Schema, report);
    if let Some(logical) = fields.text("logicalType", report)
        && logical.value != "object"
    {
        report.fault(logical.mark, "the `logicalType` of the schema object is `object`");
    }
    if let Some(node) = fields.get("relationships") {
        report
            .fault(node.mark(), "`relationships` stand with the column that refers, as `to: DATASET.COLUMN`");
    }
    let mut column = |setting: &str| {
        let text = settings.text(setting, report)?;
        parse::<ColumnName>(text, &format!("`{setting}`"), report)
    };
    let (subject, event_time) = (column("membrane.subject"), column("membrane.eventTime"));
    let mut count = |setting: &str| whole(settings.get(setting)?, &format!("`{setting}`"), 1, report);
    let (groups_max, rows_max) = (count(GROUPS_MAX), count(ROWS_MAX));
    let (rows_per_day, ahead_max) = read_settings(&settings, report);
    let mut columns = read_columns(&fields, classes, edition, report);
    read_of_schema(&fields, edition, &mut columns, report);
    Some(Schema {
        name: read_name(&fields, stem, report),
        description: fields.text("description", report).map(|text| text.value.to_owned()),
        legal_basis: settings.text("membrane.legalBasis", report).map(|text| text.value.to_owned()),
        retention: read_retention(&settings, report),
        columns,
        has_subject: settings.get("membrane.subject").is_some(),
        subject,
        event_time,
        on_truncated: read_on_truncated(&settings, report),
        rows_per_day,
        ahead_max,
        groups_max,
        rows_max,
        lone_bound: match (settings.mark(GROUPS_MAX), settings.mark(ROWS_MAX)) {
            (Some(mark), None) | (None, Some(mark)) => Some(mark),
            _ => None,
        },
    })
}

fn read_on_truncated(settings: &Settings<'_>, report: &mut Report) -> OnTruncated {
    let Some(text) = settings.text("membrane.onTruncated", report) else { return OnTruncated::default() };
    let found = OnTruncated::ALL.into_iter().find(|rule| rule.as_str() == text.value);
    found.unwrap_or_else(|| {
        report.fault(
            text.mark,
            format!("`membrane.onTruncated` is `stop` or `save`, not {}", shown(text.value)),
        );
        OnTruncated::default()
    })
}

fn read_name(fields: &Fields<'_>, stem: &str, report: &mut Report) -> Option<At<DatasetName>> {
    let text = fields.required_text("name", "the schema object", report)?;
    let name: At<DatasetName> = parse(text, "`name`", report)?;
    let text = name.value.as_str();
    if text != stem {
        report.fault(
            name.mark,
            format!("dataset `{text}` stands in the file {}: name both alike", shown(stem)),
        );
    }
    if RESERVED.contains(&text) || text.starts_with("pg_") {
        report.fault(name.mark, format!("`{text}` is reserved, choose another name"));
    }
    Some(name)
}

fn read_columns(
    fields: &Fields<'_>,
    classes: Option<&BTreeSet<ClassName>>,
    edition: Edition,
    report: &mut Report,
) -> Vec<Draft> {
    let Some(items) = fields.list("properties", report) else {
        if fields.get("properties").is_none() {
            report.fault(fields.mark(), "the schema object has no `properties`: these are the columns");
        }
        return Vec::new();
    };
    if !(1..=COLUMNS_MAX).contains(&items.value.len()) {
        report.fault(
            items.mark,
            format!("a table has 1 to {COLUMNS_MAX} columns, here are {}", items.value.len()),
        );
        return Vec::new();
    }
    let numbered = items.value.into_iter().enumerate();
    numbered.filter_map(|(index, item)| read_column(item, index + 1, classes, edition, report)).collect()
}
