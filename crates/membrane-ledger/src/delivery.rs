//! What became of deliveries: the history of quality, by dataset and day.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use membrane_model::{DatasetName, Reconciled, RunId, SourceName};
use sqlx::any::AnyRow;

use crate::row::{Cells, to_integer};
use crate::{Ledger, LedgerError};

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The run that brought it in.
    pub run: RunId,
    /// Where to.
    pub dataset: DatasetName,
    /// The source, when it came from one.
    pub source: Option<SourceName>,
    /// When it was there.
    pub ended: DateTime<Utc>,
    /// Records in it.
    pub rows_in: u64,
    /// Rows that were added.
    pub rows_accepted: u64,
    /// Rows that were set aside.
    pub rows_quarantined: u64,
    /// How often each reason occurred, by `code:column`.
    pub reasons: BTreeMap<String, u64>,
    /// Rows that were added and came late.
    pub rows_late: u64,
    /// What its source said of it, beside what was read. PRIVACY: sums of columns that lie in clear; not for everybody.
    pub totals: Vec<Reconciled>,
}

/// What came of a source, from its first delivery on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SourceTotals {
    /// Deliveries; of what is followed, commits.
    pub deliveries: u64,
    /// Rows that were added.
    pub rows_accepted: u64,
    /// Rows that were set aside.
    pub rows_quarantined: u64,
    /// Rows that were added and came late.
    pub rows_late: u64,
    /// Bytes that were read, as they came. Not of tables.
    pub bytes: u64,
    /// Rows that were added since the moment that was asked for.
    pub rows_lately: u64,
}

/// When a dataset's deliveries were there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// The first one.
    pub first: DateTime<Utc>,
    /// The last one, also if it was there before.
    pub last: DateTime<Utc>,
}

