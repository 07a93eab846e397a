//! The ledger's handle.

use sqlx::{Any, Transaction};

use crate::LedgerError;
use crate::connect::{Pools, connect};
use crate::place::Place;

/// The durable record. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(crate) pools: Pools,
}

impl Ledger {
    /// Opens the ledger at a URL: `sqlite:///PATH`, `sqlite://RELATIVE-PATH` or `postgres://...`. Makes
    /// the file of an SQLite ledger, and brings the tables up to date. Open runs and reservations of
    /// earlier processes are left alone: see [`Ledger::abandon_stale_runs`] and [`Ledger::burn_stale`].
    ///
    /// # Errors
    /// [`LedgerError::Url`], [`LedgerError::File`], [`LedgerError::Schema`] or [`LedgerError::Database`].
    pub async fn connect(url: &str) -> Result<Self, LedgerError> {
        Ok(Self { pools: connect(&Place::parse(url)?).await? })
    }

    /// Asks the database whether it answers.
    ///
    /// # Errors
    /// [`LedgerError::Database`] when it does not.
    pub async fn ping(&self) -> Result<(), LedgerError> {
        sqlx::query("SELECT head FROM audit_head").fetch_one(&self.pools.read).await?;
        Ok(())
    }

    /// Closes the connections, after the transactions that hold one are done.
    pub async fn disconnect(&self) {
        self.pools.read.close().await;
        self.pools.write.close().await;
    }

    /// Starts a transaction that writes. Its first statement must write: that takes the row lock on
    /// PostgreSQL and the write lock on SQLite before anything is read.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Any>, LedgerError> {
        Ok(self.pools.write.begin().await?)
    }
}
