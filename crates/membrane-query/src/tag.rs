//! TAG: what a tag's statement says of each member, for the hub to write down.
//!
//! The statement is planned like a reader's, under a permit to read, with one difference: in the datasets whose subject is of the tag's
//! identity kind, the subject's column shows the key of the row in place of a token for the asker ([`crate::mask::key`]). Rules for rows and
//! all other masks are the permit's. What comes out is handed to the hub and not to a person.
//!
//! A statement is *member-local* ([`local`]) when what it says of a member follows from rows of that member and of datasets about things. Then
//! it may be asked of some members alone: of those of whom something came in. [`Engine::tag_keys`] says who they are.
//!
//! ```text
//! Engine::tag(All)                      every member
//! Lake::arrived -> Engine::tag_keys     who they are of whom something came in
//!               -> Engine::tag(These)   the same statement, of them
//! ```

mod compare;
mod fixture;
mod keyed;
mod keys;
mod known;
mod local;
mod part;
mod rows;
mod values;
mod without_data;

use std::sync::Arc;
use std::time::Duration;

use datafusion::catalog::TableProvider;
use datafusion::execution::SessionState;
use datafusion::execution::memory_pool::MemoryPool;
use membrane_lake::{Arrived, Files};
use membrane_model::{Action, DatasetName, IdentityKind, Limits, RevealLevel};
use membrane_policy::Permit;
use tokio::time::Instant;

use crate::answer::{Answer, run};
use crate::brake::Brake;
use crate::engine::{Engine, Planned, Reader, Traced, unopened};
use crate::error::QueryError;
use crate::gate::Statement;
use crate::lineage::Origins;
use crate::memory;
use crate::rules::ScanRules;
use crate::session::{Contents, user_session_in};
use crate::table::GovernedTable;

use part::{Members, Parted, is_one_of};

pub use compare::{Compared, TagComparison, TagFault};
pub use fixture::{TagFixture, TrialError, Tried};
pub use keys::TagKeys;
pub use known::TagKnown;
pub use values::TagValues;
pub use without_data::{StatementPlan, TagPlan, check_tag};

