//! The record in pages, the newest first: for whoever looks through all of it and keeps none of it.

use chrono::{DateTime, TimeDelta, Utc};
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, RunId};
use sqlx::any::AnyRow;

use crate::delivery::read as read_delivery;
use crate::load::{Parts, load_parts, read_action};
use crate::refused::read as read_refused;
use crate::row::Cells;
use crate::search::find;
use crate::{Delivery, Ledger, LedgerError, RefusedDelivery, RunRecord, RunSearch, RunStatus};

/// Rows that one page has at most.
const ROWS_MAX: u32 = 1000;

/// From when until when, both included, and which run or column alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunWindow {
    /// The earliest moment.
    pub since: Option<DateTime<Utc>>,
    /// The latest one.
    pub until: Option<DateTime<Utc>>,
    /// The only run.
    pub run: Option<RunId>,
    /// The first leaf of the log; for leaves.
    pub leaf_first: Option<u64>,
    /// The last one; for leaves.
    pub leaf_last: Option<u64>,
    /// The only column; for runs that took columns.
    pub column: Option<ColumnName>,
}

/// What of each run is wanted beside its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunDetail {
    /// Nothing.
    Head,
    /// What policy decided.
    Decisions,
    /// Column lineage, and what policy decided; only runs that have any.
    Edges,
    /// The same, of runs that took the column of the window, if it has one.
    Reads,
    /// What was paid for, and the datasets that were read; only runs that paid.
    Releases,
}

/// Where a page ended: the last of its runs or deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunMark {
    /// When it was.
    pub at: DateTime<Utc>,
    /// The run.
    pub run: RunId,
}

/// Runs of one principal that read a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetUse {
    /// The dataset.
    pub dataset: DatasetName,
    /// Who read it, or on whose behalf it was read.
    pub principal: PrincipalId,
    /// In which sense: `read` or `release`.
    pub action: Action,
    /// In how many runs.
    pub runs: u64,
    /// When the latest of them started.
    pub latest: DateTime<Utc>,
}

impl RunWindow {
    fn bounds(&self) -> (i64, i64) {
        let since = self.since.map_or(i64::MIN, |since| since.timestamp_micros());
        (since, self.until.map_or(i64::MAX, |until| until.timestamp_micros()))
    }

    /// Returns how to find runs by the column that they took, where the window is about one.
    fn search(&self) -> Option<RunSearch> {
        let until = self.until.and_then(|until| until.checked_add_signed(TimeDelta::microseconds(1)));
        let column = self.column.clone()?;
        Some(RunSearch { column: Some(column), since: self.since, until, ..RunSearch::default() })
    }
}

/// A leaf of the log, and the run that it is the hash of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafRow {
    /// Its index.
    pub leaf: u64,
    /// Its hash, as hexadecimal text.
    pub hash: String,
    /// The run.
    pub run: RunId,
    /// When it started.
    pub started: DateTime<Utc>,
    /// When it was closed.
    pub closed: Option<DateTime<Utc>>,
    /// Who acted.
    pub principal: PrincipalId,
    /// On whose behalf, if not its own.
    pub on_behalf_of: Option<PrincipalId>,
    /// What was done.
    pub action: Action,
    /// How it ended.
    pub status: RunStatus,
}

impl RunDetail {
    const fn parts(self) -> Parts {
        let none =
            Parts { decisions: false, datasets: false, edges: false, releases: false, documents: false };
        match self {
            Self::Head => none,
            Self::Decisions => Parts { decisions: true, ..none },
            Self::Edges | Self::Reads => Parts { decisions: true, edges: true, ..none },
            Self::Releases => Parts { datasets: true, releases: true, ..none },
        }
    }

    const fn keys(self) -> &'static str {
        match self {
            Self::Head => {
                "SELECT run FROM run WHERE started >= $1 AND started <= $2 AND (started < $3 OR run < $4) \
                 ORDER BY started DESC, run DESC LIMIT $5"
            }
            Self::Decisions => {
                "SELECT run FROM run WHERE started >= $1 AND started <= $2 AND (started < $3 OR run < $4) \
                 AND EXISTS (SELECT 1 FROM decision WHERE decision.run = run.run) \
                 ORDER BY started DESC, run DESC LIMIT $5"
            }
            Self::Edges | Self::Reads => {
                "SELECT run FROM run WHERE started >= $1 AND started <= $2 AND (started < $3 OR run < $4) \
                 AND EXISTS (SELECT 1 FROM lineage_edge WHERE lineage_edge.run = run.run) \
                 ORDER BY started DESC, run DESC LIMIT $5"
            }
            Self::Releases => {
                "SELECT run FROM run WHERE started >= $1 AND started <= $2 AND (started < $3 OR run < $4) \
                 AND EXISTS (SELECT 1 FROM release WHERE release.run = run.run) \
                 ORDER BY started DESC, run DESC LIMIT $5"
            }
        }
    }
}

