//! The permit: proof that policy was asked and that its answer is on record.

use std::sync::Arc;

use membrane_catalog::Dataset;
use membrane_model::{
    Action, ColumnName, DatasetName, Generalisation, PartialMask, PrincipalId, Purpose, RevealLevel, RunId,
};

use crate::RowRule;

/// Proof that a principal may do one thing, for one purpose, in one run.
///
/// INVARIANT: it exists only after the decision that it states was written to the run's record. Its
/// fields are private and [`crate::Authorizer::issue`] is its only maker; it cannot be copied, read
/// from text or converted from anything.
#[derive(Debug)]
pub struct Permit {
    run: RunId,
    principal: PrincipalId,
    action: Action,
    purpose: Option<Purpose>,
    policy_version: String,
    datasets: Vec<DatasetPermit>,
}

/// What a permit allows of one dataset. Only found in a [`Permit`].
#[derive(Debug)]
pub struct DatasetPermit {
    dataset: Arc<Dataset>,
    columns: Vec<ColumnPermit>,
    row_rule: RowRule,
}

/// How one column is shown. Only found in a [`DatasetPermit`].
#[derive(Debug)]
pub struct ColumnPermit {
    column: ColumnName,
    level: RevealLevel,
    partial: PartialMask,
    generalisation: Generalisation,
    factors: Vec<String>,
}

/// What a permit will say, before it is one.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) run: RunId,
    pub(crate) principal: PrincipalId,
    pub(crate) action: Action,
    pub(crate) purpose: Option<Purpose>,
    pub(crate) policy_version: String,
    pub(crate) datasets: Vec<GrantedDataset>,
}

/// What a permit will say of one dataset.
#[derive(Debug)]
pub(crate) struct GrantedDataset {
    pub(crate) dataset: Arc<Dataset>,
    pub(crate) columns: Vec<GrantedColumn>,
    pub(crate) row_rule: RowRule,
}

/// What a permit will say of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GrantedColumn {
    pub(crate) column: ColumnName,
    pub(crate) level: RevealLevel,
    pub(crate) partial: PartialMask,
    pub(crate) generalisation: Generalisation,
    pub(crate) factors: Vec<String>,
}

impl Permit {
    /// Makes the permit. Called in one place, behind the awaited record of the decision; a test reads
    /// the source and counts.
    pub(crate) fn seal(granted: Granted) -> Self {
        let columns = |columns: Vec<GrantedColumn>| {
            let permit = |column: GrantedColumn| ColumnPermit {
                column: column.column,
                level: column.level,
                partial: column.partial,
                generalisation: column.generalisation,
                factors: column.factors,
            };
            columns.into_iter().map(permit).collect()
        };
        let dataset = |granted: GrantedDataset| DatasetPermit {
            dataset: granted.dataset,
            columns: columns(granted.columns),
            row_rule: granted.row_rule,
        };
        Self {
            run: granted.run,
            principal: granted.principal,
            action: granted.action,
            purpose: granted.purpose,
            policy_version: granted.policy_version,
            datasets: granted.datasets.into_iter().map(dataset).collect(),
        }
    }

    /// Returns the run whose record holds the decision.
    #[must_use]
    pub const fn run_id(&self) -> RunId {
        self.run
    }

    /// Returns who may.
    #[must_use]
    pub const fn principal(&self) -> &PrincipalId {
        &self.principal
    }

    /// Returns what may be done.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// Returns what for.
    #[must_use]
    pub const fn purpose(&self) -> Option<&Purpose> {
        self.purpose.as_ref()
    }

    /// Returns the hash of the policies, and of the catalog, by which it was decided.
    #[must_use]
    pub fn policy_version(&self) -> &str {
        &self.policy_version
    }

    /// Returns the datasets that exist for this permit, sorted by name.
    pub fn datasets(&self) -> impl Iterator<Item = &DatasetPermit> {
        self.datasets.iter()
    }

    /// Finds a dataset that exists for this permit.
    #[must_use]
    pub fn dataset(&self, name: &DatasetName) -> Option<&DatasetPermit> {
        self.datasets.iter().find(|permit| permit.dataset.name == *name)
    }
}

impl DatasetPermit {
    /// Returns the dataset.
    #[must_use]
    pub const fn dataset(&self) -> &Arc<Dataset> {
        &self.dataset
    }

    /// Returns the columns that exist for this permit, in the contract's order. Empty for ingest.
    #[must_use]
    pub fn columns(&self) -> &[ColumnPermit] {
        &self.columns
    }

    /// Finds a column that exists for this permit.
    #[must_use]
    pub fn column(&self, name: &ColumnName) -> Option<&ColumnPermit> {
        self.columns.iter().find(|permit| permit.column == *name)
    }

    /// Returns which rows may be seen. No row for ingest.
    #[must_use]
    pub const fn row_rule(&self) -> &RowRule {
        &self.row_rule
    }
}

impl ColumnPermit {
    /// Returns the column.
    #[must_use]
    pub const fn column(&self) -> &ColumnName {
        &self.column
    }

    /// Returns how much of it is shown.
    #[must_use]
    pub const fn level(&self) -> RevealLevel {
        self.level
    }

    /// Returns what the level `partial` leaves visible. Without meaning at other levels.
    #[must_use]
    pub const fn partial(&self) -> PartialMask {
        self.partial
    }

    /// Returns how the level `generalised` makes it coarser. Without meaning at other levels.
    #[must_use]
    pub const fn generalisation(&self) -> Generalisation {
        self.generalisation
    }

    /// Returns the ids of the policies that decided.
    #[must_use]
    pub fn factors(&self) -> &[String] {
        &self.factors
    }
}

#[cfg(test)]
mod tests;
