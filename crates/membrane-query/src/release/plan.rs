//! A release that was planned and priced, and its one run.

mod count;
mod make;
mod pilot;

use std::collections::BTreeSet;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use futures::FutureExt as _;
use membrane_ledger::{DatasetVersion, Reservation};
use membrane_model::{DatasetName, Limits, LineageEdge, Price};
use membrane_privacy::{
    KeyDomain, Mechanism, MechanismSummary, NoisyRelease, PrivacyUnit, ReleaseSpec, Survival,
};
use membrane_vault::Sampler;
use tokio::time::Instant;

use super::answer::{ReleaseAnswer, ReleaseColumn, ReleasedDataset};
use super::bounds::datasets;
use super::canonical::plan_hash;
use super::counter::Counting;
use super::exact::{Costs, Shards, Size};
use super::execution::{Machine, StopOnDrop};
use super::forecast::{ReleaseForecast, forecast};
use super::notes::of_answer;
use super::question::Question;
use super::read::read;
use super::refusal::refuse;
use super::reuse::{Names, Reusable};
use super::rows::columns_read;
use super::scope::Scope;
use super::synthetic::Synthetic;
use super::{made, present};
use crate::QueryError;
use crate::brake::Brake;
use crate::gate::Statement;
use crate::sanitise::sanitise;
use crate::session::user_session;

/// The sizes of groups of which it is told how wide their error bars will be.
const FORECAST_MEMBERS: [u64; 3] = [100, 1_000, 10_000];

const UNFIT: &str = "a function or an aggregate does not take values of this type; NULL alone needs a CAST";
const LISTS: &str = "only SELECT with aggregates is released; what you may ask about is listed by `GET /v1/datasets`, and on the hub's own \
                     machine by `membrane catalog list` and `membrane catalog show DATASET`";

pub use self::pilot::{PilotAnswer, PilotPlan};

/// What was planned of a statement.
#[derive(Debug)]
pub enum Planned {
    /// The release.
    Release(Box<ReleasePlan>),
    /// A pilot that finds out about bounds that nobody stated: the release can be planned with what it found.
    Pilot(Box<PilotPlan>),
}

/// A release that was planned and priced. No row about a member was read for it.
pub struct ReleasePlan {
    pub(super) question: Question,
    pub(super) mechanism: Mechanism,
    pub(super) summary: MechanismSummary,
    query_key: String,
    unit: PrivacyUnit,
    notes: Vec<String>,
    survival: Option<Survival>,
    pub(super) names: Names,
    counting: Option<Counting>,
    datasets: Vec<ReleasedDataset>,
    inputs: Vec<DatasetVersion>,
    edges: Vec<LineageEdge>,
    pub(super) source: Source,
}

/// Where the rows of a release come from.
pub(super) struct Source {
    pub(super) providers: Vec<Option<Arc<dyn TableProvider>>>,
    pub(super) sampling: Sampler,
    pub(super) limits: Limits,
}

/// Returns whom the release protects: the subject of its datasets about members, which is the same for all of them.
fn unit(question: &Question, scope: &Scope) -> Result<PrivacyUnit, QueryError> {
    let name = datasets(question).next().ok_or(QueryError::Failed)?;
    let table = scope.table(name).ok_or(QueryError::Failed)?;
    let subject = table.dataset.subject.as_ref().ok_or(QueryError::Failed)?;
    Ok(PrivacyUnit { dataset: table.dataset.name.clone(), identity: subject.kind.clone() })
}

/// Reads a statement in a session whose tables have no rows.
pub(super) async fn question(
    statement: &Statement,
    scope: &Scope,
    limits: &Limits,
) -> Result<Question, QueryError> {
    if statement.lists() {
        return Err(refuse("a list of datasets or columns", LISTS));
    }
    // Nobody who may receive a release may look at the record, and statements of a release are not read for it.
    if !statement.system().is_empty() {
        return Err(refuse("a table of the record", LISTS));
    }
    let state = user_session(scope.planning_tables(), limits)?;
    let plan = state.statement_to_plan(statement.for_planner()).await;
    let plan = plan.map_err(|error| match sanitise(&error, limits) {
        // There was no row that anything could be computed on.
        QueryError::Evaluation { .. } => QueryError::Invalid { what: UNFIT, position: None },
        told => told,
    })?;
    read(&plan, scope)
}

impl ReleasePlan {
    /// Returns what the run will cost, whatever comes of it.
    #[must_use]
    pub const fn price(&self) -> Price {
        self.mechanism.price()
    }

