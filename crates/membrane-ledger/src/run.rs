//! Runs: opened before the work, closed after it. Every act has one.

use chrono::{DateTime, Utc};
use membrane_model::{
    Action, Channel, ColumnName, DatasetName, LineageEdge, PrincipalId, Purpose, RevealLevel, RunId,
    TableVersion,
};
use sqlx::AnyConnection;

use crate::batch::Insert;
use crate::close::close_run;
use crate::commitment::Commitment;
use crate::row::{Cells, to_integer_or_null, to_list, to_position, to_text};
use crate::{Entrance, Evidence, Ledger, LedgerError, RunStatus};

/// What a run is opened with.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Who acts.
    pub principal: PrincipalId,
    /// On whose behalf, if not its own.
    pub on_behalf_of: Option<PrincipalId>,
    /// By which door it came.
    pub channel: Channel,
    /// By which way.
    pub entrance: Entrance,
    /// What is done.
    pub action: Action,
    /// Why, where a reason is asked for.
    pub purpose: Option<Purpose>,
    /// The job: `query`, `ingest crm_members`.
    pub job: String,
    /// The SQL statement with its literals removed.
    pub statement: Option<String>,
    /// When the run starts.
    pub started: DateTime<Utc>,
}

/// One decision of policy, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether the request was permitted.
    pub allowed: bool,
    /// The dataset decided on; none when the decision was on the hub.
    pub dataset: Option<DatasetName>,
    /// Why, in words.
    pub reason: String,
    /// The policies that determined it.
    pub factors: Vec<String>,
    /// The version of the policies.
    pub policy_version: String,
    /// What was decided per column.
    pub columns: Vec<ColumnDecision>,
}

/// The decision on one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDecision {
    /// The column.
    pub column: ColumnName,
    /// The level at which it is shown; none when it is hidden.
    pub level: Option<RevealLevel>,
    /// The policies that determined it.
    pub factors: Vec<String>,
}

/// A dataset at a version, as read or written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DatasetVersion {
    /// The dataset.
    pub dataset: DatasetName,
    /// The version of its table.
    pub version: TableVersion,
}

/// How the work of a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// It was done.
    Complete,
    /// It failed.
    Fail,
    /// Policy or budget refused it.
    Refused,
}

/// What a run is closed with.
#[derive(Debug, Clone)]
pub struct RunOutcome {
    /// How the work ended.
    pub state: RunState,
    /// The stable code of the error, when there was one.
    pub error_code: Option<String>,
    /// Rows read.
    pub rows_in: Option<u64>,
    /// Rows written or answered.
    pub rows_out: Option<u64>,
    /// Rows put into quarantine.
    pub rows_quarantined: Option<u64>,
    /// Bytes answered.
    pub bytes_out: Option<u64>,
    /// Sealed cells that were opened.
    pub cells_opened: Option<u64>,
    /// How long it took.
    pub duration_ms: u64,
    /// Datasets read.
    pub inputs: Vec<DatasetVersion>,
    /// Datasets written.
    pub outputs: Vec<DatasetVersion>,
    /// Column lineage.
    pub edges: Vec<LineageEdge>,
    /// What there is to show of how it was answered.
    pub evidence: Evidence,
    /// When it ended.
    pub finished: DateTime<Utc>,
}

impl RunOutcome {
    /// Returns the outcome of a run of which nothing is known but how and when it ended.
    #[must_use]
    pub fn ended(state: RunState, finished: DateTime<Utc>) -> Self {
        Self {
            state,
            error_code: None,
            rows_in: None,
            rows_out: None,
            rows_quarantined: None,
            bytes_out: None,
            cells_opened: None,
            duration_ms: 0,
            inputs: Vec::new(),
            outputs: Vec::new(),
            edges: Vec::new(),
            evidence: Evidence::default(),
            finished,
        }
    }
}

/// The place of a closed run in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedRun {
    /// The run.
    pub run: RunId,
    /// The index of its leaf.
    pub leaf_index: u64,
    /// The hash of its leaf, as hexadecimal text.
    pub leaf_hash: String,
    /// The root of the log with this leaf as its last, as hexadecimal text.
    pub tree_root: String,
    /// What the leaf is the hash of, as it is published.
    pub entry: Vec<u8>,
}

/// A run that is under way, and the only way to write decisions. Dropping it leaves the run open for
/// [`Ledger::abandon_stale_runs`].
#[derive(Debug)]
#[must_use = "a run that is not closed counts as abandoned"]
pub struct OpenRun {
    ledger: Ledger,
    id: RunId,
    principal: PrincipalId,
    on_behalf_of: Option<PrincipalId>,
    action: Action,
    purpose: Option<Purpose>,
    decisions: usize,
}

impl Ledger {
    /// Opens a run. It is on record before this returns; without it, nothing is done.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn open_run(&self, run: NewRun) -> Result<OpenRun, LedgerError> {
        let id = RunId::new(run.started);
        let statement = run.statement.as_deref().map(to_text);
        let commitment = statement.as_deref().map(Commitment::to).transpose()?;
        sqlx::query(
            "INSERT INTO run (run, principal, on_behalf_of, channel, action, purpose, job, statement, statement_salt, \
             statement_commitment, started, session, address, publication, status) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'open')",
        )
        .bind(id.to_string())
        .bind(run.principal.to_string())
        .bind(run.on_behalf_of.as_ref().map(ToString::to_string))
        .bind(run.channel.as_str())
        .bind(run.action.as_str())
        .bind(run.purpose.as_ref().map(ToString::to_string))
        .bind(to_text(&run.job))
        .bind(statement)
        .bind(commitment.as_ref().map(|commitment| commitment.salt.clone()))
        .bind(commitment.map(|commitment| commitment.commitment))
        .bind(run.started.timestamp_micros())
        .bind(run.entrance.session.as_deref().map(to_text))
        .bind(run.entrance.address.as_str())
        .bind(to_integer_or_null(run.entrance.publication, "publication")?)
        .execute(&self.pools.write)
        .await?;
        Ok(OpenRun {
            ledger: self.clone(),
            id,
            principal: run.principal,
            on_behalf_of: run.on_behalf_of,
            action: run.action,
            purpose: run.purpose,
            decisions: 0,
        })
    }
}

