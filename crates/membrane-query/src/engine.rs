//! The engine: answers statements under permits.

use std::fmt;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use datafusion::catalog::TableProvider;
use datafusion::execution::SessionState;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use membrane_lake::{Current, Lake, LakeError};
use membrane_ledger::{DatasetVersion, Ledger};
use membrane_model::{Action, DatasetName, IdentityKind, Limits, LineageEdge, RunId, TableVersion};
use membrane_policy::Permit;
use membrane_vault::Vault;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tracing::error;

use crate::answer::{Answer, AnswerColumn, run};
use crate::brake::{self, Brake};
use crate::digest::plan_digest;
use crate::error::QueryError;
use crate::explain;
use crate::functions::member_token::Lookups;
use crate::gate::{Statement, parameter};
use crate::information::{self, InformationTable};
use crate::lineage;
use crate::memory;
use crate::open::Opener;
use crate::plain_name::plain_name;
use crate::plan_check;
use crate::rules::{Asked, ScanRules};
use crate::sanitise::sanitise;
use crate::session::{Contents, trusted_session, user_session_in};
use crate::table::GovernedTable;

/// A year: no clock overflows on it, and no query takes longer.
pub(crate) const SECONDS_MAX: u64 = 31_536_000;

/// What the engine works with.
#[derive(Clone)]
pub struct EngineParts {
    /// The stored tables.
    pub lake: Lake,
    /// The wrapped keys, and the record.
    pub ledger: Ledger,
    /// The keys.
    pub vault: Vault,
    /// Bounds on every query.
    pub limits: Limits,
}

/// Answers statements under permits. It keeps no state of any query.
pub struct Engine {
    pub(crate) parts: EngineParts,
    pub(crate) trusted: Arc<SessionState>,
    pub(crate) opener: Arc<Opener>,
    /// What all queries hold together.
    pub(crate) memory: Arc<dyn MemoryPool>,
    /// Releases that may compute at once: half of the processors is left to others.
    releases: Arc<Semaphore>,
    /// Turns of statements that are tried on synthetic rows.
    synthetic: Arc<Semaphore>,
}

/// The governed tables of one permit, with the versions that they read.
pub(crate) struct Opened {
    pub(crate) tables: Vec<(DatasetName, Arc<GovernedTable>)>,
    pub(crate) inputs: Vec<DatasetVersion>,
    /// The id of each table that was ever written: one that was made anew has another. With it the version whose rows these are:
    /// later ones may have put files together, and answers are named by rows.
    pub(crate) table_ids: Vec<(DatasetName, (String, TableVersion))>,
    /// Sealed cells that were opened.
    pub(crate) cells_opened: Arc<AtomicU64>,
}

/// For whom tables are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A principal who reads rows.
    Rows,
    /// A release: columns in clear, and the hidden unit column `_subject`.
    Release,
    /// Tags of the holders of an identity kind: as for a reader, with keys in place of the tokens of whose row it is. No row of it leaves
    /// the hub.
    Tags,
}

impl Engine {
    /// Makes an engine.
    ///
    /// # Errors
    /// [`QueryError::Failed`] when the trusted session cannot be built.
    pub fn new(parts: EngineParts) -> Result<Self, QueryError> {
        let opener = Arc::new(Opener::new(parts.ledger.clone(), parts.vault.clone()));
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let releases = Arc::new(Semaphore::new((processors / 2).max(1)));
        let memory = memory::engine_pool(&parts.limits);
        let synthetic = Arc::new(Semaphore::new(1));
        Ok(Self { trusted: trusted_session()?, opener, memory, releases, synthetic, parts })
    }

