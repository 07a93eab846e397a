//! Runs by what they were about: for whoever asks who saw something, and why.
//!
//! ```text
//! column, dataset, principal, purpose, action, status --the one with the fewest runs leads--> ids, the newest first
//!     each of them is held against the others, one look-up each --> a page; the next one begins before its last id
//! ```
//!
//! Ids of runs begin with the millisecond in which they started: every index here ends in the id, is in the order of time, and takes bounds on the time as
//! bounds on the id. What columns were taken is in `column_read`, which is made of closed runs, leaf by leaf of the log, before it is looked into.

mod lead;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, Purpose, RevealLevel, RunId};
use sqlx::AnyConnection;

use crate::held::{indexed, load_held};
use crate::reads::NOISE;
use crate::row::{Cells, to_integer};
use crate::{Ledger, LedgerError, RunRecord, RunState, RunStatus};
use lead::{Lead, RUN, Sql, Value};

/// Runs that one page has at most.
const RUNS_MAX: u32 = 1000;
/// Leaves that are looked at in one go.
const LEAVES_MAX: u64 = 1000;
/// An id after all others.
const LAST: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/// Which runs are looked for; what is not stated is of no account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunSearch {
    /// Who acted, or on whose behalf.
    pub principal: Option<PrincipalId>,
    /// What was done.
    pub action: Option<Action>,
    /// What for.
    pub purpose: Option<Purpose>,
    /// How it ended.
    pub status: Option<RunStatus>,
    /// With which dataset: one that was decided about, read or written; with a column or a level, one of which that was taken.
    pub dataset: Option<DatasetName>,
    /// Which column was taken.
    pub column: Option<ColumnName>,
    /// At which level a column was permitted that was taken: that column, where one is named.
    pub level: Option<RevealLevel>,
    /// Started then or later.
    pub since: Option<DateTime<Utc>>,
    /// Started earlier.
    pub until: Option<DateTime<Utc>>,
}

impl RunSearch {
    /// Adds all that is asked for, about `run`: written so that no index is taken for it. SQLite would leave the one that leads.
    fn conditions(&self, sql: &mut Sql) {
        if let Some(principal) = &self.principal {
            sql.push_with(" AND (run.principal || '' = ", Value::Text(principal.to_string()));
            sql.push_with(" OR run.on_behalf_of || '' = ", Value::Text(principal.to_string()));
            sql.push(")");
        }
        let words = [
            (" AND run.action || '' = ", self.action.map(Action::as_str)),
            (" AND run.purpose || '' = ", self.purpose.as_ref().map(Purpose::as_str)),
            (" AND run.status || '' = ", self.status.map(RunStatus::as_str)),
        ];
        for (condition, word) in words {
            if let Some(word) = word {
                sql.push_with(condition, Value::Text(word.to_owned()));
            }
        }
        if let Some(since) = self.since {
            sql.push_with(" AND run.started + 0 >= ", Value::Number(since.timestamp_micros()));
        }
        if let Some(until) = self.until {
            sql.push_with(" AND run.started + 0 < ", Value::Number(until.timestamp_micros()));
        }
        if self.is_of_columns() {
            sql.push(" AND EXISTS (SELECT 1 FROM column_read c WHERE c.run = run.run");
            let words = [
                (" AND c.dataset || '' = ", self.dataset.as_ref().map(DatasetName::as_str)),
                (" AND c.column_name || '' = ", self.column.as_ref().map(ColumnName::as_str)),
                (" AND c.level || '' = ", self.level.map(RevealLevel::as_str)),
            ];
            for (condition, word) in words {
                if let Some(word) = word {
                    sql.push_with(condition, Value::Text(word.to_owned()));
                }
            }
            sql.push(")");
        } else if let Some(dataset) = &self.dataset {
            let by =
                |table| format!("EXISTS (SELECT 1 FROM {table} t WHERE t.run = run.run AND t.dataset = ");
            sql.push_with(&format!(" AND ({}", by("decision")), Value::Text(dataset.to_string()));
            sql.push_with(&format!(") OR {}", by("run_dataset")), Value::Text(dataset.to_string()));
            sql.push("))");
        }
    }

    /// Tells whether it is about columns that were taken.
    const fn is_of_columns(&self) -> bool {
        self.column.is_some() || self.level.is_some()
    }

