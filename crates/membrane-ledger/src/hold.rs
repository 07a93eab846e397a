//! Holds: one process at a time is at work on something, until a moment.
//!
//! A hold is a courtesy between hubs, and saves work. What must not happen twice hangs on commits, not on holds.

use chrono::{DateTime, Utc};

use crate::{Ledger, LedgerError};

/// What is held: the statement that takes it where nobody has it, where the holder does, or where its time is over. It is given the
/// name, the holder, until when, and now.
pub(crate) enum Held {
    Source,
    Replay,
    Upkeep,
    Tag,
}

impl Held {
    const fn take(&self) -> &'static str {
        match self {
            Self::Source => {
                "INSERT INTO source (source, holder, held_until, failures) VALUES ($1, $2, $3, 0) \
                 ON CONFLICT (source) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until \
                 WHERE source.holder IS NULL OR source.holder = excluded.holder OR source.held_until < $4"
            }
            Self::Replay => {
                "INSERT INTO replay (dataset, holder, held_until) VALUES ($1, $2, $3) \
                 ON CONFLICT (dataset) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until \
                 WHERE replay.holder IS NULL OR replay.holder = excluded.holder OR replay.held_until < $4"
            }
            Self::Tag => {
                "INSERT INTO tag_hold (tag, holder, held_until) VALUES ($1, $2, $3) \
                 ON CONFLICT (tag) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until \
                 WHERE tag_hold.holder IS NULL OR tag_hold.holder = excluded.holder OR tag_hold.held_until < $4"
            }
            Self::Upkeep => {
                "INSERT INTO upkeep (dataset, holder, held_until) VALUES ($1, $2, $3) \
                 ON CONFLICT (dataset) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until \
                 WHERE upkeep.holder IS NULL OR upkeep.holder = excluded.holder OR upkeep.held_until < $4"
            }
        }
    }
}

impl Ledger {
    /// Takes something for a holder until a moment, or keeps it for longer. Tells whether it is the holder's.
    pub(crate) async fn hold(
        &self,
        what: Held,
        name: &str,
        holder: &str,
        (now, until): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<bool, LedgerError> {
        let mut transaction = self.begin().await?;
        let held = sqlx::query(what.take())
            .bind(name)
            .bind(holder)
            .bind(until.timestamp_micros())
            .bind(now.timestamp_micros())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(held.rows_affected() == 1)
    }
}
