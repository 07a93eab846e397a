//! The permit: proof that policy was asked and that its answer is on record.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use membrane_catalog::Dataset;
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, Purpose, RevealLevel, RunId, Shown};

use crate::{RowExpr, RowRule};

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
    decided_at: DateTime<Utc>,
    policy_version: String,
    datasets: Vec<DatasetPermit>,
    audits: bool,
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
    shown: Shown,
    when: Vec<ShownWhen>,
    look_up: bool,
    factors: Vec<String>,
}

/// How a column is shown in some rows: in those for which a condition on the originals is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownWhen {
    /// The condition. NULL is not true.
    pub condition: RowExpr,
    /// How the column is shown then.
    pub shown: Shown,
}

/// What a permit will say, before it is one.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) run: RunId,
    pub(crate) principal: PrincipalId,
    pub(crate) action: Action,
    pub(crate) purpose: Option<Purpose>,
    pub(crate) decided_at: DateTime<Utc>,
    pub(crate) policy_version: String,
    pub(crate) datasets: Vec<GrantedDataset>,
    /// Whether the record may be looked at, or be listed among what there is.
    pub(crate) audits: bool,
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
    pub(crate) shown: Shown,
    pub(crate) when: Vec<ShownWhen>,
    /// Whether this request may look values up.
    pub(crate) look_up: bool,
    pub(crate) factors: Vec<String>,
}

impl GrantedColumn {
    /// Returns the highest level at which it is shown in any row.
    pub(crate) fn level(&self) -> RevealLevel {
        highest(self.shown, &self.when)
    }
}

impl Permit {
    /// Makes the permit. Called in one place, behind the awaited record of the decision; a test reads
    /// the source and counts.
    pub(crate) fn seal(granted: Granted) -> Self {
        let columns = |columns: Vec<GrantedColumn>| {
            let permit = |column: GrantedColumn| ColumnPermit {
                column: column.column,
                shown: column.shown,
                when: column.when,
                look_up: column.look_up,
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
            decided_at: granted.decided_at,
            policy_version: granted.policy_version,
            datasets: granted.datasets.into_iter().map(dataset).collect(),
            audits: granted.audits,
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

    /// Returns the moment for which it was decided.
    #[must_use]
    pub const fn decided_at(&self) -> DateTime<Utc> {
        self.decided_at
    }

    /// Returns the hash of the policies, and of the catalog, by which it was decided.
    #[must_use]
    pub fn policy_version(&self) -> &str {
        &self.policy_version
    }

    /// Tells whether the record is there for this permit: it was asked for, or what there is was. Rows of it are for [`Action::Audit`] alone.
    #[must_use]
    pub const fn audits(&self) -> bool {
        self.audits
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

    /// Returns how it is shown in the rows that no condition of [`Self::when`] is for.
    #[must_use]
    pub const fn shown(&self) -> Shown {
        self.shown
    }

    /// Returns how it is shown in some rows; the first condition that is true counts.
    #[must_use]
    pub fn when(&self) -> &[ShownWhen] {
        &self.when
    }

    /// Returns the highest level at which it is shown in any row.
    #[must_use]
    pub fn level(&self) -> RevealLevel {
        highest(self.shown, &self.when)
    }

    /// Tells whether the token of an exact value may be looked up: it was asked for, permitted and put on record.
    #[must_use]
    pub const fn may_look_up(&self) -> bool {
        self.look_up
    }

    /// Returns the ids of the policies that decided.
    #[must_use]
    pub fn factors(&self) -> &[String] {
        &self.factors
    }
}

fn highest(shown: Shown, when: &[ShownWhen]) -> RevealLevel {
    when.iter().map(|case| case.shown.level()).fold(shown.level(), RevealLevel::max)
}

#[cfg(test)]
mod tests;
