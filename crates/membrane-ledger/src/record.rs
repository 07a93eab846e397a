//! What is on record about runs.

use chrono::{DateTime, Utc};
use membrane_model::{Action, Channel, DatasetName, LineageEdge, Price, PrincipalId, Purpose, RunId};

use crate::lineage::job_name;
use crate::load::load_records;
use crate::row::{Cells, to_integer};
use crate::{
    Account, Circumstances, DatasetVersion, Decision, DocumentRef, Ledger, LedgerError, ReleaseState,
    RunStatus,
};
use sha2::{Digest as _, Sha256};

/// Runs that one listing returns at most.
const RUNS_MAX: u32 = 1000;

/// What is on record about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// The run.
    pub run: RunId,
    /// Who acted.
    pub principal: PrincipalId,
    /// On whose behalf, if not its own.
    pub on_behalf_of: Option<PrincipalId>,
    /// By which door it came; none in runs of before this was kept.
    pub channel: Option<Channel>,
    /// From where, by which plan, with what answer; none in runs of before this was kept.
    pub circumstances: Option<Circumstances>,
    /// What was done.
    pub action: Action,
    /// Why.
    pub purpose: Option<Purpose>,
    /// The job.
    pub job: String,
    /// The SQL statement with its literals removed.
    pub statement: Option<String>,
    /// What hides the statement in its commitment; none once it was forgotten, and in runs of before there were commitments.
    pub statement_salt: Option<String>,
    /// What the leaf has in place of the statement; none without one, and in runs of before there were commitments.
    pub statement_commitment: Option<String>,
    /// When it started.
    pub started: DateTime<Utc>,
    /// Where it stands.
    pub status: RunStatus,
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
    /// Sealed cells that were opened; none in runs of before this was counted.
    pub cells_opened: Option<u64>,
    /// How long it took; none while it is open.
    pub duration_ms: Option<u64>,
    /// When it ended; none while it is open.
    pub finished: Option<DateTime<Utc>>,
    /// What policy decided.
    pub decisions: Vec<Decision>,
    /// Datasets read.
    pub inputs: Vec<DatasetVersion>,
    /// Datasets written.
    pub outputs: Vec<DatasetVersion>,
    /// Column lineage.
    pub edges: Vec<LineageEdge>,
    /// What was paid for.
    pub releases: Vec<ReleaseRecord>,
    /// What was published or granted.
    pub documents: Vec<DocumentRef>,
    /// The index of its leaf in the log; none while it is open.
    pub leaf_index: Option<u64>,
}

impl RunRecord {
    /// Names the job, as [`crate::MadeBy::name`] does.
    #[must_use]
    pub fn job_name(&self) -> String {
        job_name(&self.job, self.statement.as_deref())
    }
}

/// What is on record about a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRecord {
    /// Its number.
    pub release: u64,
    /// Who pays.
    pub partner: PrincipalId,
    /// The name of its question.
    pub query_key: String,
    /// What it costs.
    pub price: Price,
    /// Where it stands.
    pub state: ReleaseState,
    /// When its price was reserved.
    pub reserved: DateTime<Utc>,
    /// When its answer was stored.
    pub committed: Option<DateTime<Utc>>,
    /// SHA-256 of its answer, as hexadecimal text.
    pub answer_sha256: Option<String>,
    /// What hides that in its commitment; none in releases of before there were commitments.
    pub answer_salt: Option<String>,
    /// What it was charged to, in the order of their text.
    pub accounts: Vec<Account>,
}

impl ReleaseRecord {
    /// Returns what stands for a stored answer on record.
    #[must_use]
    pub fn answer_hash(answer: &[u8]) -> String {
        hex::encode(Sha256::digest(answer))
    }
}

/// Which runs to list.
#[derive(Debug, Clone)]
pub struct RunFilter {
    /// Only those of this principal, and those on its behalf.
    pub principal: Option<PrincipalId>,
    /// Only those that read, wrote or asked for this dataset.
    pub dataset: Option<DatasetName>,
    /// How many at most; 1,000 is the most there can be.
    pub limit: u32,
}

impl Ledger {
    /// Lists runs, the latest first.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn runs(&self, filter: RunFilter) -> Result<Vec<RunRecord>, LedgerError> {
        let mut connection = self.pools.read.acquire().await?;
        let rows = sqlx::query(
            "SELECT run FROM run \
             WHERE (CAST($1 AS TEXT) IS NULL OR principal = $1 OR on_behalf_of = $1) \
               AND (CAST($2 AS TEXT) IS NULL \
                    OR run IN (SELECT run FROM run_dataset WHERE dataset = $2) \
                    OR run IN (SELECT run FROM decision WHERE dataset = $2)) \
             ORDER BY started DESC, run DESC LIMIT $3",
        )
        .bind(filter.principal.map(String::from))
        .bind(filter.dataset.map(String::from))
        .bind(to_integer(u64::from(filter.limit.min(RUNS_MAX)), "limit")?)
        .fetch_all(&mut *connection)
        .await?;
        let runs: Vec<RunId> =
            rows.iter().map(|row| Cells::of(row).parsed("run")).collect::<Result<_, _>>()?;
        load_records(&mut connection, &runs).await
    }

    /// Lists runs from a moment on, the earliest first; of those of one moment the ones after `after`. 1,000 at most.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn runs_from(
        &self,
        started: DateTime<Utc>,
        after: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<RunRecord>, LedgerError> {
        let mut connection = self.pools.read.acquire().await?;
        let rows = sqlx::query(
            "SELECT run FROM run WHERE started > $1 OR (started = $1 AND run > $2) ORDER BY started, run LIMIT $3",
        )
        .bind(started.timestamp_micros())
        .bind(after.map(|run| run.to_string()).unwrap_or_default())
        .bind(to_integer(u64::from(limit.min(RUNS_MAX)), "limit")?)
        .fetch_all(&mut *connection)
        .await?;
        let runs: Vec<RunId> =
            rows.iter().map(|row| Cells::of(row).parsed("run")).collect::<Result<_, _>>()?;
        load_records(&mut connection, &runs).await
    }

    /// Returns what is on record about a run.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn run(&self, run: &RunId) -> Result<Option<RunRecord>, LedgerError> {
        let mut connection = self.pools.read.acquire().await?;
        Ok(load_records(&mut connection, &[*run]).await?.pop())
    }
}