    /// Returns what it may be led by: each is some leads, whose runs together are those of one filter.
    fn leads(&self) -> Vec<Vec<Lead>> {
        let mut all = Vec::new();
        if self.is_of_columns() {
            all.extend(self.leads_of_columns());
        } else if let Some(dataset) = &self.dataset {
            all.push(["decision", "run_dataset"].map(|table| Lead::of(table, "dataset", dataset)).into());
        }
        if let Some(principal) = &self.principal {
            all.push(["principal", "on_behalf_of"].map(|who| Lead::of(RUN, who, principal)).into());
        }
        if let Some(purpose) = &self.purpose {
            all.push(vec![Lead::of(RUN, "purpose", purpose)]);
        }
        match self.status {
            Some(status @ (RunStatus::Closed(RunState::Fail | RunState::Refused) | RunStatus::Abandoned)) => {
                let also = " AND run.status IN ('fail', 'refused', 'abandoned')";
                all.push(vec![Lead { also, ..Lead::of(RUN, "status", status.as_str()) }]);
            }
            Some(RunStatus::Open) => all.push(vec![Lead::of(RUN, "status", RunStatus::Open.as_str())]),
            // Nearly all runs are.
            Some(RunStatus::Closed(RunState::Complete)) | None => {}
        }
        if let Some(action) = self.action {
            all.push(vec![Lead::of(RUN, "action", action)]);
        }
        if all.is_empty() {
            all.push(vec![Lead { table: RUN, equal: Vec::new(), also: "" }]);
        }
        all
    }

    /// The same for columns that were taken; nothing where a level alone is named, which most runs have.
    fn leads_of_columns(&self) -> Option<Vec<Lead>> {
        let named = self.column.as_ref().map(|column| ("column_name", column.to_string()));
        let of_dataset = self.dataset.as_ref().map(|dataset| ("dataset", dataset.to_string()));
        let (first, second) = if named.is_some() { (named?, of_dataset) } else { (of_dataset?, None) };
        let levels = match self.level {
            Some(level) => vec![level.as_str()],
            None => {
                RevealLevel::HIGHEST_FIRST.map(RevealLevel::as_str).into_iter().chain([NOISE, ""]).collect()
            }
        };
        let of_level = |level: &str| {
            let equal =
                [first.clone(), ("level", level.to_owned())].into_iter().chain(second.clone()).collect();
            Lead { table: "column_read", equal, also: "" }
        };
        Some(levels.into_iter().map(of_level).collect())
    }

    /// Returns from which id on, and before which.
    fn bounds(&self, before: Option<RunId>) -> (String, String) {
        let from = self.since.map_or_else(String::new, first_id_of);
        let millisecond = TimeDelta::milliseconds(1);
        // Ids of one millisecond are not told apart by the time.
        let until = self.until.and_then(|until| until.checked_add_signed(millisecond)).map(first_id_of);
        let ends = until.into_iter().chain(before.map(|run| run.to_string()));
        (from, ends.min().unwrap_or_else(|| LAST.to_owned()))
    }
}

/// Returns what no id of a run that started at this moment, or later, comes before.
fn first_id_of(moment: DateTime<Utc>) -> String {
    let millis = u64::try_from(moment.timestamp_millis()).unwrap_or(0).min(0xffff_ffff_ffff);
    format!("{:08x}-{:04x}-0000-0000-000000000000", millis >> 16, millis & 0xffff)
}

/// The columns that the runs of some leaves took. The level is the highest one that was permitted.
pub(crate) const COLUMNS_OF_LEAVES: &str = "\
    SELECT taken.run, taken.from_name, taken.from_field, \
      CASE WHEN taken.action = 'release' THEN 'noise' ELSE COALESCE((SELECT c.level \
        FROM decision d JOIN decision_column c ON c.run = d.run AND c.decision = d.position \
        WHERE d.run = taken.run AND d.allowed = 1 AND d.dataset = taken.from_name \
          AND c.column_name = taken.from_field AND c.level IS NOT NULL \
        ORDER BY CASE c.level WHEN 'clear' THEN 1 WHEN 'partial' THEN 2 WHEN 'generalised' THEN 3 \
          WHEN 'token' THEN 4 ELSE 5 END LIMIT 1), '') END \
    FROM (SELECT DISTINCT e.run, e.from_name, e.from_field, run.action \
      FROM audit_leaf CROSS JOIN run CROSS JOIN lineage_edge e \
      WHERE audit_leaf.leaf >= $1 AND audit_leaf.leaf < $2 AND run.run = audit_leaf.run AND e.run = run.run \
        AND e.from_namespace = 'dataset') taken \
    WHERE 1 = 1";

