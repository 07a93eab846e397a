//! Deliveries of which nothing was taken in: they are in no table, but in the history of quality.

use chrono::{DateTime, Utc};
use membrane_model::{DatasetName, RunId, SourceName};
use sqlx::any::AnyRow;

use crate::row::{Cells, to_integer};
use crate::{Ledger, LedgerError};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// A delivery of which nothing was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedDelivery {
    /// Where to.
    pub dataset: DatasetName,
    /// What it is known by when it is tried again: a keyed hash of a file, a source, or a run.
    pub delivery: String,
    /// The source, when it came from one.
    pub source: Option<SourceName>,
    /// When it was refused first, on its day.
    pub at: DateTime<Utc>,
    /// Why: a code.
    pub code: String,
    /// Records in it, where they were counted.
    pub rows_in: Option<u64>,
    /// The run, if it came to one.
    pub run: Option<RunId>,
}

impl Ledger {
    /// Writes down that a delivery was refused; once for each day, in UTC, however often it is tried.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn note_refused(&self, refused: &RefusedDelivery) -> Result<(), LedgerError> {
        let at = refused.at.timestamp_micros();
        sqlx::query(
            "INSERT INTO refused (dataset, day, delivery, source, at, code, rows_in, run) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (dataset, day, delivery) DO NOTHING",
        )
        .bind(refused.dataset.as_str())
        .bind(at.div_euclid(DAY))
        .bind(refused.delivery.as_str())
        .bind(refused.source.as_ref().map(SourceName::as_str))
        .bind(at)
        .bind(refused.code.as_str())
        .bind(refused.rows_in.map(|rows| to_integer(rows, "rows_in")).transpose()?)
        .bind(refused.run.map(|run| run.to_string()))
        .execute(&self.pools.write)
        .await?;
        Ok(())
    }

    /// Returns the deliveries that were refused since a moment, of one dataset or of all, the latest first.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn refused_deliveries(
        &self,
        dataset: Option<&DatasetName>,
        since: DateTime<Utc>,
    ) -> Result<Vec<RefusedDelivery>, LedgerError> {
        let rows = sqlx::query(
            "SELECT dataset, delivery, source, at, code, rows_in, run FROM refused \
             WHERE at >= $1 AND ($2 = '' OR dataset = $2) ORDER BY at DESC, dataset, delivery",
        )
        .bind(since.timestamp_micros())
        .bind(dataset.map_or("", DatasetName::as_str))
        .fetch_all(&self.pools.read)
        .await?;
        rows.iter().map(read).collect()
    }
}

pub(crate) fn read(row: &AnyRow) -> Result<RefusedDelivery, LedgerError> {
    let mut cells = Cells::of(row);
    Ok(RefusedDelivery {
        dataset: cells.parsed("dataset")?,
        delivery: cells.text()?,
        source: cells.parsed_or_null("source")?,
        at: cells.instant("at")?,
        code: cells.text()?,
        rows_in: cells.number_or_null("rows_in")?,
        run: cells.parsed_or_null("run")?,
    })
}