    /// Returns the bounds on every query.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.parts.limits
    }

    /// Waits until a release may compute, and as long as that may take at most; nothing then. What is returned is held until
    /// it has.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let patience = Duration::from_secs(self.parts.limits.seconds_max.min(SECONDS_MAX));
        let turn = Arc::clone(&self.releases).acquire_owned();
        tokio::time::timeout(patience, turn).await.ok()?.ok()
    }

    /// Does the same for a statement that is tried on synthetic rows: one at a time.
    pub async fn synthetic_turn(&self) -> Option<OwnedSemaphorePermit> {
        let turn = Arc::clone(&self.synthetic).acquire_owned();
        tokio::time::timeout(Duration::from_secs(SECONDS_MAX.min(60)), turn).await.ok()?.ok()
    }

    /// Answers a statement under a permit to read.
    ///
    /// The query is planned here and starts to run, a batch ahead of whoever polls the stream. Dropping the answer
    /// ends it.
    ///
    /// # Errors
    /// [`QueryError`]; those of running come through the stream.
    pub async fn query(&self, permit: &Permit, statement: &Statement) -> Result<Answer, QueryError> {
        if permit.action() != Action::Read {
            return Err(QueryError::NotPermitted);
        }
        let brake = self.brake();
        self.in_time(&brake, self.answer(permit, statement, &brake)).await
    }

    /// Returns a brake that is due when a statement that begins now has to be over.
    pub(crate) fn brake(&self) -> Arc<Brake> {
        Brake::new(Instant::now() + Duration::from_secs(self.parts.limits.seconds_max.min(SECONDS_MAX)))
    }

    /// Waits for an answer until its brake is due.
    pub(crate) async fn in_time(
        &self,
        brake: &Brake,
        answer: impl Future<Output = Result<Answer, QueryError>>,
    ) -> Result<Answer, QueryError> {
        let seconds_max = self.parts.limits.seconds_max;
        let answered = Box::pin(answer);
        tokio::time::timeout_at(brake.deadline(), answered)
            .await
            .map_err(|_| QueryError::LimitSeconds { seconds_max })?
    }

    async fn answer(
        &self,
        permit: &Permit,
        statement: &Statement,
        brake: &Arc<Brake>,
    ) -> Result<Answer, QueryError> {
        if let Some(name) = statement.described().filter(|name| permit.dataset(name).is_none()) {
            return Err(QueryError::UnknownTable { name: plain_name(name.as_str()), position: None });
        }
        let opened = self.open(permit, statement.tables(), Reader::Rows).await?;
        let tables = opened.tables.into_iter().map(|(name, table)| (name, table as Arc<dyn TableProvider>));
        let contents = Contents {
            tables: tables.collect(),
            information: if statement.lists() { self.information(permit)? } else { Vec::new() },
            lookups: self.lookups(permit)?,
            ..Contents::default()
        };
        let (inputs, cells_opened) = (opened.inputs, opened.cells_opened);
        let answer = self.answer_in(contents, permit, statement, brake).await?;
        // An explained statement reads nothing.
        Ok(if statement.explains() { answer } else { Answer { inputs, cells_opened, ..answer } })
    }

    /// Plans a statement in a session of these contents, and starts it.
    pub(crate) async fn answer_in(
        &self,
        contents: Contents,
        permit: &Permit,
        statement: &Statement,
        brake: &Arc<Brake>,
    ) -> Result<Answer, QueryError> {
        let limits = self.parts.limits;
        let state = user_session_in(&self.memory, contents, &limits)?;
        let planned = Planned::new(&state, statement, &limits).await?;
        if statement.explains() {
            return explain::answer(&planned.analysed, &state, &limits);
        }
        let Traced { columns, edges, .. } = planned.traced(permit.run_id())?;
        let physical = planned.physical(&state, &limits, brake).await?;
        let schema = physical.schema();
        let stream = run(&physical, &state.task_ctx(), limits, Arc::clone(brake));
        let plan = Some(planned.digest()?);
        let (inputs, cells_opened) = (Vec::new(), Arc::default());
        Ok(Answer { schema, stream, inputs, columns, edges, plan, cells_opened })
    }

    /// Returns the columns in which the permit lets exact values be looked up.
    fn lookups(&self, permit: &Permit) -> Result<Lookups, QueryError> {
        let asked = Asked::of(permit, &self.parts.vault);
        let mut lookups = Lookups::default();
        for dataset in permit.datasets() {
            let contract = dataset.dataset();
            for granted in dataset.columns().iter().filter(|column| column.may_look_up()) {
                let column = contract.column(granted.column());
                let added = column
                    .ok_or("a column is not in the contract")
                    .and_then(|column| lookups.add(contract.name.as_str(), column, granted.shown(), &asked));
                added.map_err(|reason| QueryError::PolicyMismatch {
                    dataset: contract.name.clone(),
                    reason,
                })?;
            }
        }
        Ok(lookups)
    }

    /// Returns the tables of `information_schema`, of all that is in the permit.
    pub(crate) fn information(
        &self,
        permit: &Permit,
    ) -> Result<Vec<(&'static str, InformationTable)>, QueryError> {
        let shown =
            permit.datasets().map(|dataset| ScanRules::from_permit(permit, dataset, &self.parts.vault));
        information::tables(&shown.collect::<Result<Vec<_>, QueryError>>()?, permit.audits())
    }

    /// Opens the governed tables of a permit. A dataset that is not in the permit does not exist.
    pub(crate) async fn open(
        &self,
        permit: &Permit,
        datasets: &[DatasetName],
        reader: Reader,
    ) -> Result<Opened, QueryError> {
        self.open_for(permit, datasets, reader, None).await
    }

    /// The same, for the tags of the holders of an identity kind where one is named.
    pub(crate) async fn open_for(
        &self,
        permit: &Permit,
        datasets: &[DatasetName],
        reader: Reader,
        tagged: Option<(&IdentityKind, (&DatasetName, &[&str]))>,
    ) -> Result<Opened, QueryError> {
        let opener = Arc::new(self.opener.for_query());
        let cells_opened = Arc::clone(opener.opened());
        let mut opened =
            Opened { tables: Vec::new(), inputs: Vec::new(), table_ids: Vec::new(), cells_opened };
        for name in datasets {
            let unknown = || QueryError::UnknownTable { name: plain_name(name.as_str()), position: None };
            let dataset = permit.dataset(name).ok_or_else(unknown)?;
            let mut rules = ScanRules::from_permit(permit, dataset, &self.parts.vault)?;
            match (reader, tagged) {
                (Reader::Release, _) => rules = rules.for_release(dataset.dataset().is_private()),
                (Reader::Tags, Some((entity, (table, tags)))) => {
                    rules = rules.for_tags(dataset.dataset(), entity);
                    if name == table {
                        rules = rules.of_tags(tags)?;
                    }
                }
                (Reader::Tags, None) | (Reader::Rows, _) => {}
            }
            let lake = &self.parts.lake;
            let found = match reader {
                Reader::Rows | Reader::Tags => lake.current(permit, name).await,
                // A release is of a version, and is named by it: of what is committed, and of nothing else.
                Reader::Release => lake.committed(permit, name).await,
            };
            let Current { committed, fresh } = found.map_err(|error| unopened(name, permit, &error))?;
            let (mut plain_files, mut extent, mut absent) = (false, None, Vec::new());
            let inner = committed.map(|snapshot| {
                plain_files = snapshot.plain_files;
                absent = snapshot.absent;
                // PRIVACY: a partner may not even know how many rows there are.
                extent = snapshot.extent.filter(|_| reader != Reader::Release && fresh.is_empty());
                opened.inputs.push(DatasetVersion { dataset: name.clone(), version: snapshot.version });
                opened.table_ids.push((name.clone(), (snapshot.table_id, snapshot.content)));
                snapshot.provider
            });
            let table = GovernedTable::new(rules, inner, Arc::clone(&self.trusted), Arc::clone(&opener));
            let table = table.in_run(permit.run_id()).of_plain_files(plain_files).of_extent(extent);
            let table =
                table.of_absent(absent).with_fresh(fresh).about_members(dataset.dataset().is_private());
            opened.tables.push((name.clone(), Arc::new(table)));
        }
        Ok(opened)
    }
}