    /// Returns the epsilon, in thousandths, at which a release like this costs so much rho at most.
    #[must_use]
    pub fn epsilon_milli_within(&self, rho_nano: u64) -> Option<u64> {
        self.mechanism.epsilon_milli_within(rho_nano)
    }

    /// Returns what the answer will look like: error bars, threshold, bounds and price.
    #[must_use]
    pub const fn summary(&self) -> &MechanismSummary {
        &self.summary
    }

    /// Returns what groups of some sizes will look like: of 100, 1,000 and 10,000 members.
    ///
    /// # Errors
    /// [`QueryError::Privacy`] when that cannot be computed.
    pub fn forecasts(&self) -> Result<Vec<ReleaseForecast>, QueryError> {
        let Self { question, mechanism, summary, .. } = self;
        let of = |members: &u64| forecast(question, mechanism, summary, *members);
        FORECAST_MEMBERS.iter().map(of).collect()
    }

    /// Returns the name of the release: the same for the same question by the same partner of the same
    /// versions of the data, by the same rules and bounds.
    #[must_use]
    pub fn query_key(&self) -> String {
        self.query_key.clone()
    }

    /// Returns the SHA-256 of what was read out of the statement, as hexadecimal text: the same for two statements that are
    /// read as the same question.
    ///
    /// # Errors
    /// [`QueryError::Failed`] when the question cannot be written.
    pub fn plan_hash(&self) -> Result<String, QueryError> {
        plan_hash(&self.question)
    }

    /// Returns whom the price protects.
    #[must_use]
    pub const fn unit(&self) -> &PrivacyUnit {
        &self.unit
    }