impl Ledger {
    /// Says that the process of an open run is at work: the run is not left behind. A run that is closed
    /// stays as it is.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn touch_run(&self, run: &RunId, now: DateTime<Utc>) -> Result<(), LedgerError> {
        sqlx::query("UPDATE run SET seen = $2 WHERE run = $1 AND status = 'open'")
            .bind(run.to_string())
            .bind(now.timestamp_micros())
            .execute(&self.pools.write)
            .await?;
        Ok(())
    }

    /// Makes sure that a run is still open: before something is done that only an open run can put on
    /// record.
    ///
    /// # Errors
    /// [`LedgerError::RunNotOpen`] when it was closed or abandoned, or [`LedgerError::Database`].
    pub async fn require_open(&self, run: &RunId) -> Result<(), LedgerError> {
        let found = sqlx::query("SELECT run FROM run WHERE run = $1 AND status = 'open'")
            .bind(run.to_string())
            .fetch_optional(&self.pools.read)
            .await?;
        found.map(|_| ()).ok_or(LedgerError::RunNotOpen)
    }
}

impl OpenRun {
    /// Returns the run's id.
    #[must_use]
    pub const fn id(&self) -> RunId {
        self.id
    }

    pub(crate) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns who acts.
    #[must_use]
    pub const fn principal(&self) -> &PrincipalId {
        &self.principal
    }

    /// Returns on whose behalf it is done, if not on that of who acts.
    #[must_use]
    pub const fn on_behalf_of(&self) -> Option<&PrincipalId> {
        self.on_behalf_of.as_ref()
    }

    /// Returns what is done.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// Returns why it is done.
    #[must_use]
    pub const fn purpose(&self) -> Option<&Purpose> {
        self.purpose.as_ref()
    }

    /// Writes a decision to the run's record. It is durable before this returns.
    ///
    /// # Errors
    /// [`LedgerError::RunNotOpen`] when the run was abandoned meanwhile, or [`LedgerError::Database`].
    pub async fn record_decision(&mut self, decision: &Decision) -> Result<(), LedgerError> {
        let run = self.id.to_string();
        let position = to_position(self.decisions)?;
        let mut transaction = self.ledger.begin().await?;
        lock_open(&mut transaction, &run).await?;
        sqlx::query(
            "INSERT INTO decision (run, position, allowed, dataset, reason, factors, policy_version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(run.as_str())
        .bind(position)
        .bind(i64::from(decision.allowed))
        .bind(decision.dataset.as_ref().map(ToString::to_string))
        .bind(to_text(&decision.reason))
        .bind(to_list(&decision.factors)?)
        .bind(decision.policy_version.as_str())
        .execute(&mut *transaction)
        .await?;
        let columns = Insert {
            head: "INSERT INTO decision_column (run, decision, position, column_name, level, factors) VALUES",
            width: 6,
            tail: "",
        };
        columns
            .rows(&mut transaction, &decision.columns, |values, index, column| {
                values.push(run.as_str())?;
                values.push(position)?;
                values.push(to_position(index)?)?;
                values.push(column.column.as_str())?;
                values.push(column.level.map(RevealLevel::as_str))?;
                values.push(to_list(&column.factors)?)
            })
            .await?;
        transaction.commit().await?;
        self.decisions += 1;
        Ok(())
    }

    /// Counts the decisions on record with this reason, of all runs that this run's principal started since a moment.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn count_decisions(&self, reason: &str, since: DateTime<Utc>) -> Result<u64, LedgerError> {
        let row = sqlx::query(
            "SELECT COUNT(*) FROM decision JOIN run ON run.run = decision.run \
             WHERE run.principal = $1 AND run.started >= $2 AND decision.reason = $3",
        )
        .bind(self.principal.to_string())
        .bind(since.timestamp_micros())
        .bind(reason)
        .fetch_one(&self.ledger.pools.read)
        .await?;
        Cells::of(&row).number("a count of decisions")
    }

    /// Closes the run: its outcome, its inputs, outputs and lineage, and its leaf in the Merkle log, in
    /// one transaction. Reservations that were not committed are burned, so that what the leaf says about
    /// the run's releases stays true.
    ///
    /// # Errors
    /// [`LedgerError::RunNotOpen`] when the run was abandoned meanwhile, [`LedgerError::TooLarge`] or
    /// [`LedgerError::Database`]. The run then stays as it was.
    pub async fn close(self, outcome: RunOutcome) -> Result<ClosedRun, LedgerError> {
        let status = RunStatus::Closed(outcome.state);
        close_run(&self.ledger, self.id, status, &outcome).await
    }
}

/// Locks the row of an open run, or says that it is not open. No one closes it before the end of the
/// transaction.
pub(crate) async fn lock_open(connection: &mut AnyConnection, run: &str) -> Result<(), LedgerError> {
    let locked = sqlx::query("UPDATE run SET status = 'open' WHERE run = $1 AND status = 'open'")
        .bind(run)
        .execute(connection)
        .await?;
    if locked.rows_affected() == 1 { Ok(()) } else { Err(LedgerError::RunNotOpen) }
}
