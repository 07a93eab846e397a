//! A release that was planned and priced, and its one run.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use datafusion::catalog::TableProvider;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use futures::{FutureExt as _, StreamExt as _};
use membrane_ledger::DatasetVersion;
use membrane_model::{Action, DatasetName, Limits, LineageEdge, Price};
use membrane_policy::Permit;
use membrane_privacy::{KeyDomain, Mechanism, MechanismSummary, NoisyGroup};
use membrane_vault::Tokenizer;
use tokio::time::Instant;

use super::answer::{ReleaseAnswer, ReleasedDataset};
use super::bounds::{ReleaseOptions, spec};
use super::canonical::{Asker, normalise, query_key};
use super::domain::key_domain;
use super::edges::edges;
use super::exact::Exact;
use super::question::Question;
use super::read::read;
use super::scope::{Scope, ScopeTable};
use super::{present, rows};
use crate::QueryError;
use crate::engine::{Engine, Reader};
use crate::gate::Statement;
use crate::plan_check;
use crate::sanitise::sanitise;
use crate::session::user_session;

/// A release that was planned and priced. No row was read for it.
pub struct ReleasePlan {
    question: Question,
    mechanism: Mechanism,
    summary: MechanismSummary,
    query_key: String,
    datasets: Vec<ReleasedDataset>,
    inputs: Vec<DatasetVersion>,
    edges: Vec<LineageEdge>,
    providers: Vec<Arc<dyn TableProvider>>,
    sampling: Tokenizer,
    limits: Limits,
}

impl Engine {
    /// Plans and prices a release. Reads contracts, policy and the versions of tables, but no row.
    ///
    /// # Errors
    /// [`QueryError`]: what the gate and the planner refuse, [`QueryError::NotBounded`] for what cannot be
    /// bounded, [`QueryError::Privacy`] for numbers that make no sense.
    pub async fn plan_release(
        &self,
        permit: &Permit,
        statement: &Statement,
        options: ReleaseOptions,
    ) -> Result<ReleasePlan, QueryError> {
        if permit.action() != Action::Release {
            return Err(QueryError::NotPermitted);
        }
        let limits = self.parts.limits;
        let opened = self.open(permit, statement.tables(), Reader::Release).await?;
        let tables = opened.tables.iter().map(|(name, table)| {
            let dataset = permit.dataset(name).ok_or(QueryError::Failed)?;
            let shown = |column: &membrane_model::ColumnName| table.column(column.as_str()).is_some();
            Ok(ScopeTable::new(dataset.dataset(), dataset.row_rule(), shown))
        });
        let scope = Scope::new(tables.collect::<Result<_, QueryError>>()?);

        let question = question(statement, &scope, &limits).await?;
        let keys = key_domain(&question, &scope)?;
        let mechanism = Mechanism::calibrate(spec(&question, &scope, keys, &options)?)?;
        let summary = mechanism.describe()?;

        let provider = |name: &DatasetName| {
            let table = opened.tables.iter().find(|(known, _)| known == name);
            table.map(|(_, table)| Arc::clone(table) as Arc<dyn TableProvider>).ok_or(QueryError::Failed)
        };
        let providers = question.tables.iter().map(|table| provider(&table.dataset));
        let providers = providers.collect::<Result<Vec<_>, QueryError>>()?;
        let vault = &self.parts.vault;
        let asker = Asker {
            principal: permit.principal(),
            purpose: permit.purpose(),
            policy_version: permit.policy_version(),
        };
        let key = query_key(&vault.query_key_hasher(), &asker, &question, mechanism.spec(), &opened.inputs)?;
        let version = |name: &DatasetName| opened.inputs.iter().find(|input| input.dataset == *name);
        let datasets = opened.tables.iter().map(|(name, _)| ReleasedDataset {
            dataset: name.clone(),
            version: version(name).map(|input| input.version),
        });
        Ok(ReleasePlan {
            edges: edges(&question, permit.run_id()),
            datasets: datasets.collect(),
            inputs: opened.inputs,
            sampling: vault.sampling_key(),
            query_key: key,
            question,
            mechanism,
            summary,
            providers,
            limits,
        })
    }
}

/// Reads a statement in a session whose tables have no rows.
pub(super) async fn question(
    statement: &Statement,
    scope: &Scope,
    limits: &Limits,
) -> Result<Question, QueryError> {
    let state = user_session(scope.planning_tables(), limits)?;
    let plan =
        state.statement_to_plan(statement.for_planner()).await.map_err(|error| sanitise(&error, limits))?;
    let mut question = read(&plan, scope)?;
    normalise(&mut question);
    Ok(question)
}

impl ReleasePlan {
    /// Returns what the run will cost, whatever comes of it.
    #[must_use]
    pub const fn price(&self) -> Price {
        self.mechanism.price()
    }

    /// Returns what the answer will look like: error bars, threshold, bounds and price.
    #[must_use]
    pub const fn summary(&self) -> &MechanismSummary {
        &self.summary
    }

