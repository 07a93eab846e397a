//! `system`: the record and the catalog as tables, for whoever may audit.
//!
//! ```text
//! Statement::parse_for_record -> permit to audit -> Engine::look -> session with RecordTables alone
//!   -> scan: conditions on the moment and on the run narrow a RunWindow -> pages of the ledger, one batch each
//! ```
//!
//! PRIVACY: no value of a member is on record: statements are without their literals, names are those that catalog and policies know. A
//! session has these tables or datasets, never both: a permit to audit has no dataset.

mod anomalies;
mod audit;
mod column;
mod columns;
mod columns_read;
mod datasets;
mod decision_columns;
mod decisions;
mod grants;
mod lineage;
mod pages;
mod policies;
mod policy_versions;
mod quality;
mod releases;
mod rows;
mod runs;
mod table;
mod window;

use std::fmt;
use std::sync::Arc;

use membrane_catalog::Catalog;
use membrane_ledger::Ledger;
use membrane_model::Action;
use membrane_policy::{Permit, Policies};

use crate::answer::Answer;
use crate::engine::Engine;
use crate::error::QueryError;
use crate::gate::Statement;
use crate::session::Contents;

pub use column::SystemColumn;
pub use datasets::{DatasetFacts, Standing};
pub use grants::GrantFacts;
pub use policy_versions::PublicationFacts;
pub(crate) use table::RecordTable;

/// The name of the schema.
pub(crate) const NAME: &str = "system";

const MIXED: &str =
    "tables of `system` beside datasets: ask for the record in one statement, and for data in another";

/// A table of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SystemTable {
    /// What stood out of what principals did.
    Anomalies,
    /// Entries of the log.
    Audit,
    /// Columns of the catalog.
    Columns,
    /// Which columns were taken.
    ColumnsRead,
    /// Datasets, with their tables, deliveries and uses.
    Datasets,
    /// What was decided about single columns.
    DecisionColumns,
    /// What policy decided.
    Decisions,
    /// What was granted beside the policies.
    Grants,
    /// Where columns came from.
    Lineage,
    /// The policies that are served.
    Policies,
    /// The files of what was published.
    PolicyFiles,
    /// What was published of catalog and policies.
    PolicyVersions,
    /// What became of deliveries.
    Quality,
    /// What was paid for.
    Releases,
    /// What was done.
    Runs,
}

impl SystemTable {
    /// Every table, by name.
    pub const ALL: [Self; 15] = [
        Self::Anomalies,
        Self::Audit,
        Self::Columns,
        Self::ColumnsRead,
        Self::Datasets,
        Self::DecisionColumns,
        Self::Decisions,
        Self::Grants,
        Self::Lineage,
        Self::Policies,
        Self::PolicyFiles,
        Self::PolicyVersions,
        Self::Quality,
        Self::Releases,
        Self::Runs,
    ];

    /// Returns its name in the schema.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anomalies => "anomalies",
            Self::Audit => "audit",
            Self::Columns => "columns",
            Self::ColumnsRead => "columns_read",
            Self::Datasets => "datasets",
            Self::DecisionColumns => "decision_columns",
            Self::Decisions => "decisions",
            Self::Grants => "grants",
            Self::Lineage => "lineage",
            Self::Policies => "policies",
            Self::PolicyFiles => "policy_files",
            Self::PolicyVersions => "policy_versions",
            Self::Quality => "quality",
            Self::Releases => "releases",
            Self::Runs => "runs",
        }
    }

    /// Returns its columns.
    #[must_use]
    pub const fn columns(self) -> &'static [SystemColumn] {
        match self {
            Self::Anomalies => anomalies::COLUMNS,
            Self::Audit => audit::COLUMNS,
            Self::Columns => columns::COLUMNS,
            Self::ColumnsRead => columns_read::COLUMNS,
            Self::Datasets => datasets::COLUMNS,
            Self::DecisionColumns => decision_columns::COLUMNS,
            Self::Decisions => decisions::COLUMNS,
            Self::Grants => grants::COLUMNS,
            Self::Lineage => lineage::COLUMNS,
            Self::Policies => policies::COLUMNS,
            Self::PolicyFiles => policy_versions::FILES,
            Self::PolicyVersions => policy_versions::VERSIONS,
            Self::Quality => quality::COLUMNS,
            Self::Releases => releases::COLUMNS,
            Self::Runs => runs::COLUMNS,
        }
    }

    /// Tells whether a word is of the schema: what a statement about it may be recorded with.
    #[must_use]
    pub fn knows(word: &str) -> bool {
        word == NAME
            || Self::ALL
                .into_iter()
                .any(|table| table.name() == word || table.columns().iter().any(|column| column.name == word))
    }

    /// Finds a table by its name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }
}

/// What the tables are made of, beside the ledger.
#[derive(Clone)]
pub struct RecordParts {
    /// The catalog that is served.
    pub catalog: Arc<Catalog>,
    /// What was gathered for the tables that a statement names.
    pub facts: RecordFacts,
}

/// What is gathered before a statement is answered: each for statements that name its table, and nothing for others.
#[derive(Clone, Default)]
pub struct RecordFacts {
    /// What is known of each dataset.
    pub datasets: Vec<DatasetFacts>,
    /// Break-glass grants and delegations.
    pub grants: Vec<GrantFacts>,
    /// The policies that are served.
    pub policies: Option<Arc<Policies>>,
    /// What was published, in the order of numbers; for [`SystemTable::PolicyVersions`] and [`SystemTable::PolicyFiles`].
    pub publications: Vec<PublicationFacts>,
}

impl fmt::Debug for RecordParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordParts").field("facts", &self.facts).finish_non_exhaustive()
    }
}

impl fmt::Debug for RecordFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordFacts")
            .field("datasets", &self.datasets.len())
            .field("grants", &self.grants.len())
            .field("publications", &self.publications.len())
            .finish_non_exhaustive()
    }
}

/// What rows of the tables are made of.
struct Record {
    ledger: Ledger,
    parts: RecordParts,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Record")
    }
}

impl Engine {
    /// Answers a statement about the record under a permit to audit.
    ///
    /// # Errors
    /// [`QueryError::Unsupported`] when it reads data as well; [`QueryError`] as for [`Engine::query`].
    pub async fn look(
        &self,
        permit: &Permit,
        statement: &Statement,
        parts: RecordParts,
    ) -> Result<Answer, QueryError> {
        if permit.action() != Action::Audit || !permit.audits() {
            return Err(QueryError::NotPermitted);
        }
        let reads = !statement.tables().is_empty() || statement.described().is_some();
        if reads || !statement.lookups().is_empty() {
            return Err(QueryError::Unsupported { what: MIXED, position: None });
        }
        let record = Arc::new(Record { ledger: self.parts.ledger.clone(), parts });
        let tables = statement.system().iter().map(|table| (table.name(), RecordTable::new(*table, &record)));
        let contents = Contents {
            system: tables.collect(),
            information: if statement.lists() { self.information(permit)? } else { Vec::new() },
            ..Contents::default()
        };
        let brake = self.brake();
        self.in_time(&brake, self.answer_in(contents, permit, statement, &brake)).await
    }
}

#[cfg(test)]
mod tests;
