//! The catalog as the caller may know it.

mod column;

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use membrane_catalog::Dataset;
use membrane_model::{ColumnName, RunId};
use membrane_query::{DatasetFacts, Standing};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::quality::QualityDayBody;
use crate::flow::{CatalogEntry, Contracted, DatasetPage, Hit};

pub use column::{
    CatalogColumnBody, CatalogColumnPageBody, CatalogColumnUseBody, CatalogReaderBody, CatalogUseBody,
};
use column::{of_revision, readers};

/// The datasets of the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CatalogBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The datasets, by name; of a search the best first.
    pub datasets: Vec<CatalogEntryBody>,
}

/// A dataset of the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CatalogEntryBody {
    /// Its name, as SQL calls it.
    pub name: String,
    /// `served`, or `gone`: its contract was taken out of the catalog, and this is what was last written down of it.
    #[schema(example = "served")]
    pub standing: String,
    /// What it is.
    pub description: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The area that it belongs to.
    pub domain: Option<String>,
    /// The version of its contract.
    pub version: String,
    /// Whether its rows are about members.
    pub private: Option<bool>,
    /// How many columns exist for the caller.
    pub columns: usize,
    /// What record and storage say; for whoever may look at the record.
    pub facts: Option<CatalogFactsBody>,
    /// What a search found in it.
    pub hits: Vec<HitBody>,
}

/// What record and storage say of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CatalogFactsBody {
    /// The version of its table; none when nothing was ever stored.
    pub table_version: Option<u64>,
    /// Rows of the table.
    pub rows: Option<u64>,
    /// Files of the table.
    pub files: Option<u64>,
    /// Bytes of them: what storing it costs.
    pub bytes: Option<u64>,
    /// When something was first delivered.
    pub first_delivery: Option<String>,
    /// When something was last delivered.
    pub last_delivery: Option<String>,
    /// The longest time from one delivery to the next, as the contract promises, in seconds.
    pub frequency_seconds: Option<u64>,
    /// Whether that is over; none where nothing is promised.
    pub late: Option<bool>,
    /// Promises that are broken at present.
    pub broken_promises: Vec<String>,
    /// Runs of seven days that read it.
    pub reads_7d: u64,
    /// Runs of thirty days that read it.
    pub reads_30d: u64,
    /// Principals that read it in thirty days.
    pub readers_30d: u64,
    /// When it was last read, within thirty days.
    pub last_read: Option<String>,
}

/// A place in which a word of a search was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HitBody {
    /// `exact_name` or `name` of the dataset, `column`: the name or the class of one, `description`: what is said of either.
    pub place: String,
    /// The column, when it is one.
    pub column: Option<String>,
}

/// All that is known of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CatalogDatasetBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The dataset.
    pub dataset: CatalogEntryBody,
    /// What it is for.
    pub purpose: Option<String>,
    /// How it is used.
    pub usage: Option<String>,
    /// What to beware of.
    pub limitations: Option<String>,
    /// By which right its rows are kept.
    pub legal_basis: Option<String>,
    /// How long they are to be kept.
    pub retention: Option<String>,
    /// Words that it is found by.
    pub tags: Vec<String>,
    /// The column that says whose row it is.
    pub subject: Option<String>,
    /// The columns that name a row.
    pub primary_key: Vec<String>,
    /// The column that says when it happened.
    pub event_time: Option<String>,
    /// The columns that exist for the caller.
    pub columns: Vec<CatalogColumnBody>,
    /// Where its rows come from: names of sources; for whoever may look at the record.
    pub sources: Vec<String>,
    /// Tags of members that lie in it, or whose statement names it.
    pub member_tags: Vec<String>,
    /// Standing releases whose statement names it: the caller's own, or all for whoever may look at the record.
    pub standing_releases: Vec<String>,
    /// The last seven days of deliveries; for whoever may look at the record.
    pub quality: Vec<QualityDayBody>,
    /// Who read it, by kind; for whoever may look at the record.
    pub uses: Vec<CatalogUseBody>,
    /// Who may read it, by policies as they are; for whoever may look at the record, unless there are too many to ask of.
    pub readers: Option<Vec<CatalogReaderBody>>,
}

fn instant(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
}

impl CatalogBody {
    /// Tells what was found.
    #[must_use]
    pub fn new(run: RunId, entries: &[CatalogEntry]) -> Self {
        Self { run: run.to_string(), datasets: entries.iter().map(CatalogEntryBody::from).collect() }
    }
}

