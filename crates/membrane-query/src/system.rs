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
mod column;
mod columns;
mod datasets;
mod decision_columns;
mod decisions;
mod lineage;
mod pages;
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
use membrane_policy::Permit;

use crate::answer::Answer;
use crate::engine::Engine;
use crate::error::QueryError;
use crate::gate::Statement;
use crate::session::Contents;

pub use column::SystemColumn;
pub use datasets::{DatasetFacts, Standing};
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
    /// Columns of the catalog.
    Columns,
    /// Datasets, with their tables, deliveries and uses.
    Datasets,
    /// What was decided about single columns.
    DecisionColumns,
    /// What policy decided.
    Decisions,
    /// Where columns came from.
    Lineage,
    /// What became of deliveries.
    Quality,
    /// What was paid for.
    Releases,
    /// What was done.
    Runs,
}

impl SystemTable {
    /// Every table, by name.
    pub const ALL: [Self; 9] = [
        Self::Anomalies,
        Self::Columns,
        Self::Datasets,
        Self::DecisionColumns,
        Self::Decisions,
        Self::Lineage,
        Self::Quality,
        Self::Releases,
        Self::Runs,
    ];

    /// Returns its name in the schema.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anomalies => "anomalies",
            Self::Columns => "columns",
            Self::Datasets => "datasets",
            Self::DecisionColumns => "decision_columns",
            Self::Decisions => "decisions",
            Self::Lineage => "lineage",
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
            Self::Columns => columns::COLUMNS,
            Self::Datasets => datasets::COLUMNS,
            Self::DecisionColumns => decision_columns::COLUMNS,
            Self::Decisions => decisions::COLUMNS,
            Self::Lineage => lineage::COLUMNS,
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
    /// What is known of each dataset; for statements that name [`SystemTable::Datasets`] alone.
    pub datasets: Vec<DatasetFacts>,
}

impl fmt::Debug for RecordParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordParts").field("datasets", &self.datasets.len()).finish_non_exhaustive()
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
