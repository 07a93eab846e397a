//! Whose ledger this is, so that no other root key and no other data are ever used with it.

use crate::row::Cells;
use crate::{Ledger, LedgerError};

/// Whose ledger this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The id of the hub.
    pub hub: String,
    /// What the hub's root key makes of a constant. It says nothing about the key.
    pub key_check: String,
}

impl Ledger {
    /// Returns whose ledger this is. A ledger that is nobody's yet becomes `first`'s, durably.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn identify(&self, first: &Identity) -> Result<Identity, LedgerError> {
        let mut transaction = self.begin().await?;
        for (name, value) in [("id", &first.hub), ("key_check", &first.key_check)] {
            sqlx::query("INSERT INTO hub (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
                .bind(name)
                .bind(value.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        let rows = sqlx::query("SELECT value FROM hub WHERE name IN ('id', 'key_check') ORDER BY name")
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let [hub, key_check] = rows.as_slice() else { return Err(LedgerError::Stored("hub")) };
        Ok(Identity { hub: Cells::of(hub).text()?, key_check: Cells::of(key_check).text()? })
    }
}
