//! Closes runs: everything that is known about a run, and its leaf, in one transaction.

use chrono::{DateTime, Utc};
use membrane_model::{LineageEdge, RunId};
use sqlx::AnyConnection;

use crate::activity::count_activity;
use crate::batch::Insert;
use crate::commitment::Commitment;
use crate::load::load_records;
use crate::log::{append_leaf, lock_head};
use crate::row::{Cells, to_integer, to_integer_or_null, to_list, to_position, to_text};
use crate::{ClosedRun, DatasetVersion, Evidence, Ledger, LedgerError, RunOutcome, RunState, RunStatus};

impl Ledger {
    /// Closes as abandoned every open run whose process has not been heard of since `before`: what
    /// processes left behind that were killed. Returns which.
    ///
    /// A process says that it is at work by [`Ledger::touch_run`]; opening the run counts as the first time.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn abandon_stale_runs(
        &self,
        before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<RunId>, LedgerError> {
        let rows = sqlx::query(
            "SELECT run, started FROM run WHERE status = 'open' AND COALESCE(seen, started) <= $1 \
             ORDER BY started, run",
        )
        .bind(before.timestamp_micros())
        .fetch_all(&self.pools.read)
        .await?;
        let mut abandoned = Vec::new();
        for row in &rows {
            let mut cells = Cells::of(row);
            let run = cells.parsed("run")?;
            let outcome = abandonment(cells.instant("started")?, now);
            match close_run(self, run, RunStatus::Abandoned, &outcome).await {
                Ok(_) => abandoned.push(run),
                // Its process lives after all, and closed it in this moment.
                Err(LedgerError::RunNotOpen) => {}
                // Those that were closed are told of; the rest are closed another time.
                Err(_) if !abandoned.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(abandoned)
    }
}

fn abandonment(started: DateTime<Utc>, finished: DateTime<Utc>) -> RunOutcome {
    RunOutcome {
        error_code: Some("abandoned".to_owned()),
        duration_ms: u64::try_from((finished - started).num_milliseconds()).unwrap_or(0),
        ..RunOutcome::ended(RunState::Fail, finished)
    }
}

/// Closes an open run and appends its leaf. The head of the log is locked first, so that leaves get
/// their places one after the other.
pub(crate) async fn close_run(
    ledger: &Ledger,
    id: RunId,
    status: RunStatus,
    outcome: &RunOutcome,
) -> Result<ClosedRun, LedgerError> {
    let run = id.to_string();
    let mut transaction = ledger.begin().await?;
    let head = lock_head(&mut transaction).await?;
    update_run(&mut transaction, &run, status, outcome).await?;
    update_evidence(&mut transaction, &run, &outcome.evidence).await?;
    insert_datasets(&mut transaction, &run, "input", &outcome.inputs).await?;
    insert_datasets(&mut transaction, &run, "output", &outcome.outputs).await?;
    insert_edges(&mut transaction, &run, &outcome.edges).await?;
    sqlx::query("UPDATE release SET state = 'burned' WHERE run = $1 AND state = 'reserved'")
        .bind(run.as_str())
        .execute(&mut *transaction)
        .await?;
    // The leaf is made from what is stored, by the code that verifies it later.
    let record = load_records(&mut transaction, &[id]).await?.pop().ok_or(LedgerError::RunNotOpen)?;
    count_activity(&mut transaction, &record).await?;
    let closed = append_leaf(&mut transaction, head, &record).await?;
    transaction.commit().await?;
    Ok(closed)
}

async fn update_run(
    connection: &mut AnyConnection,
    run: &str,
    status: RunStatus,
    outcome: &RunOutcome,
) -> Result<(), LedgerError> {
    let updated = sqlx::query(
        "UPDATE run SET status = $2, error_code = $3, rows_in = $4, rows_out = $5, rows_quarantined = $6, \
         bytes_out = $7, duration_ms = $8, finished = $9, cells_opened = $10 WHERE run = $1 AND status = 'open'",
    )
    .bind(run)
    .bind(status.as_str())
    .bind(outcome.error_code.as_deref().map(to_text))
    .bind(to_integer_or_null(outcome.rows_in, "rows_in")?)
    .bind(to_integer_or_null(outcome.rows_out, "rows_out")?)
    .bind(to_integer_or_null(outcome.rows_quarantined, "rows_quarantined")?)
    .bind(to_integer_or_null(outcome.bytes_out, "bytes_out")?)
    .bind(to_integer(outcome.duration_ms, "duration_ms")?)
    .bind(outcome.finished.timestamp_micros())
    .bind(to_integer_or_null(outcome.cells_opened, "cells_opened")?)
    .execute(connection)
    .await?;
    if updated.rows_affected() == 1 { Ok(()) } else { Err(LedgerError::RunNotOpen) }
}

async fn update_evidence(
    connection: &mut AnyConnection,
    run: &str,
    evidence: &Evidence,
) -> Result<(), LedgerError> {
    if *evidence == Evidence::default() {
        return Ok(());
    }
    let answer = evidence.answer.as_deref().map(Commitment::to).transpose()?;
    let list = |items: &[String]| if items.is_empty() { Ok(None) } else { to_list(items).map(Some) };
    sqlx::query(
        "UPDATE run SET plan = $2, answer_salt = $3, answer_commitment = $4, obligations = $5, grants = $6 WHERE run = $1",
    )
    .bind(run)
    .bind(evidence.plan.as_deref())
    .bind(answer.as_ref().map(|answer| answer.salt.clone()))
    .bind(answer.map(|answer| answer.commitment))
    .bind(list(&evidence.obligations)?)
    .bind(list(&evidence.grants)?)
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_datasets(
    connection: &mut AnyConnection,
    run: &str,
    side: &'static str,
    datasets: &[DatasetVersion],
) -> Result<(), LedgerError> {
    let insert = Insert {
        head: "INSERT INTO run_dataset (run, side, position, dataset, version) VALUES",
        width: 5,
        tail: "",
    };
    insert
        .rows(connection, datasets, |values, index, dataset| {
            values.push(run)?;
            values.push(side)?;
            values.push(to_position(index)?)?;
            values.push(dataset.dataset.as_str())?;
            values.push(to_integer(dataset.version.0, "version")?)
        })
        .await
        .map(drop)
}

async fn insert_edges(
    connection: &mut AnyConnection,
    run: &str,
    edges: &[LineageEdge],
) -> Result<(), LedgerError> {
    let mut distinct: Vec<&LineageEdge> = edges.iter().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let insert = Insert {
        head: "INSERT INTO lineage_edge (run, position, from_namespace, from_name, from_field, \
               to_namespace, to_name, to_field, transformation, masking) VALUES",
        width: 10,
        tail: "",
    };
    insert
        .rows(connection, &distinct, |values, index, edge| {
            values.push(run)?;
            values.push(to_position(index)?)?;
            for field in [&edge.from, &edge.to] {
                values.push(to_text(&field.namespace))?;
                values.push(to_text(&field.name))?;
                values.push(to_text(&field.field))?;
            }
            values.push(edge.transformation.as_str())?;
            values.push(i64::from(edge.masking))
        })
        .await
        .map(drop)
}
