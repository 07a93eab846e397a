//! Holds what is shown of the record against its leaves, and the index of columns against the record.

use std::collections::HashMap;

use membrane_model::RunId;
use sqlx::AnyConnection;

use crate::batch::select;
use crate::leaf::entry_with;
use crate::load::load_records;
use crate::log::leaf_rows;
use crate::row::{Cells, to_integer};
use crate::search::COLUMNS_OF_LEAVES;
use crate::{Ledger, LedgerError, LogFault, RunRecord, RunStatus};

/// Runs that are held at once.
const RUNS: usize = 500;
/// Leaves that are told of at most where runs were altered.
const TOLD_MAX: usize = 10;

const LEAVES: &str = "SELECT run, leaf, hash FROM audit_leaf WHERE run {keys}";

impl Ledger {
    /// Makes sure that these runs, those of them that are closed, say what they said when they were closed.
    ///
    /// # Errors
    /// [`LedgerError::Altered`] when one does not; [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn require_unaltered(&self, runs: &[RunId]) -> Result<(), LedgerError> {
        let mut connection = self.pools.read.acquire().await?;
        for runs in runs.chunks(RUNS) {
            load_held(&mut connection, runs).await?;
        }
        Ok(())
    }

    /// Makes the index of columns anew where it does not have what runs took, as the record says; tells whether it did.
    ///
    /// # Errors
    /// [`LedgerError::Database`]; then it is as it was, or of fewer runs until somebody looks for some.
    pub async fn mend_columns(&self) -> Result<bool, LedgerError> {
        let mut connection = self.pools.read.acquire().await?;
        let until = indexed(&mut connection).await?;
        let mut is_right = true;
        for from in (0..until).step_by(RUNS) {
            let range = (from, until.min(from + RUNS as u64));
            match verify_columns(&mut connection, range).await {
                Err(LedgerError::Altered(LogFault::Columns { .. })) => is_right = false,
                verified => verified?,
            }
            if !is_right {
                break;
            }
        }
        drop(connection);
        if !is_right {
            let mut transaction = self.begin().await?;
            sqlx::query("UPDATE column_read_mark SET leaves = 0 WHERE mark = 1")
                .execute(&mut *transaction)
                .await?;
            sqlx::query("DELETE FROM column_read").execute(&mut *transaction).await?;
            transaction.commit().await?;
        }
        self.index_columns().await?;
        Ok(!is_right)
    }
}

/// Loads the records of these runs, in this order, after holding those that are closed against their leaves.
pub(crate) async fn load_held(
    connection: &mut AnyConnection,
    runs: &[RunId],
) -> Result<Vec<RunRecord>, LedgerError> {
    // The leaves first: a run that is closed in between has none yet, and one that has a leaf does not change any more.
    let leaves = leaves_of(connection, runs).await?;
    let records = load_records(connection, runs).await?;
    let is_loose =
        |record: &&RunRecord| record.status != RunStatus::Open && !leaves.contains_key(&record.run);
    let loose: Vec<RunId> = records.iter().filter(is_loose).map(|record| record.run).collect();
    let late = if loose.is_empty() { HashMap::new() } else { leaves_of(connection, &loose).await? };
    if let Some(run) = loose.iter().find(|run| !late.contains_key(*run)) {
        return Err(LogFault::NoLeaf { run: *run }.into());
    }
    for record in &records {
        if let Some((leaf, hash)) = leaves.get(&record.run)
            && entry_with(record, hash)?.is_none()
        {
            return Err(LogFault::RunAltered { leaf: *leaf, run: record.run }.into());
        }
    }
    Ok(records)
}

async fn leaves_of(
    connection: &mut AnyConnection,
    runs: &[RunId],
) -> Result<HashMap<RunId, (u64, String)>, LedgerError> {
    let texts: Vec<String> = runs.iter().map(ToString::to_string).collect();
    let keys: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut leaves = HashMap::with_capacity(runs.len());
    select(connection, LEAVES, &keys, |row| {
        let mut cells = Cells::of(row);
        leaves.insert(cells.parsed("run")?, (cells.number("leaf")?, cells.text()?));
        Ok(())
    })
    .await?;
    Ok(leaves)
}

/// Returns which other runs from a leaf on are not what was closed, as far as so many are told: their leaves.
pub(crate) async fn others_altered(
    connection: &mut AnyConnection,
    (from, until): (u64, u64),
) -> Result<Vec<u64>, LedgerError> {
    let mut altered = Vec::new();
    let mut next = from;
    while next < until && altered.len() < TOLD_MAX {
        let before = until.min(next + RUNS as u64);
        let leaves = leaf_rows(connection, next, before).await?;
        let runs: Vec<RunId> = leaves.iter().map(|(_, run, _)| *run).collect();
        let records = load_records(connection, &runs).await?;
        let records: HashMap<RunId, RunRecord> =
            records.into_iter().map(|record| (record.run, record)).collect();
        for (leaf, run, hash) in leaves {
            let is_as_it_was = match records.get(&run) {
                Some(record) => entry_with(record, &hash)?.is_some(),
                None => false,
            };
            if !is_as_it_was {
                altered.push(leaf);
            }
        }
        next = before;
    }
    altered.truncate(TOLD_MAX);
    Ok(altered)
}

/// Makes sure that the index of columns has what the runs of these leaves took, and nothing else of them. The runs were held against their leaves before.
pub(crate) async fn verify_columns(
    connection: &mut AnyConnection,
    (from, until): (u64, u64),
) -> Result<(), LedgerError> {
    if from >= until {
        return Ok(());
    }
    let stored = "SELECT c.run, c.dataset, c.column_name, c.level FROM audit_leaf CROSS JOIN column_read c \
        WHERE audit_leaf.leaf >= $1 AND audit_leaf.leaf < $2 AND c.run = audit_leaf.run";
    for (one, other) in [(COLUMNS_OF_LEAVES, stored), (stored, COLUMNS_OF_LEAVES)] {
        let sql = format!("SELECT d.run FROM ({one} EXCEPT {other}) d LIMIT 1");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(to_integer(from, "leaf")?)
            .bind(to_integer(until, "leaf")?)
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(row) = found {
            return Err(LogFault::Columns { run: Cells::of(&row).parsed("run")? }.into());
        }
    }
    Ok(())
}

/// Returns of how many leaves the index of columns was made.
pub(crate) async fn indexed(connection: &mut AnyConnection) -> Result<u64, LedgerError> {
    let row = sqlx::query("SELECT leaves FROM column_read_mark WHERE mark = 1").fetch_one(connection).await?;
    Cells::of(&row).number("leaf")
}