const LEAVES_BY_TIME: &str = "\
    SELECT l.leaf, l.hash, l.run, r.started, r.finished, r.principal, r.on_behalf_of, r.action, r.status \
    FROM run r CROSS JOIN audit_leaf l \
    WHERE l.run = r.run AND r.started >= $1 AND r.started <= $2 AND (r.started < $3 OR r.run < $4) \
    ORDER BY r.started DESC, r.run DESC LIMIT $5";

/// The tables of a CROSS JOIN are taken in their order, which is that of the answer.
const LEAVES: &str = "\
    SELECT l.leaf, l.hash, l.run, r.started, r.finished, r.principal, r.on_behalf_of, r.action, r.status \
    FROM audit_leaf l CROSS JOIN run r \
    WHERE r.run = l.run AND l.leaf >= $1 AND l.leaf <= $2 AND r.started >= $3 AND r.started <= $4 \
    ORDER BY l.leaf DESC LIMIT $5";

const LEAF_OF_RUN: &str = "\
    SELECT l.leaf, l.hash, l.run, r.started, r.finished, r.principal, r.on_behalf_of, r.action, r.status \
    FROM audit_leaf l JOIN run r ON r.run = l.run WHERE l.run = $1";

const DELIVERIES: &str = "\
    SELECT run, dataset, source, ended, rows_in, rows_accepted, rows_quarantined, reasons, rows_late, totals \
    FROM delivery WHERE dataset = $1 AND ended >= $2 AND ended <= $3 AND (ended < $4 OR run < $5) \
    ORDER BY ended DESC, run DESC LIMIT $6";

const REFUSED: &str = "\
    SELECT dataset, delivery, source, at, code, rows_in, run \
    FROM refused WHERE dataset = $1 AND at >= $2 AND at <= $3 AND (at < $4 OR delivery < $5) \
    ORDER BY at DESC, delivery DESC LIMIT $6";

const USES: &str = "\
    SELECT d.dataset, COALESCE(run.on_behalf_of, run.principal), run.action, COUNT(DISTINCT run.run), MAX(run.started) \
    FROM run JOIN run_dataset d ON d.run = run.run AND d.side = 'input' \
    WHERE run.started >= $1 AND run.action IN ('read', 'release') \
    GROUP BY d.dataset, COALESCE(run.on_behalf_of, run.principal), run.action ORDER BY 1, 2, 3";

