//! The upkeep of tables: who is at work on a dataset's files, when it was done last, and since when somebody may be reading them.

use chrono::{DateTime, Utc};
use membrane_model::DatasetName;

use crate::hold::Held;
use crate::row::Cells;
use crate::{Ledger, LedgerError};

impl Ledger {
    /// Takes the upkeep of a dataset for a holder until a moment, or keeps it for longer. Tells whether it is the holder's.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn hold_upkeep(
        &self,
        dataset: &DatasetName,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        self.hold(Held::Upkeep, dataset.as_str(), holder, (now, until)).await
    }

    /// Gives the upkeep of a dataset back; with a moment, it was done then. Who holds it no more changes nothing.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn release_upkeep(
        &self,
        dataset: &DatasetName,
        holder: &str,
        done: Option<DateTime<Utc>>,
    ) -> Result<(), LedgerError> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "UPDATE upkeep SET holder = NULL, held_until = NULL, done = COALESCE($3, done) \
             WHERE dataset = $1 AND holder = $2",
        )
        .bind(dataset.as_str())
        .bind(holder)
        .bind(done.map(|done| done.timestamp_micros()))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Returns when the upkeep of a dataset was done last, if ever.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn upkeep_done(&self, dataset: &DatasetName) -> Result<Option<DateTime<Utc>>, LedgerError> {
        let row = sqlx::query("SELECT done FROM upkeep WHERE dataset = $1 AND done IS NOT NULL")
            .bind(dataset.as_str())
            .fetch_optional(&self.pools.read)
            .await?;
        row.map(|row| Cells::of(&row).instant("done")).transpose()
    }

    /// Returns when the oldest of the runs was opened that are open. What a run reads it opened after that, and what it writes it wrote
    /// after that. None: no run is open.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn oldest_open_run(&self) -> Result<Option<DateTime<Utc>>, LedgerError> {
        let row = sqlx::query("SELECT started FROM run WHERE status = 'open' ORDER BY started LIMIT 1")
            .fetch_optional(&self.pools.read)
            .await?;
        row.map(|row| Cells::of(&row).instant("started")).transpose()
    }
}