impl Ledger {
    /// Takes down which columns runs took that were closed since it was last done, so that runs are found by them.
    ///
    /// # Errors
    /// [`LedgerError::Database`]; what was taken down before stays.
    pub async fn index_columns(&self) -> Result<(), LedgerError> {
        let size = self.log_head().await?.size;
        let mut known = indexed(&mut *self.pools.read.acquire().await?).await?;
        while known < size {
            let mut transaction = self.begin().await?;
            // The row is locked: of several processes one after the other goes on.
            let row =
                sqlx::query("UPDATE column_read_mark SET leaves = leaves WHERE mark = 1 RETURNING leaves")
                    .fetch_one(&mut *transaction)
                    .await?;
            let from = Cells::of(&row).number("leaf")?;
            known = size.min(from.saturating_add(LEAVES_MAX));
            if from < known {
                sqlx::query(sqlx::AssertSqlSafe(format!(
                    "INSERT INTO column_read (run, dataset, column_name, level) {COLUMNS_OF_LEAVES} ON CONFLICT DO NOTHING"
                )))
                    .bind(to_integer(from, "leaf")?)
                    .bind(to_integer(known, "leaf")?)
                    .execute(&mut *transaction)
                    .await?;
                sqlx::query("UPDATE column_read_mark SET leaves = $1 WHERE mark = 1")
                    .bind(to_integer(known, "leaf")?)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
        }
        Ok(())
    }

    /// Finds runs, the newest first, 1,000 at most: those before a run, where one is named. Those that are closed are held against
    /// their leaves.
    ///
    /// # Errors
    /// [`LedgerError::Altered`], [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn search_runs(
        &self,
        search: &RunSearch,
        before: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<RunRecord>, LedgerError> {
        if search.is_of_columns() && before.is_none() {
            self.index_columns().await?;
        }
        let mut connection = self.pools.read.acquire().await?;
        let runs = find(&mut connection, search, before, limit.min(RUNS_MAX)).await?;
        load_held(&mut connection, &runs).await
    }

    /// Finds the closed runs whose leaves are from one on, before another one, in the order of the log; also returns up to which leaf it was looked: 1,000
    /// are looked at.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn search_entries(
        &self,
        search: &RunSearch,
        from: u64,
        before: u64,
    ) -> Result<(Vec<RunRecord>, u64), LedgerError> {
        if search.is_of_columns() {
            self.index_columns().await?;
        }
        let before = before.min(from.saturating_add(LEAVES_MAX));
        let mut connection = self.pools.read.acquire().await?;
        let mut sql = Sql::default();
        sql.push("SELECT d.run FROM audit_leaf d CROSS JOIN run WHERE run.run = d.run");
        sql.push_with(" AND d.leaf >= ", Value::Number(to_integer(from, "leaf")?));
        sql.push_with(" AND d.leaf < ", Value::Number(to_integer(before, "leaf")?));
        search.conditions(&mut sql);
        sql.push(" ORDER BY d.leaf");
        let rows = sql.fetch(&mut connection).await?;
        let runs: Vec<RunId> =
            rows.iter().map(|row| Cells::of(row).parsed("run")).collect::<Result<_, _>>()?;
        Ok((load_held(&mut connection, &runs).await?, before))
    }
}

/// Finds the ids of runs: by the filter that has the fewest, as far as they are counted.
pub(crate) async fn find(
    connection: &mut AnyConnection,
    search: &RunSearch,
    before: Option<RunId>,
    limit: u32,
) -> Result<Vec<RunId>, LedgerError> {
    let (from, before) = search.bounds(before);
    let bounds = (from.as_str(), before.as_str());
    let mut all = search.leads();
    let mut best: Option<(i64, usize)> = None;
    if all.len() > 1 {
        for (index, leads) in all.iter().enumerate() {
            let mut count = 0;
            for lead in leads {
                count += lead.count(connection, bounds).await?;
            }
            if best.is_none_or(|(fewest, _)| count < fewest) {
                best = Some((count, index));
            }
        }
    }
    let leads = all.swap_remove(best.map_or(0, |(_, index)| index));
    let mut found = BTreeSet::new();
    for lead in &leads {
        found.extend(lead.runs(connection, search, bounds, limit).await?);
    }
    Ok(found.into_iter().rev().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
}
