//! Who used what: what closed runs read, by which policies.

use chrono::{DateTime, Utc};
use membrane_model::{Action, ColumnName, DatasetName, FieldRef, PrincipalId, Purpose};
use sqlx::any::AnyRow;

use crate::row::Cells;
use crate::{Ledger, LedgerError};

/// Runs that read one column alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnUse {
    /// Who read it, or on whose behalf it was read.
    pub principal: PrincipalId,
    /// In which sense: `read` or `release`.
    pub action: Action,
    /// Why.
    pub purpose: Option<Purpose>,
    /// The dataset.
    pub dataset: DatasetName,
    /// The column, which was in the answer or decided about it.
    pub column: ColumnName,
    /// In how many runs.
    pub runs: u64,
    /// When the latest of them started.
    pub latest: DateTime<Utc>,
}

/// Decisions in favour of one principal that the same policies determined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorUse {
    /// In whose favour: what is done on somebody's behalf is by what that one was given.
    pub principal: PrincipalId,
    /// The policies, sorted.
    pub factors: Vec<String>,
    /// When the run of the latest of them started.
    pub latest: DateTime<Utc>,
}

/// How a break-glass grant, or a delegation, was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GlassUse {
    /// Runs that it was used in.
    pub runs: u64,
    /// Sealed cells that were opened in those runs that are closed.
    pub cells: u64,
}

/// An edge names what a run read; the decision says that it was permitted.
const COLUMNS: &str = "\
    SELECT COALESCE(run.on_behalf_of, run.principal), run.action, run.purpose, edge.from_name, edge.from_field, \
      COUNT(DISTINCT run.run), MAX(run.started) \
    FROM run JOIN lineage_edge edge ON edge.run = run.run \
    WHERE run.started >= $1 AND run.action IN ('read', 'release') AND edge.from_namespace = $2 \
    GROUP BY COALESCE(run.on_behalf_of, run.principal), run.action, run.purpose, edge.from_name, edge.from_field \
    ORDER BY 1, run.action, run.purpose, edge.from_name, edge.from_field";

/// Whoever lists what there is has used nothing of it: of a dataset that was used, a version was read.
const OF_DATASETS: &str = "\
    SELECT COALESCE(run.on_behalf_of, run.principal), decision.factors, MAX(run.started) \
    FROM run JOIN decision ON decision.run = run.run \
    WHERE run.started >= $1 AND decision.allowed = 1 \
      AND (run.action NOT IN ('read', 'release') OR EXISTS ( \
        SELECT 1 FROM run_dataset WHERE run_dataset.run = run.run AND run_dataset.side = 'input' \
          AND run_dataset.dataset = decision.dataset)) \
    GROUP BY COALESCE(run.on_behalf_of, run.principal), decision.factors ORDER BY 1, decision.factors";

/// A policy that shows a column was used when the column was read, not when it only could have been.
const OF_COLUMNS: &str = "\
    SELECT COALESCE(run.on_behalf_of, run.principal), decision_column.factors, MAX(run.started) \
    FROM run JOIN decision ON decision.run = run.run \
      JOIN decision_column \
        ON decision_column.run = decision.run AND decision_column.decision = decision.position \
      JOIN lineage_edge edge ON edge.run = run.run AND edge.from_namespace = $2 \
        AND edge.from_name = decision.dataset AND edge.from_field = decision_column.column_name \
    WHERE run.started >= $1 AND decision.allowed = 1 AND decision_column.level IS NOT NULL \
    GROUP BY COALESCE(run.on_behalf_of, run.principal), decision_column.factors ORDER BY 1, decision_column.factors";

impl Ledger {
    /// Returns which columns runs have read that started since a moment, by principal, action and purpose.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn column_uses(&self, since: DateTime<Utc>) -> Result<Vec<ColumnUse>, LedgerError> {
        let rows = sqlx::query(COLUMNS)
            .bind(since.timestamp_micros())
            .bind(FieldRef::DATASETS)
            .fetch_all(&self.pools.read)
            .await?;
        rows.iter().map(read_column_use).collect()
    }

    /// Returns which policies were used in runs that started since a moment: those that let a dataset be used or rows be
    /// seen, and those that showed a column that was read.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn factor_uses(&self, since: DateTime<Utc>) -> Result<Vec<FactorUse>, LedgerError> {
        let since = since.timestamp_micros();
        let mut rows = sqlx::query(OF_DATASETS).bind(since).fetch_all(&self.pools.read).await?;
        rows.extend(
            sqlx::query(OF_COLUMNS).bind(since).bind(FieldRef::DATASETS).fetch_all(&self.pools.read).await?,
        );
        rows.iter().map(read_factor_use).collect()
    }
}

impl Ledger {
    /// Counts the runs in which a decision has this reason, and the cells that were opened in them.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn glass_use(&self, reason: &str) -> Result<GlassUse, LedgerError> {
        let row = sqlx::query(
            "SELECT COUNT(*), CAST(COALESCE(SUM(cells_opened), 0) AS BIGINT) FROM run \
             WHERE run IN (SELECT run FROM decision WHERE reason = $1)",
        )
        .bind(reason)
        .fetch_one(&self.pools.read)
        .await?;
        let mut cells = Cells::of(&row);
        Ok(GlassUse { runs: cells.number("runs")?, cells: cells.number("cells")? })
    }
}

impl Ledger {
    /// Counts the runs of a job that were refused to a principal and started after a moment.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn count_refused(
        &self,
        principal: &PrincipalId,
        job: &str,
        since: DateTime<Utc>,
    ) -> Result<u64, LedgerError> {
        let row = sqlx::query(
            "SELECT COUNT(*) FROM run \
             WHERE principal = $1 AND started > $2 AND job = $3 AND status = 'refused'",
        )
        .bind(principal.to_string())
        .bind(since.timestamp_micros())
        .bind(job)
        .fetch_one(&self.pools.read)
        .await?;
        Cells::of(&row).number("runs")
    }
}

fn read_column_use(row: &AnyRow) -> Result<ColumnUse, LedgerError> {
    let mut cells = Cells::of(row);
    Ok(ColumnUse {
        principal: cells.parsed("principal")?,
        action: crate::load::read_action(&cells.text()?)?,
        purpose: cells.parsed_or_null("purpose")?,
        dataset: cells.parsed("dataset")?,
        column: cells.parsed("column")?,
        runs: cells.number("runs")?,
        latest: cells.instant("started")?,
    })
}

fn read_factor_use(row: &AnyRow) -> Result<FactorUse, LedgerError> {
    let mut cells = Cells::of(row);
    Ok(FactorUse {
        principal: cells.parsed("principal")?,
        factors: cells.list("factors")?,
        latest: cells.instant("started")?,
    })
}
