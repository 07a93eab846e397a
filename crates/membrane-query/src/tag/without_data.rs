//! What a tag's statement is, by contracts alone: no hub, no permit, no data.
//!
//! What policies keep from whoever builds tags is not known here: each column counts as shown in clear, but that of the entity and what is stored as
//! a token alone. What comes out is the most that a value can be made of.

use std::fmt;
use std::sync::Arc;

use membrane_catalog::Dataset;
use membrane_model::{ColumnName, DatasetName, IdentityKind, Limits, LineageEdge, RunId};

use super::fixture::{Holders, fixture_table};
use super::{TagFixture, TrialError, check_keys, check_values, key_of, local, session_of};
use crate::QueryError;
use crate::engine::{Planned, Traced};
use crate::gate::Statement;
use crate::memory;
use crate::open::Opener;
use crate::plain_name::plain_name;
use crate::session::trusted_session;

/// What a tag's statement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagPlan {
    /// Whether it is member-local.
    pub is_local: bool,
    /// The datasets that it reads.
    pub reads: Vec<DatasetName>,
    /// Where the value comes from, and what has a say in it. `run` stands for the run in which it is asked.
    pub edges: Vec<LineageEdge>,
}

/// A statement that was planned by contracts alone.
pub struct StatementPlan {
    planned: Planned,
}

/// The plan has the literals of the statement.
impl fmt::Debug for StatementPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StatementPlan")
    }
}

impl StatementPlan {
    /// Plans a statement over these datasets. Their subjects of the entity's kind are keys, what is stored as a token alone is one, and all else counts
    /// as shown in clear.
    ///
    /// # Errors
    /// [`QueryError`], as an engine would refuse it whatever the data and the policies say.
    pub async fn new(
        statement: &Statement,
        entity: &IdentityKind,
        datasets: &[Arc<Dataset>],
        limits: &Limits,
    ) -> Result<Self, QueryError> {
        let (trusted, mut holders, mut tables) = (trusted_session()?, Holders::default(), Vec::new());
        for name in statement.tables() {
            let found = datasets.iter().find(|dataset| dataset.name == *name);
            let dataset = found.ok_or_else(|| QueryError::UnknownTable {
                name: plain_name(name.as_str()),
                position: None,
            })?;
            let parts = (&trusted, Arc::new(Opener::closed()));
            let table = fixture_table(&TagFixture { dataset, csv: None }, entity, &mut holders, parts);
            let table = table.map_err(|error| match error {
                TrialError::Query(error) => error,
                TrialError::Rows { .. } => QueryError::Failed,
            })?;
            tables.push((name.clone(), Arc::new(table)));
        }
        let state = session_of(&memory::engine_pool(limits), tables, limits)?;
        Ok(Self { planned: Planned::new(&state, statement, limits).await? })
    }

    /// Traces where the columns of the answer come from, as it is done for a statement that is asked. `run` stands for the run of the answer.
    ///
    /// # Errors
    /// [`QueryError::Failed`] when a part of the plan has no lineage.
    pub fn edges(&self, run: RunId) -> Result<Vec<LineageEdge>, QueryError> {
        Ok(self.planned.traced(run)?.edges)
    }
}

/// Plans a tag's statement over these datasets.
///
/// # Errors
/// [`QueryError`], as a build would refuse it whatever the data and the policies say.
pub async fn check_tag(
    sql: &str,
    (entity, value): (&IdentityKind, &ColumnName),
    datasets: &[Arc<Dataset>],
    limits: &Limits,
    run: RunId,
) -> Result<TagPlan, QueryError> {
    let statement = Statement::parse(sql, limits)?;
    if statement.lists() || statement.explains() || !statement.lookups().is_empty() {
        return Err(super::unsupported("a tag's statement that is not one SELECT over datasets"));
    }
    let plan = StatementPlan::new(&statement, entity, datasets, limits).await?;
    let planned = &plan.planned;
    let key = key_of(planned)?;
    check_keys(planned)?;
    let Traced { mut edges, origins, .. } = planned.traced(run)?;
    check_values(&origins, key)?;
    if !planned.recorded_names().iter().any(|name| name == value.as_str()) {
        return Err(QueryError::UnknownColumn { name: plain_name(value.as_str()), position: None });
    }
    edges.retain(|edge| edge.to.field == value.as_str());
    let (is_local, reads) = (local::is_local(&planned.analysed, key), statement.tables().to_vec());
    Ok(TagPlan { is_local, reads, edges })
}

#[cfg(test)]
mod tests;
