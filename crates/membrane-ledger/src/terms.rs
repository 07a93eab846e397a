//! On which terms a price is reserved: who said last what a partner may spend.
//!
//! Caps come from the configuration and from signed steps, which whoever reserves has read and checked. Between that and the
//! reservation another hub may have closed the budget. So a reservation names the last step that it knows, and is made only if
//! that is still the last: a step and a reservation lock the same row, and one of them comes first.

use chrono::{DateTime, Utc};
use sqlx::AnyConnection;

use crate::budget::month;
use crate::document::last_signature;
use crate::{DocumentKind, LedgerError, Month};

/// On which terms a price is reserved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// The number and the signature of the last step of budgets that the caps follow from; 0 and no text: of none.
    pub last_step: (u64, String),
    /// The month for which the caps were read; none: they are those of any month.
    pub month: Option<Month>,
    /// Whether the partner's budget is closed: then only what was paid for before is given.
    pub is_closed: bool,
}

impl Terms {
    /// Tells whether these are the terms still. The caller holds the lock of all budgets.
    pub(crate) async fn hold(
        &self,
        connection: &mut AnyConnection,
        now: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        if last_signature(connection, DocumentKind::Budget).await? != self.last_step {
            return Ok(false);
        }
        match self.month {
            Some(known) => Ok(month(connection, now).await? == known),
            None => Ok(true),
        }
    }
}

/// Locks all budgets: until the transaction ends no price is reserved and no step is written.
pub(crate) async fn lock_budgets(connection: &mut AnyConnection) -> Result<(), LedgerError> {
    sqlx::query("UPDATE counter SET value = value WHERE name = 'release'").execute(connection).await?;
    Ok(())
}