/// Logs why a table could not be opened, for operators; the asker learns only that it was so.
// PRIVACY: `LakeError` says what was being done, names and versions. What the libraries below it say is not logged: it
// may quote statistics, which are values.
pub(crate) fn unopened(dataset: &DatasetName, permit: &Permit, error: &LakeError) -> QueryError {
    let run = permit.run_id();
    error!(dataset.name = %dataset, run.id = %run, %error, "dataset `{dataset}` could not be opened: {error}");
    QueryError::ScanFailed
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

/// Where the columns of an answer come from.
pub(crate) struct Traced {
    /// The columns as they are recorded.
    pub(crate) columns: Vec<AnswerColumn>,
    /// Where each came from.
    pub(crate) edges: Vec<LineageEdge>,
    /// The same, column by column.
    pub(crate) origins: Vec<lineage::Origins>,
}

/// A statement that was planned and checked in a user session.
pub(crate) struct Planned {
    /// The plan with types and names resolved, before it is optimised.
    pub(crate) analysed: LogicalPlan,
}

impl Planned {
    /// Plans a statement and checks what came of it.
    pub(crate) async fn new(
        state: &SessionState,
        statement: &Statement,
        limits: &Limits,
    ) -> Result<Self, QueryError> {
        let plan = state
            .statement_to_plan(statement.for_planner())
            .await
            .map_err(|error| sanitise(&error, limits))?;
        // Bound before anything is checked: to the checks a parameter is a literal.
        let plan = parameter::bind(plan, statement.parameters(), limits)?;
        plan_check::check(&plan)?;
        let analysed = state
            .analyzer()
            .execute_and_check(plan, state.config_options(), |_, _| {})
            .map_err(|error| sanitise(&error, limits))?;
        // Analyser rules rewrite expressions: what they put in is looked at as well.
        plan_check::check(&analysed)?;
        Ok(Self { analysed })
    }

    /// Returns what is recorded of the columns of the answer.
    pub(crate) fn traced(&self, run: RunId) -> Result<Traced, QueryError> {
        let names = self.recorded_names();
        let flow = lineage::trace(&self.analysed).map_err(|_| QueryError::Failed)?;
        let edges = lineage::edges(&flow, &names, run);
        let columns = names
            .into_iter()
            .zip(&flow.columns)
            .map(|(name, origins)| {
                let direct = origins.iter().filter(|origin| origin.how.is_direct());
                AnswerColumn { name, level: direct.map(|origin| origin.level).max() }
            })
            .collect();
        Ok(Traced { columns, edges, origins: flow.columns })
    }

    /// Returns what stands for the plan in the record.
    pub(crate) fn digest(&self) -> Result<String, QueryError> {
        plan_digest(&self.analysed).map_err(|_| QueryError::Failed)
    }

    /// Returns the names under which the columns of the answer are recorded.
    pub(crate) fn recorded_names(&self) -> Vec<String> {
        lineage::recorded_names(self.analysed.schema().fields().iter().map(|field| field.name().as_str()))
    }

    /// Makes the plan that runs.
    pub(crate) async fn physical(
        &self,
        state: &SessionState,
        limits: &Limits,
        brake: &Arc<Brake>,
    ) -> Result<Arc<dyn ExecutionPlan>, QueryError> {
        braked_physical(self.analysed.clone(), state, limits, brake).await
    }
}

/// Makes the plan that runs of one that was analysed: optimised, and with every brake in it.
pub(crate) async fn braked_physical(
    analysed: LogicalPlan,
    state: &SessionState,
    limits: &Limits,
    brake: &Arc<Brake>,
) -> Result<Arc<dyn ExecutionPlan>, QueryError> {
    brake::physical(state, analysed, brake).await.map_err(|error| sanitise(&error, limits))
}