/// What a tag's statement is asked.
#[derive(Debug, Clone, Copy)]
pub struct TagQuestion<'a> {
    /// The statement. One of its columns is a member's key.
    pub statement: &'a Statement,
    /// The identity kind whose holders it tags.
    pub entity: &'a IdentityKind,
    /// Of whom.
    pub members: TagMembers<'a>,
    /// The dataset that tags are written to, and the tags whose rows of it the statement may read.
    pub tags: (&'a DatasetName, &'a [&'a str]),
    /// Seconds that it may take.
    pub seconds_max: u64,
}

/// Of whom a tag's statement is asked.
#[derive(Debug, Clone, Copy)]
pub enum TagMembers<'a> {
    /// Of everyone.
    All,
    /// Of these, if the statement is member-local; else it is refused.
    These(&'a TagKeys),
}

/// What a tag's statement says.
#[derive(Debug)]
pub struct TagAnswer {
    /// The rows, with what there is to record about them.
    pub answer: Answer,
    /// The place of the column that has the keys.
    pub key: usize,
}

impl Engine {
    /// Asks a tag's statement under a permit to read.
    ///
    /// # Errors
    /// [`QueryError`]; [`QueryError::Unsupported`] when no column of the answer is a member's key, or when it is asked of some members alone and is
    /// not member-local.
    pub async fn tag(&self, permit: &Permit, question: TagQuestion<'_>) -> Result<TagAnswer, QueryError> {
        if permit.action() != Action::Read {
            return Err(QueryError::NotPermitted);
        }
        let statement = question.statement;
        if statement.lists() || statement.explains() || !statement.lookups().is_empty() {
            return Err(unsupported("a tag's statement that is not one SELECT over datasets"));
        }
        let limits = self.tag_limits(question.seconds_max);
        let deadline = Instant::now() + Duration::from_secs(limits.seconds_max);
        let tagged = (question.entity, question.tags);
        let opened = self.open_for(permit, statement.tables(), Reader::Tags, Some(tagged)).await?;
        let state = self.tag_session(opened.tables, &limits)?;
        let planned = Planned::new(&state, statement, &limits).await?;
        let key = key_of(&planned)?;
        check_keys(&planned)?;
        let is_local = local::is_local(&planned.analysed, key);
        let Traced { columns, edges, origins } = planned.traced(permit.run_id())?;
        check_values(&origins, key)?;
        let digest = planned.digest()?;
        let plan = match question.members {
            TagMembers::All => planned.analysed,
            TagMembers::These(_) if !is_local => {
                return Err(unsupported("a statement that is not member-local, asked of some members"));
            }
            TagMembers::These(keys) => {
                let members = is_one_of(Members::these(keys.clone()));
                local::filter(planned.analysed, &members).map_err(|_| QueryError::Failed)?
            }
        };
        let schema = Arc::clone(plan.schema().inner());
        // Those of whom something came in are few.
        let is_local = is_local && matches!(question.members, TagMembers::All);
        let stream = Parted { plan, state, limits, deadline, is_local }.rows();
        let (inputs, cells_opened) = (opened.inputs, opened.cells_opened);
        let answer = Answer { schema, stream, inputs, columns, edges, plan: Some(digest), cells_opened };
        Ok(TagAnswer { answer, key })
    }

    /// Tells whether a tag's statement is member-local.
    ///
    /// # Errors
    /// As [`Engine::tag`].
    pub async fn is_tag_local(
        &self,
        permit: &Permit,
        statement: &Statement,
        (entity, tags): (&IdentityKind, (&DatasetName, &[&str])),
    ) -> Result<bool, QueryError> {
        let limits = self.tag_limits(u64::MAX);
        let opened = self.open_for(permit, statement.tables(), Reader::Tags, Some((entity, tags))).await?;
        let state = self.tag_session(opened.tables, &limits)?;
        let planned = Planned::new(&state, statement, &limits).await?;
        Ok(local::is_local(&planned.analysed, key_of(&planned)?))
    }

    /// Returns of which members something came into a dataset, under a permit to read it: of those of whose rows the permit shows one that
    /// arrived. None: it may be anyone.
    ///
    /// # Errors
    /// [`QueryError`]; [`QueryError::Unsupported`] when the dataset's rows have no key of this kind.
    pub async fn tag_keys(
        &self,
        permit: &Permit,
        dataset: &DatasetName,
        entity: &IdentityKind,
        arrived: Arrived,
    ) -> Result<Option<TagKeys>, QueryError> {
        let Arrived { current, files, fresh, .. } = arrived;
        let Files::Some(files) = files else { return Ok(None) };
        let of_dataset = permit.dataset(dataset).filter(|_| permit.action() == Action::Read);
        let of_dataset = of_dataset.ok_or(QueryError::NotPermitted)?;
        let rules = ScanRules::from_permit(permit, of_dataset, &self.parts.vault)?;
        let rules = rules.for_tags(of_dataset.dataset(), entity);
        let Some(column) = rules.key_column().cloned() else {
            return Err(unsupported("a dataset whose rows have no key of the tag's identity kind"));
        };
        let (mut inner, mut plain_files, mut absent) = (None, false, Vec::new());
        if let Some(snapshot) = current.committed.filter(|_| !files.is_empty()) {
            (plain_files, absent) = (snapshot.plain_files, snapshot.absent);
            inner = Some(snapshot.provider);
        }
        let has_files = inner.is_some();
        let opener = Arc::new(self.opener.for_query());
        let table = GovernedTable::new(rules, inner, Arc::clone(&self.trusted), opener);
        let mut table = table.in_run(permit.run_id()).of_plain_files(plain_files).of_absent(absent);
        if has_files {
            table = table.of_files(files);
        }
        let table = table.with_fresh(fresh);
        let limits = self.tag_limits(u64::MAX);
        let state = self.tag_session(vec![(dataset.clone(), Arc::new(table))], &limits)?;
        let sql = format!("SELECT DISTINCT {column} FROM {dataset} WHERE {column} IS NOT NULL");
        let statement = Statement::parse(&sql, &limits)?;
        let planned = Planned::new(&state, &statement, &limits).await?;
        let brake = Brake::new(Instant::now() + Duration::from_secs(limits.seconds_max));
        let physical = planned.physical(&state, &limits, &brake).await?;
        let stream = run(&physical, &state.task_ctx(), limits, brake);
        keys::collect(stream, 0).await.map(Some)
    }

    /// Opens a dataset for whoever follows what comes into it; what cannot be opened is logged, and told as that.
    ///
    /// # Errors
    /// [`QueryError::ScanFailed`].
    pub async fn arrived(
        &self,
        permit: &Permit,
        dataset: &DatasetName,
        since: &membrane_lake::Mark,
    ) -> Result<Arrived, QueryError> {
        let found = self.parts.lake.arrived(permit, dataset, since).await;
        found.map_err(|error| unopened(dataset, permit, &error))
    }

    /// Builds the session of a tag's statement.
    fn tag_session(
        &self,
        tables: Vec<(DatasetName, Arc<GovernedTable>)>,
        limits: &Limits,
    ) -> Result<SessionState, QueryError> {
        session_of(&self.memory, tables, limits)
    }

    /// The limits of a statement whose rows stay in the hub: it may hold half of the memory that all queries have, rows and bytes are as many as there are
    /// members.
    fn tag_limits(&self, seconds_max: u64) -> Limits {
        let seconds_max = seconds_max.min(crate::engine::SECONDS_MAX);
        let memory_bytes_max = self.parts.limits.memory_bytes_max.saturating_mul(memory::FULL_QUERIES / 2);
        Limits { rows_max: u64::MAX, bytes_max: u64::MAX, seconds_max, memory_bytes_max, ..self.parts.limits }
    }
}

fn session_of(
    memory: &Arc<dyn MemoryPool>,
    tables: Vec<(DatasetName, Arc<GovernedTable>)>,
    limits: &Limits,
) -> Result<SessionState, QueryError> {
    let tables = tables.into_iter().map(|(name, table)| (name, table as Arc<dyn TableProvider>));
    let contents = Contents { tables: tables.collect(), ..Contents::default() };
    let mut state = user_session_in(memory, contents, limits)?;
    // Members have many rows each, and the first ones are of nearly as many members: what is grouped by them is grouped before it is dealt out.
    state.config_mut().options_mut().execution.skip_partial_aggregation_probe_ratio_threshold = 1.0;
    Ok(state)
}

/// Returns the place of the column that has the keys: the only one whose type is theirs.
fn key_of(planned: &Planned) -> Result<usize, QueryError> {
    let fields = planned.analysed.schema().fields();
    let mut keys = fields.iter().enumerate().filter(|(_, field)| *field.data_type() == keyed::KEY_TYPE);
    match (keys.next(), keys.next()) {
        (Some((key, _)), None) => Ok(key),
        _ => Err(unsupported("a tag's statement that does not give the entity's column once, as it is")),
    }
}

/// Refuses what a statement may not do with keys.
fn check_keys(planned: &Planned) -> Result<(), QueryError> {
    match keyed::are_kept(&planned.analysed) {
        true => Ok(()),
        false => Err(unsupported("more than to hand on, compare, group by and count the entity's column")),
    }
}

/// Refuses values that are made of what names a member.
///
/// PRIVACY: a value is stored and shown as it is. A key or a token in it would be one that no reader's purpose has keyed anew, and a part of an
/// identifier would be there for everyone who may see the tag.
fn check_values(columns: &[Origins], key: usize) -> Result<(), QueryError> {
    let values = columns.iter().enumerate().filter(|(place, _)| *place != key);
    let mut origins = values.flat_map(|(_, origins)| origins).filter(|origin| origin.how.is_direct());
    match origins.any(|origin| !matches!(origin.level, RevealLevel::Clear | RevealLevel::Generalised)) {
        true => Err(unsupported(
            "a value of a tag that is made of a column which is not shown in clear or generalised; count rows in its place",
        )),
        false => Ok(()),
    }
}

fn unsupported(what: &'static str) -> QueryError {
    QueryError::Unsupported { what, position: None }
}
