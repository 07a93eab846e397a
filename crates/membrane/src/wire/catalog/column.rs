//! Columns of the catalog, who reads them and who may.

use membrane_catalog::{Dataset, Revision};
use membrane_ledger::ColumnUse;
use membrane_model::{ColumnName, RunId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::instant;
use crate::flow::{CatalogEntry, ColumnPage, Contracted, ReaderLine, UseLine};

/// All that is known of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CatalogColumnPageBody {
    /// The run in which this was looked up.
    pub run: String,
    /// Its dataset.
    pub dataset: String,
    /// The column.
    pub column: CatalogColumnBody,
    /// Who read it in thirty days, or was told of it; for whoever may look at the record.
    pub uses: Vec<CatalogColumnUseBody>,
    /// Who may read it; for whoever may look at the record, unless there are too many to ask of.
    pub readers: Option<Vec<CatalogReaderBody>>,
}

/// A column of the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CatalogColumnBody {
    /// Its name.
    pub name: String,
    /// Its type, before any mask.
    #[serde(rename = "type")]
    pub logical_type: String,
    /// How sensitive it is.
    #[schema(example = "pii.phone")]
    pub class: String,
    /// How it is stored.
    #[schema(example = "sealed+token")]
    pub protection: String,
    /// How much of it the caller sees; none for whoever looks at the record, and at no row.
    pub level: Option<String>,
    /// The kind of identifier in it.
    pub identity: Option<String>,
    /// What its values must satisfy, and what releases may assume; what names other columns, datasets or policies for whoever may look at
    /// the record.
    pub rules: Vec<String>,
    /// What it means.
    pub description: String,
}

/// How often principals of a kind read a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogUseBody {
    /// The kind of principal.
    #[schema(example = "analyst")]
    pub kind: String,
    /// `read` or `release`.
    pub action: String,
    /// How many principals, in thirty days.
    pub principals_30d: usize,
    /// In how many runs of seven days.
    pub runs_7d: u64,
    /// In how many runs of thirty days.
    pub runs_30d: u64,
    /// When last.
    pub latest: String,
}

/// Who read a column, or was told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogColumnUseBody {
    /// Who, or on whose behalf.
    pub principal: String,
    /// `read` or `release`.
    pub action: String,
    /// Why.
    pub purpose: Option<String>,
    /// In how many runs of thirty days.
    pub runs: u64,
    /// When last.
    pub latest: String,
}

/// Who may read, by policies as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogReaderBody {
    /// Who.
    pub principal: String,
    /// `read`, or `release` for partners.
    pub action: String,
    /// Why.
    pub purpose: String,
    /// How many columns are shown at each level, the highest first: `clear 7, partial 2`.
    #[schema(example = "clear 7, partial 2")]
    pub levels: String,
}

pub(super) fn of_revision(revision: &Revision) -> Vec<CatalogColumnBody> {
    let column = |[name, logical_type, class, protection, description]: [&str; 5]| CatalogColumnBody {
        name: name.to_owned(),
        logical_type: logical_type.to_owned(),
        class: class.to_owned(),
        protection: protection.to_owned(),
        level: None,
        identity: None,
        rules: Vec::new(),
        description: description.to_owned(),
    };
    revision.columns().map(column).collect()
}

pub(super) fn readers(lines: &[ReaderLine]) -> Vec<CatalogReaderBody> {
    let levels = |line: &ReaderLine| {
        let counted = line.levels.iter().rev().map(|(level, columns)| format!("{level} {columns}"));
        counted.collect::<Vec<_>>().join(", ")
    };
    let reader = |line: &ReaderLine| CatalogReaderBody {
        principal: line.principal.to_string(),
        action: line.action.to_string(),
        purpose: line.purpose.to_string(),
        levels: levels(line),
    };
    lines.iter().map(reader).collect()
}

impl CatalogColumnBody {
    /// Tells of a column as the caller may know it; nothing when it does not exist for them.
    pub(super) fn new(dataset: &Dataset, entry: &CatalogEntry, name: &ColumnName) -> Option<Self> {
        let (_, level) = entry.columns.iter().find(|(known, _)| known == name)?;
        let column = dataset.column(name)?;
        // PRIVACY: a rule may name a column or a dataset that does not exist for the caller.
        let described = if entry.whole { column.describe() } else { column.describe_alone() };
        Some(Self {
            name: described.name,
            logical_type: described.logical_type,
            class: described.class,
            protection: described.protection,
            level: level.map(|level| level.to_string()),
            identity: described.identity,
            rules: described.rules,
            description: described.description,
        })
    }
}

impl From<&UseLine> for CatalogUseBody {
    fn from(line: &UseLine) -> Self {
        Self {
            kind: line.kind.as_str().to_owned(),
            action: line.action.to_string(),
            principals_30d: line.principals_30d,
            runs_7d: line.runs_7d,
            runs_30d: line.runs_30d,
            latest: instant(line.latest),
        }
    }
}

impl CatalogColumnPageBody {
    /// Tells of a column; nothing when the contract does not have it, and did not have it last.
    #[must_use]
    pub fn new(run: RunId, page: &ColumnPage) -> Option<Self> {
        let column = match &page.entry.contract {
            Contracted::Served(dataset) => CatalogColumnBody::new(dataset, &page.entry, &page.column)?,
            Contracted::Gone(revision) => {
                let mut columns = of_revision(revision.as_ref()?).into_iter();
                columns.find(|column| column.name == page.column.as_str())?
            }
        };
        Some(Self {
            run: run.to_string(),
            dataset: page.entry.name.to_string(),
            column,
            uses: page.uses.iter().map(CatalogColumnUseBody::from).collect(),
            readers: page.readers.as_deref().map(readers),
        })
    }
}

impl From<&ColumnUse> for CatalogColumnUseBody {
    fn from(used: &ColumnUse) -> Self {
        Self {
            principal: used.principal.to_string(),
            action: used.action.to_string(),
            purpose: used.purpose.as_ref().map(ToString::to_string),
            runs: used.runs,
            latest: instant(used.latest),
        }
    }
}
