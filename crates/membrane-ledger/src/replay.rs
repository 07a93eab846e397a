//! What a replay of a quarantine is about to do, written down before it does it.

use chrono::{DateTime, Utc};
use membrane_model::{DatasetName, TableVersion};

use crate::hold::Held;
use crate::row::{Cells, to_integer, to_list};
use crate::{Ledger, LedgerError};

/// Which rows of a quarantine go back to the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayPlan {
    /// The version of the quarantine that was read.
    pub version: TableVersion,
    /// The files that it had, by their paths, in the order in which their rows are counted.
    pub files: Vec<String>,
    /// A bit for each row, the lowest of a byte first: whether it goes.
    pub taken: Vec<u8>,
}

impl Ledger {
    /// Takes the replay of a dataset for a holder until a moment, or keeps it for longer. Tells whether it is the holder's.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn hold_replay(
        &self,
        dataset: &DatasetName,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        self.hold(Held::Replay, dataset.as_str(), holder, (now, until)).await
    }

    /// Gives the replay of a dataset back.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn release_replay(&self, dataset: &DatasetName, holder: &str) -> Result<(), LedgerError> {
        let mut transaction = self.begin().await?;
        sqlx::query("UPDATE replay SET holder = NULL, held_until = NULL WHERE dataset = $1 AND holder = $2")
            .bind(dataset.as_str())
            .bind(holder)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Writes down what a replay is about to do, or that it is done. Tells whether the holder still holds it; nothing is written
    /// if not.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn set_replay_plan(
        &self,
        dataset: &DatasetName,
        holder: &str,
        plan: Option<&ReplayPlan>,
    ) -> Result<bool, LedgerError> {
        let version = plan.map(|plan| to_integer(plan.version.0, "version")).transpose()?;
        let files = plan.map(|plan| to_list(&plan.files)).transpose()?;
        let mut transaction = self.begin().await?;
        let written = sqlx::query(
            "UPDATE replay SET version = $3, files = $4, taken = $5 WHERE dataset = $1 AND holder = $2",
        )
        .bind(dataset.as_str())
        .bind(holder)
        .bind(version)
        .bind(files)
        .bind(plan.map(|plan| plan.taken.clone()))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(written.rows_affected() == 1)
    }

    /// Returns what a replay was about to do that was not heard of again.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn replay_plan(&self, dataset: &DatasetName) -> Result<Option<ReplayPlan>, LedgerError> {
        let row = sqlx::query(
            "SELECT version, files, taken FROM replay WHERE dataset = $1 AND version IS NOT NULL",
        )
        .bind(dataset.as_str())
        .fetch_optional(&self.pools.read)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let mut cells = Cells::of(&row);
        Ok(Some(ReplayPlan {
            version: TableVersion(cells.number("version")?),
            files: cells.list("files")?,
            taken: cells.bytes()?,
        }))
    }
}