impl From<&CatalogEntry> for CatalogEntryBody {
    fn from(entry: &CatalogEntry) -> Self {
        let facts = entry.facts.as_ref().map(CatalogFactsBody::from);
        let hits = entry.hits.iter().map(HitBody::from).collect();
        let head = Self {
            name: entry.name.to_string(),
            standing: Standing::Served.as_str().to_owned(),
            description: String::new(),
            owner: None,
            domain: None,
            version: String::new(),
            private: None,
            columns: entry.columns.len(),
            facts,
            hits,
        };
        match &entry.contract {
            Contracted::Served(dataset) => Self {
                description: dataset.description.clone(),
                owner: dataset.owner.clone(),
                domain: dataset.stewardship.domain.clone(),
                version: dataset.version.clone(),
                private: Some(dataset.is_private()),
                ..head
            },
            Contracted::Gone(revision) => Self {
                standing: Standing::Gone.as_str().to_owned(),
                description: revision.as_ref().map_or_else(String::new, |one| one.description().to_owned()),
                owner: revision.as_ref().and_then(|one| one.owner()).map(str::to_owned),
                version: revision.as_ref().map_or_else(String::new, |one| one.version().to_owned()),
                private: revision.as_ref().map(|one| one.is_private()),
                ..head
            },
        }
    }
}

impl From<&DatasetFacts> for CatalogFactsBody {
    fn from(facts: &DatasetFacts) -> Self {
        Self {
            table_version: facts.table_version,
            rows: facts.rows,
            files: facts.files,
            bytes: facts.bytes,
            first_delivery: facts.first_delivery.map(instant),
            last_delivery: facts.last_delivery.map(instant),
            frequency_seconds: facts.frequency_seconds,
            late: facts.late,
            broken_promises: facts.broken_promises.clone(),
            reads_7d: facts.reads_7d,
            reads_30d: facts.reads_30d,
            readers_30d: facts.readers_30d,
            last_read: facts.last_read.map(instant),
        }
    }
}

impl From<&Hit> for HitBody {
    fn from(hit: &Hit) -> Self {
        Self { place: hit.place.as_str().to_owned(), column: hit.column.as_ref().map(ToString::to_string) }
    }
}

impl CatalogDatasetBody {
    /// Tells of a dataset.
    #[must_use]
    pub fn new(run: RunId, page: &DatasetPage) -> Self {
        let body = Self {
            run: run.to_string(),
            dataset: (&page.entry).into(),
            sources: page.sources.iter().map(|source| source.name.to_string()).collect(),
            member_tags: page.tags.iter().map(|tag| tag.id.to_string()).collect(),
            standing_releases: page.releases.iter().map(|release| release.name.to_string()).collect(),
            quality: page.quality.iter().map(|(day, broken)| QualityDayBody::new(day, broken)).collect(),
            uses: page.uses.iter().map(CatalogUseBody::from).collect(),
            readers: page.readers.as_deref().map(readers),
            ..Self::nothing()
        };
        match &page.entry.contract {
            Contracted::Served(dataset) => body.with(dataset, &page.entry),
            Contracted::Gone(Some(revision)) => Self {
                legal_basis: revision.legal_basis().map(str::to_owned),
                retention: revision.retention().map(str::to_owned),
                columns: of_revision(revision),
                ..body
            },
            Contracted::Gone(None) => body,
        }
    }

    /// Tells what a contract says, and nothing of the record: of whoever has the file.
    #[must_use]
    pub fn of_contract(dataset: &Arc<Dataset>) -> Self {
        let entry = CatalogEntry {
            name: dataset.name.clone(),
            contract: Contracted::Served(Arc::clone(dataset)),
            columns: dataset.columns.iter().map(|column| (column.name.clone(), None)).collect(),
            whole: true,
            facts: None,
            hits: Vec::new(),
        };
        Self { dataset: (&entry).into(), ..Self::nothing() }.with(dataset, &entry)
    }

    fn nothing() -> Self {
        Self {
            run: String::new(),
            dataset: CatalogEntryBody {
                name: String::new(),
                standing: String::new(),
                description: String::new(),
                owner: None,
                domain: None,
                version: String::new(),
                private: None,
                columns: 0,
                facts: None,
                hits: Vec::new(),
            },
            purpose: None,
            usage: None,
            limitations: None,
            legal_basis: None,
            retention: None,
            tags: Vec::new(),
            subject: None,
            primary_key: Vec::new(),
            event_time: None,
            columns: Vec::new(),
            sources: Vec::new(),
            member_tags: Vec::new(),
            standing_releases: Vec::new(),
            quality: Vec::new(),
            uses: Vec::new(),
            readers: None,
        }
    }

    /// Adds what the contract says. PRIVACY: of columns that do not exist for the caller not even the name.
    fn with(self, dataset: &Dataset, entry: &CatalogEntry) -> Self {
        let shown = &entry.columns;
        let exists = |name: &&ColumnName| shown.iter().any(|(known, _)| known == *name);
        let said = &dataset.stewardship;
        let columns = shown.iter().filter_map(|(name, _)| CatalogColumnBody::new(dataset, entry, name));
        Self {
            purpose: said.purpose.clone(),
            usage: said.usage.clone(),
            limitations: said.limitations.clone(),
            legal_basis: said.legal_basis.clone(),
            retention: said.retention.clone(),
            tags: said.tags.clone(),
            subject: dataset.subject.as_ref().map(|of| &of.column).filter(exists).map(ToString::to_string),
            primary_key: dataset.primary_key.iter().filter(exists).map(ToString::to_string).collect(),
            event_time: dataset.event_time.as_ref().filter(exists).map(ToString::to_string),
            columns: columns.collect(),
            ..self
        }
    }
}