impl Ledger {
    /// Writes down what became of a delivery of so many bytes; once for each run.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn note_delivery(&self, delivery: &Delivery, bytes: u64) -> Result<(), LedgerError> {
        let reasons =
            serde_json::to_string(&delivery.reasons).map_err(|_| LedgerError::TooLarge("reasons"))?;
        let totals = serde_json::to_string(&delivery.totals).map_err(|_| LedgerError::TooLarge("totals"))?;
        let mut transaction = self.begin().await?;
        let noted = sqlx::query(
            "INSERT INTO delivery (run, dataset, source, ended, rows_in, rows_accepted, rows_quarantined, reasons, \
             rows_late, totals) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        )
        .bind(delivery.run.to_string())
        .bind(delivery.dataset.as_str())
        .bind(delivery.source.as_ref().map(SourceName::as_str))
        .bind(delivery.ended.timestamp_micros())
        .bind(to_integer(delivery.rows_in, "rows_in")?)
        .bind(to_integer(delivery.rows_accepted, "rows_accepted")?)
        .bind(to_integer(delivery.rows_quarantined, "rows_quarantined")?)
        .bind(reasons)
        .bind(to_integer(delivery.rows_late, "rows_late")?)
        .bind(totals)
        .execute(&mut *transaction)
        .await?;
        if let Some(source) = delivery.source.as_ref().filter(|_| noted.rows_affected() > 0) {
            sqlx::query(
                "INSERT INTO source_total (source, deliveries, rows_accepted, rows_quarantined, rows_late, bytes) \
                 VALUES ($1, 1, $2, $3, $4, $5) ON CONFLICT (source) DO UPDATE SET \
                 deliveries = source_total.deliveries + 1, \
                 rows_accepted = source_total.rows_accepted + excluded.rows_accepted, \
                 rows_quarantined = source_total.rows_quarantined + excluded.rows_quarantined, \
                 rows_late = source_total.rows_late + excluded.rows_late, \
                 bytes = source_total.bytes + excluded.bytes",
            )
            .bind(source.as_str())
            .bind(to_integer(delivery.rows_accepted, "rows_accepted")?)
            .bind(to_integer(delivery.rows_quarantined, "rows_quarantined")?)
            .bind(to_integer(delivery.rows_late, "rows_late")?)
            .bind(to_integer(bytes, "bytes")?)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Returns what came of each source, and how much of it since a moment.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn source_totals(
        &self,
        since: DateTime<Utc>,
    ) -> Result<BTreeMap<SourceName, SourceTotals>, LedgerError> {
        let rows = sqlx::query(
            "SELECT source, deliveries, rows_accepted, rows_quarantined, rows_late, bytes, \
             (SELECT CAST(COALESCE(SUM(d.rows_accepted), 0) AS BIGINT) FROM delivery d \
              WHERE d.source = source_total.source AND d.ended >= $1) AS rows_lately \
             FROM source_total",
        )
        .bind(since.timestamp_micros())
        .fetch_all(&self.pools.read)
        .await?;
        rows.iter()
            .map(|row| {
                let mut cells = Cells::of(row);
                let source = cells.parsed("source")?;
                let totals = SourceTotals {
                    deliveries: cells.number("deliveries")?,
                    rows_accepted: cells.number("rows_accepted")?,
                    rows_quarantined: cells.number("rows_quarantined")?,
                    rows_late: cells.number("rows_late")?,
                    bytes: cells.number("bytes")?,
                    rows_lately: cells.number("rows_lately")?,
                };
                Ok((source, totals))
            })
            .collect()
    }

    /// Returns the deliveries that ended since a moment, of one dataset or of all, the latest first.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn deliveries(
        &self,
        dataset: Option<&DatasetName>,
        since: DateTime<Utc>,
    ) -> Result<Vec<Delivery>, LedgerError> {
        let rows = sqlx::query(
            "SELECT run, dataset, source, ended, rows_in, rows_accepted, rows_quarantined, reasons, rows_late, totals \
             FROM delivery \
             WHERE ended >= $1 AND ($2 = '' OR dataset = $2) ORDER BY ended DESC, run",
        )
        .bind(since.timestamp_micros())
        .bind(dataset.map_or("", DatasetName::as_str))
        .fetch_all(&self.pools.read)
        .await?;
        rows.iter().map(read).collect()
    }

    /// Writes down that a delivery was there, also one that was there before.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn note_delivered(&self, dataset: &DatasetName, at: DateTime<Utc>) -> Result<(), LedgerError> {
        sqlx::query(
            "INSERT INTO delivered (dataset, first, last) VALUES ($1, $2, $2) \
             ON CONFLICT (dataset) DO UPDATE SET last = excluded.last WHERE excluded.last > delivered.last",
        )
        .bind(dataset.as_str())
        .bind(at.timestamp_micros())
        .execute(&self.pools.write)
        .await?;
        Ok(())
    }

    /// Returns when the first and the last delivery of each dataset was there.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn delivered(&self) -> Result<BTreeMap<DatasetName, Delivered>, LedgerError> {
        let rows =
            sqlx::query("SELECT dataset, first, last FROM delivered").fetch_all(&self.pools.read).await?;
        rows.iter()
            .map(|row| {
                let mut cells = Cells::of(row);
                let dataset = cells.parsed("dataset")?;
                Ok((dataset, Delivered { first: cells.instant("first")?, last: cells.instant("last")? }))
            })
            .collect()
    }
}

pub(crate) fn read(row: &AnyRow) -> Result<Delivery, LedgerError> {
    let mut cells = Cells::of(row);
    Ok(Delivery {
        run: cells.parsed("run")?,
        dataset: cells.parsed("dataset")?,
        source: cells.parsed_or_null("source")?,
        ended: cells.instant("ended")?,
        rows_in: cells.number("rows_in")?,
        rows_accepted: cells.number("rows_accepted")?,
        rows_quarantined: cells.number("rows_quarantined")?,
        reasons: serde_json::from_str(&cells.text()?).map_err(|_| LedgerError::Stored("reasons"))?,
        rows_late: cells.number("rows_late")?,
        totals: serde_json::from_str(&cells.text()?).map_err(|_| LedgerError::Stored("totals"))?,
    })
}
