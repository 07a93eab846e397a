//! The record in pages, the newest first: for whoever looks through all of it and keeps none of it.

use chrono::{DateTime, Utc};
use membrane_model::{Action, DatasetName, PrincipalId, RunId};

use crate::delivery::read as read_delivery;
use crate::load::{Parts, load_parts, read_action};
use crate::refused::read as read_refused;
use crate::row::Cells;
use crate::{Delivery, Ledger, LedgerError, RefusedDelivery, RunRecord};

/// Rows that one page has at most.
const ROWS_MAX: u32 = 1000;

/// From when until when, both included, and which run alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunWindow {
    /// The earliest moment.
    pub since: Option<DateTime<Utc>>,
    /// The latest one.
    pub until: Option<DateTime<Utc>>,
    /// The only run.
    pub run: Option<RunId>,
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
}

impl RunDetail {
    const fn parts(self) -> Parts {
        let none =
            Parts { decisions: false, datasets: false, edges: false, releases: false, documents: false };
        match self {
            Self::Head => none,
            Self::Decisions => Parts { decisions: true, ..none },
            Self::Edges => Parts { decisions: true, edges: true, ..none },
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
            Self::Edges => {
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