    /// Returns what a reader of the numbers should know, as far as it can be told before.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Returns how many groups will be shown, about, where a pilot looked and keys come from the data.
    #[must_use]
    pub const fn survival(&self) -> Option<Survival> {
        self.survival
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

    /// Returns a dataset of the statement into which nothing was ever brought, if there is one. The answer would be
    /// noise: whoever reserves the price looks at this first.
    #[must_use]
    pub fn without_data(&self) -> Option<&DatasetName> {
        without_data(&self.datasets)
    }

    /// Returns the datasets about members whose budgets the release draws on: the price is charged to each of them.
    #[must_use]
    pub fn private_datasets(&self) -> BTreeSet<&DatasetName> {
        datasets(&self.question).collect()
    }

    /// Returns where each column of the answer will come from.
    #[must_use]
    pub fn edges(&self) -> &[LineageEdge] {
        &self.edges
    }

    /// Computes the bounded totals and draws the noise, for the price that was reserved for this very release, until the
    /// deadline at most.
    ///
    /// # Errors
    /// [`QueryError::Failed`] for every cause: after the price is spent, which cause it was could tell of a
    /// row. The cause is logged as a code.
    pub async fn run(
        self,
        reservation: &Reservation,
        deadline: Instant,
    ) -> Result<ReleaseAnswer, QueryError> {
        check_paid(reservation, &self.query_key)?;
        until(deadline, |brake| self.compute(brake)).await
    }

    /// Answers from synthetic rows in place of all that are about members: no such row is read, and nothing is to be paid.
    ///
    /// # Errors
    /// [`QueryError::Failed`] when there are none of a dataset, or the answer cannot be computed.
    pub async fn run_on_synthetic(
        mut self,
        synthetic: &Synthetic,
        deadline: Instant,
    ) -> Result<ReleaseAnswer, QueryError> {
        synthetic.replace(&self.question.tables, &mut self.source.providers)?;
        until(deadline, |brake| self.compute(brake)).await
    }

    async fn compute(self, brake: Arc<Brake>) -> Result<ReleaseAnswer, QueryError> {
        let Self { question, mechanism, source, .. } = &self;
        let exact =
            exact(question, mechanism, &source.providers, source.sampling.clone(), &source.limits, &brake)
                .await?;
        self.answer(exact).await
    }

    /// Draws the noise and puts the answer together.
    async fn answer(self, exact: Shards) -> Result<ReleaseAnswer, QueryError> {
        let Self { question, mechanism, .. } = self;
        let draw = tokio::task::spawn_blocking(move || {
            let totals = exact.finish(&mechanism)?;
            Ok::<_, QueryError>((mechanism.release(&totals)?, mechanism))
        });
        let (released, mechanism) = draw.await.map_err(|_| QueryError::Failed)??;
        let (columns, rows) = shape(&question, &mechanism, &released)?;
        let is_whole = mechanism.spec().keys != KeyDomain::Unknown;
        let reuse = Reusable::of(&self.names, (is_whole, &question.rollup), &released);
        let clipped = present::clipped_share(&released.members, &released.members_clipped);
        let of_answer = of_answer(&question, clipped, &columns, &rows);
        let answer = ReleaseAnswer {
            format: ReleaseAnswer::FORMAT,
            columns,
            rows,
            price: mechanism.price(),
            epsilon: self.summary.epsilon,
            delta: self.summary.delta,
            notes: self.notes.into_iter().chain(of_answer).collect(),
            mechanism: self.summary,
            datasets: self.datasets,
            unit: Some(self.unit),
            clipped: Some(clipped),
            reuse,
            counted: None,
        };
        // What could not be shown is not stored either: it would be paid for, and found again, for nothing.
        answer.to_batch()?;
        Ok(answer)
    }
}

/// Refuses to run on the reservation of another release.
pub(super) fn check_paid(reservation: &Reservation, query_key: &str) -> Result<(), QueryError> {
    if reservation.query_key() == query_key {
        return Ok(());
    }
    tracing::error!("a release was to be run on the reservation of another");
    Err(QueryError::Failed)
}

/// Runs what was paid for, under a brake, until it is done or the deadline is there. Every failure is told as the same.
pub(super) async fn until<T, W: Future<Output = Result<T, QueryError>>>(
    deadline: Instant,
    work: impl FnOnce(Arc<Brake>) -> W,
) -> Result<T, QueryError> {
    let brake = Brake::new(deadline);
    let _stop = StopOnDrop(Arc::clone(&brake));
    // A panic in a kernel ends this release and not the process; its text may quote a value.
    let run = AssertUnwindSafe(Box::pin(work(Arc::clone(&brake)))).catch_unwind();
    let code = match tokio::time::timeout_at(brake.deadline(), run).await {
        // Who wins the race at the deadline is not for the scheduler to say.
        Ok(Ok(Ok(done))) if Instant::now() < deadline => return Ok(done),
        Ok(Ok(Ok(_))) => "limit_seconds",
        Ok(Ok(Err(error))) => error.code(),
        Ok(Err(_)) => "panic",
        Err(_) => "limit_seconds",
    };
    tracing::warn!(code, "a release failed after its price was reserved: {code}");
    Err(QueryError::Failed)
}

/// Makes the tables that are held, and takes the rows in that stream past them.
pub(super) async fn exact(
    question: &Question,
    mechanism: &Mechanism,
    providers: &[Option<Arc<dyn TableProvider>>],
    sampling: Sampler,
    limits: &Limits,
    brake: &Arc<Brake>,
) -> Result<Shards, QueryError> {
    let limit = mechanism.draw_size_limit()?;
    absorb(question, (mechanism.spec(), limit), providers, sampling, limits, brake).await
}

/// Does what [`exact`] does, for what a statement bounds and a limit on the size that was drawn.
pub(super) async fn absorb(
    question: &Question,
    (spec, size_max): (&ReleaseSpec, u64),
    providers: &[Option<Arc<dyn TableProvider>>],
    sampling: Sampler,
    limits: &Limits,
    brake: &Arc<Brake>,
) -> Result<Shards, QueryError> {
    let machine = Machine::new(limits, brake)?;
    let size = Size::start(spec.size, size_max, machine.memory("release"))?;
    let tables = made::make(question, providers, &machine, &sampling, &size).await?;
    let costs = Costs::new(question, spec.groups_effective(), spec.rows_max, limits);
    let plan = tables.plan(&question.block, &columns_read(question))?;
    let rows = machine.stream(plan).await?;
    Shards::new(question, spec, &sampling, costs, &size, machine.processors())?.absorb(rows, limits).await
}

/// The columns of an answer, and its rows as text.
pub(super) type Shaped = (Vec<ReleaseColumn>, Vec<Vec<Option<String>>>);

/// Puts the columns and rows of an answer together from released values.
pub(super) fn shape(
    question: &Question,
    mechanism: &Mechanism,
    released: &NoisyRelease,
) -> Result<Shaped, QueryError> {
    let aggregates = &mechanism.spec().aggregates;
    Ok((present::columns(question, aggregates)?, present::rows(question, aggregates, &released.groups)?))
}

/// Finds a dataset that was never written: it has no version.
fn without_data(datasets: &[ReleasedDataset]) -> Option<&DatasetName> {
    datasets.iter().find(|released| released.version.is_none()).map(|released| &released.dataset)
}

impl fmt::Debug for ReleasePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReleasePlan").field("datasets", &self.datasets).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
