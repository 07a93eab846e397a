//! Promises of contracts that are broken at present, and since when.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use membrane_model::DatasetName;

use crate::row::Cells;
use crate::{Ledger, LedgerError};

/// A promise of a contract that is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Whose contract.
    pub dataset: DatasetName,
    /// Which promise.
    pub promise: String,
    /// Since when that is known.
    pub since: DateTime<Utc>,
}

/// What changed since it was last looked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertChanges {
    /// Promises that are broken now and were not.
    pub opened: Vec<(DatasetName, String)>,
    /// Promises that are kept again.
    pub ended: Vec<(DatasetName, String)>,
}

impl Ledger {
    /// Returns the promises that are broken, by dataset.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn alerts(&self) -> Result<Vec<Alert>, LedgerError> {
        let rows = sqlx::query("SELECT dataset, promise, since FROM alert ORDER BY dataset, promise")
            .fetch_all(&self.pools.read)
            .await?;
        rows.iter()
            .map(|row| {
                let mut cells = Cells::of(row);
                Ok(Alert {
                    dataset: cells.parsed("dataset")?,
                    promise: cells.text()?,
                    since: cells.instant("since")?,
                })
            })
            .collect()
    }

    /// Writes down which promises are broken now, and tells what changed. Of several hubs that do so at once one is told.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn set_alerts(
        &self,
        broken: &BTreeSet<(DatasetName, String)>,
        now: DateTime<Utc>,
    ) -> Result<AlertChanges, LedgerError> {
        let known: BTreeSet<_> =
            self.alerts().await?.into_iter().map(|alert| (alert.dataset, alert.promise)).collect();
        let mut changes = AlertChanges::default();
        if known == *broken {
            return Ok(changes);
        }
        let mut transaction = self.begin().await?;
        for (dataset, promise) in broken.difference(&known) {
            let done = sqlx::query(
                "INSERT INTO alert (dataset, promise, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            )
            .bind(dataset.as_str())
            .bind(promise.as_str())
            .bind(now.timestamp_micros())
            .execute(&mut *transaction)
            .await?;
            if done.rows_affected() > 0 {
                changes.opened.push((dataset.clone(), promise.clone()));
            }
        }
        for (dataset, promise) in known.difference(broken) {
            let done = sqlx::query("DELETE FROM alert WHERE dataset = $1 AND promise = $2")
                .bind(dataset.as_str())
                .bind(promise.as_str())
                .execute(&mut *transaction)
                .await?;
            if done.rows_affected() > 0 {
                changes.ended.push((dataset.clone(), promise.clone()));
            }
        }
        transaction.commit().await?;
        Ok(changes)
    }
}