impl Ledger {
    /// Returns the runs of a window that come before a mark, the latest first, 1,000 at most.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn page_of_runs(
        &self,
        window: &RunWindow,
        detail: RunDetail,
        before: Option<RunMark>,
        limit: u32,
    ) -> Result<Vec<RunRecord>, LedgerError> {
        let search = window.search().filter(|_| detail == RunDetail::Reads);
        if search.is_some() && before.is_none() {
            self.index_columns().await?;
        }
        let mut connection = self.pools.read.acquire().await?;
        let (since, until) = window.bounds();
        if let Some(run) = &window.run {
            let is_first = before.is_none();
            let found = if is_first {
                load_parts(&mut connection, &[*run], detail.parts()).await?
            } else {
                Vec::new()
            };
            let within = |record: &RunRecord| (since..=until).contains(&record.started.timestamp_micros());
            return Ok(found.into_iter().filter(within).collect());
        }
        if let Some(search) = search {
            let runs =
                find(&mut connection, &search, before.map(|mark| mark.run), limit.min(ROWS_MAX)).await?;
            return load_parts(&mut connection, &runs, detail.parts()).await;
        }
        let latest = before.map_or(until, |mark| until.min(mark.at.timestamp_micros()));
        let mark = before.map_or(i64::MAX, |mark| mark.at.timestamp_micros());
        let rows = sqlx::query(detail.keys())
            .bind(since)
            .bind(latest)
            .bind(mark)
            .bind(before.map(|mark| mark.run.to_string()).unwrap_or_default())
            .bind(i64::from(limit.min(ROWS_MAX)))
            .fetch_all(&mut *connection)
            .await?;
        let runs: Vec<RunId> =
            rows.iter().map(|row| Cells::of(row).parsed("run")).collect::<Result<_, _>>()?;
        load_parts(&mut connection, &runs, detail.parts()).await
    }

    /// Returns the leaves of a window that come after one in the order of pages, 1,000 at most: the latest first, by the start of their runs where the window
    /// is one of time, and by their index otherwise.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn page_of_leaves(
        &self,
        window: &RunWindow,
        after: Option<&LeafRow>,
        limit: u32,
    ) -> Result<Vec<LeafRow>, LedgerError> {
        let (since, until) = window.bounds();
        let limit = i64::from(limit.min(ROWS_MAX));
        let leaf = |leaf: u64| i64::try_from(leaf).unwrap_or(i64::MAX);
        let (first, last) = (window.leaf_first.map_or(0, leaf), window.leaf_last.map_or(i64::MAX, leaf));
        let is_of_leaves = window.leaf_first.is_some() || window.leaf_last.is_some();
        let is_of_time = window.since.is_some() || window.until.is_some();
        let rows = if let Some(run) = &window.run {
            if after.is_some() {
                return Ok(Vec::new());
            }
            sqlx::query(LEAF_OF_RUN).bind(run.to_string()).fetch_all(&self.pools.read).await?
        } else if is_of_time && !is_of_leaves {
            let mark = after.map(|row| row.started.timestamp_micros());
            sqlx::query(LEAVES_BY_TIME)
                .bind(since)
                .bind(mark.map_or(until, |mark| until.min(mark)))
                .bind(mark.unwrap_or(i64::MAX))
                .bind(after.map(|row| row.run.to_string()).unwrap_or_default())
                .bind(limit)
                .fetch_all(&self.pools.read)
                .await?
        } else {
            let before = after.map_or(last, |row| last.min(leaf(row.leaf).saturating_sub(1)));
            sqlx::query(LEAVES)
                .bind(first)
                .bind(before)
                .bind(since)
                .bind(until)
                .bind(limit)
                .fetch_all(&self.pools.read)
                .await?
        };
        rows.iter().map(read_leaf).collect()
    }

    /// Returns the deliveries to a dataset within a window that come before a mark, the latest first, 1,000 at most.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn page_of_deliveries(
        &self,
        dataset: &DatasetName,
        window: &RunWindow,
        before: Option<RunMark>,
        limit: u32,
    ) -> Result<Vec<Delivery>, LedgerError> {
        let (since, until) = window.bounds();
        let rows = sqlx::query(DELIVERIES)
            .bind(dataset.as_str())
            .bind(since)
            .bind(before.map_or(until, |mark| until.min(mark.at.timestamp_micros())))
            .bind(before.map_or(i64::MAX, |mark| mark.at.timestamp_micros()))
            .bind(before.map(|mark| mark.run.to_string()).unwrap_or_default())
            .bind(i64::from(limit.min(ROWS_MAX)))
            .fetch_all(&self.pools.read)
            .await?;
        rows.iter().map(read_delivery).collect()
    }

    /// Returns the deliveries to a dataset that were refused within a window and come before another one, known by its moment and by what
    /// it is known by, the latest first, 1,000 at most.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn page_of_refused(
        &self,
        dataset: &DatasetName,
        window: &RunWindow,
        before: Option<(DateTime<Utc>, &str)>,
        limit: u32,
    ) -> Result<Vec<RefusedDelivery>, LedgerError> {
        let (since, until) = window.bounds();
        let rows = sqlx::query(REFUSED)
            .bind(dataset.as_str())
            .bind(since)
            .bind(before.map_or(until, |(at, _)| until.min(at.timestamp_micros())))
            .bind(before.map_or(i64::MAX, |(at, _)| at.timestamp_micros()))
            .bind(before.map_or("", |(_, delivery)| delivery))
            .bind(i64::from(limit.min(ROWS_MAX)))
            .fetch_all(&self.pools.read)
            .await?;
        rows.iter().map(read_refused).collect()
    }

    /// Returns the names of all datasets into which something was brought once, or of whose contract a revision was written down; also of those
    /// that no catalog has any more.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn datasets_on_record(&self) -> Result<Vec<DatasetName>, LedgerError> {
        let rows = sqlx::query(
            "SELECT dataset FROM delivered UNION SELECT dataset FROM refused \
             UNION SELECT about FROM document WHERE kind = 'contract' AND about IS NOT NULL ORDER BY 1",
        )
        .fetch_all(&self.pools.read)
        .await?;
        rows.iter().map(|row| Cells::of(row).parsed("dataset")).collect()
    }

    /// Returns how often each dataset was read by each principal since a moment: in how many runs, and when last.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn dataset_uses(&self, since: DateTime<Utc>) -> Result<Vec<DatasetUse>, LedgerError> {
        let rows = sqlx::query(USES).bind(since.timestamp_micros()).fetch_all(&self.pools.read).await?;
        let read = |row| {
            let mut cells = Cells::of(row);
            Ok(DatasetUse {
                dataset: cells.parsed("dataset")?,
                principal: cells.parsed("principal")?,
                action: read_action(&cells.text()?)?,
                runs: cells.number("runs")?,
                latest: cells.instant("started")?,
            })
        };
        rows.iter().map(read).collect()
    }
}

fn read_leaf(row: &AnyRow) -> Result<LeafRow, LedgerError> {
    let mut cells = Cells::of(row);
    Ok(LeafRow {
        leaf: cells.number("leaf")?,
        hash: cells.text()?,
        run: cells.parsed("run")?,
        started: cells.instant("started")?,
        closed: cells.instant_or_null("finished")?,
        principal: cells.parsed("principal")?,
        on_behalf_of: cells.parsed_or_null("principal")?,
        action: read_action(&cells.text()?)?,
        status: cells.parsed("status")?,
    })
}