    /// Returns the name of the release: the same for the same question by the same partner of the same
    /// versions of the data, under the same policy and bounds.
    #[must_use]
    pub fn query_key(&self) -> String {
        self.query_key.clone()
    }

    /// Returns the versions that will be read. A dataset that was never written has none.
    #[must_use]
    pub fn inputs(&self) -> &[DatasetVersion] {
        &self.inputs
    }

    /// Returns the datasets that the statement reads.
    pub fn datasets(&self) -> impl Iterator<Item = &DatasetName> {
        self.datasets.iter().map(|released| &released.dataset)
    }

    /// Returns the datasets about members whose budget the release draws on: one.
    pub fn private_dataset(&self) -> Option<&DatasetName> {
        self.question.tables.get(self.question.private).map(|table| &table.dataset)
    }

    /// Returns where each column of the answer will come from.
    #[must_use]
    pub fn edges(&self) -> &[LineageEdge] {
        &self.edges
    }

    /// Computes the bounded totals and draws the noise. The price must be reserved before.
    ///
    /// # Errors
    /// [`QueryError::Failed`] for every cause: after the price is spent, which cause it was could tell of a
    /// row. The cause is logged as a code.
    pub async fn run(self) -> Result<ReleaseAnswer, QueryError> {
        let deadline = Instant::now() + Duration::from_secs(self.limits.seconds_max);
        // A panic in a kernel ends this release and not the process; its text may quote a value.
        let run = AssertUnwindSafe(Box::pin(self.compute())).catch_unwind();
        let code = match tokio::time::timeout_at(deadline, run).await {
            Ok(Ok(Ok(answer))) => return Ok(answer),
            Ok(Ok(Err(error))) => error.code(),
            Ok(Err(_)) => "panic",
            Err(_) => "limit_seconds",
        };
        tracing::warn!(code, "a release failed after its price was reserved: {code}");
        Err(QueryError::Failed)
    }

    async fn compute(self) -> Result<ReleaseAnswer, QueryError> {
        let Self { question, mechanism, summary, datasets, providers, sampling, limits, .. } = self;
        let plan = rows::plan(&question, &providers)?;
        plan_check::check(&plan)?;
        let exact = exact(&question, &mechanism, &plan, &limits).await?;
        let draw = tokio::task::spawn_blocking(move || {
            let totals = exact.finish(&mechanism, &sampling)?;
            Ok::<_, QueryError>((mechanism.release(totals)?, mechanism))
        });
        let (groups, mechanism) = draw.await.map_err(|_| QueryError::Failed)??;
        answer(&question, &mechanism, summary, datasets, &groups)
    }
}

/// Reads the rows and takes them in.
pub(super) async fn exact(
    question: &Question,
    mechanism: &Mechanism,
    plan: &LogicalPlan,
    limits: &Limits,
) -> Result<Exact, QueryError> {
    let state = user_session(Vec::new(), limits)?;
    let memory = MemoryConsumer::new("release").register(&state.runtime_env().memory_pool);
    let mut exact = Exact::new(question, mechanism, limits.groups_max, memory)?;
    let physical = state.create_physical_plan(plan).await.map_err(|error| sanitise(&error, limits))?;
    let mut stream = execute_stream(physical, state.task_ctx()).map_err(|error| sanitise(&error, limits))?;
    while let Some(batch) = stream.next().await {
        exact.absorb(&batch.map_err(|error| sanitise(&error, limits))?)?;
    }
    Ok(exact)
}

/// Puts an answer together from released values.
fn answer(
    question: &Question,
    mechanism: &Mechanism,
    summary: MechanismSummary,
    datasets: Vec<ReleasedDataset>,
    groups: &[NoisyGroup],
) -> Result<ReleaseAnswer, QueryError> {
    let aggregates = &mechanism.spec().aggregates;
    Ok(ReleaseAnswer {
        format: ReleaseAnswer::FORMAT,
        columns: present::columns(question, aggregates)?,
        rows: present::rows(question, aggregates, groups)?,
        price: mechanism.price(),
        epsilon: summary.epsilon,
        delta: summary.delta,
        notes: notes(mechanism, &summary),
        mechanism: summary,
        datasets,
    })
}

/// Says what a reader of the numbers should know.
fn notes(mechanism: &Mechanism, summary: &MechanismSummary) -> Vec<String> {
    let (groups, rows) = (summary.groups_max, summary.rows_max);
    let mut notes = vec![format!(
        "each member counts in at most {groups} groups, with at most {rows} rows in each; what is beyond is left out"
    )];
    match &mechanism.spec().keys {
        KeyDomain::Unknown => {
            notes.push("groups below the threshold are not shown".to_owned());
            notes.push("counts of groups just above the threshold lean high".to_owned());
        }
        KeyDomain::Public(_) => notes.push("every public key is shown, also where nobody is".to_owned()),
        KeyDomain::None => {}
    }
    notes.push("noise is as likely up as down: a small count can come out negative".to_owned());
    notes
}

impl fmt::Debug for ReleasePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReleasePlan").field("datasets", &self.datasets).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
