//! Where sources stand: paused or not, who is at work on them, what became of their files.
//!
//! Nothing here decides whether a row is taken in twice: positions and names of deliveries are in the tables' own logs. What is
//! lost here is found again there, for the price of reading files once more.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use membrane_model::{PrincipalId, RunId, SourceName};
use sqlx::any::AnyRow;

use crate::hold::Held;
use crate::row::{Cells, to_integer};
use crate::{Ledger, LedgerError};

/// Where a source stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// The source.
    pub source: SourceName,
    /// When it was paused, and by whom; none while it goes on.
    pub paused: Option<(DateTime<Utc>, PrincipalId)>,
    /// When it was looked at last.
    pub looked: Option<DateTime<Utc>>,
    /// Deliveries that were found then, and not taken in.
    pub waiting: Option<u64>,
    /// Those among them of which more is known than that they wait.
    pub behind: Behind,
    /// Why something that was found then was not taken in, then or before: a code.
    pub fault: Option<String>,
    /// Looks that were held up since the last one that was not.
    pub failures: u64,
    /// The last run that brought something in.
    pub run: Option<RunId>,
}

/// Files that a look left behind, by why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Behind {
    /// They failed, and are tried again by themselves.
    pub later: u64,
    /// They failed, and wait until somebody does something.
    pub left: u64,
    /// They wait for the file that has their control totals.
    pub awaited: u64,
    /// They have waited for it for longer than they are to.
    pub missing: u64,
}

/// What a look at a source came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLook {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// Deliveries that were found, and not taken in.
    pub waiting: u64,
    /// Those among them of which more is known than that they wait.
    pub behind: Behind,
    /// Why something that was found was not taken in, now or before: a code.
    pub fault: Option<String>,
    /// Whether that holds up all of the source, and not one file alone.
    pub held_up: bool,
    /// The last run that brought something in.
    pub run: Option<RunId>,
}

/// What became of a file of a source. The file and its state are keyed hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The file.
    pub file: String,
    /// In which state it was.
    pub state: String,
    /// Why it was not taken in: a code; none when it was.
    pub fault: Option<String>,
    /// How often it was tried in this state.
    pub tries: u64,
    /// The run.
    pub run: Option<RunId>,
    /// When; of a file that waits for its control totals, since when.
    pub seen: DateTime<Utc>,
}

impl Ledger {
    /// Returns where the sources stand that were ever looked at or paused, sorted by name.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn source_states(&self) -> Result<Vec<SourceState>, LedgerError> {
        let rows = sqlx::query(
            "SELECT source, paused, paused_by, looked, waiting, files_later, files_left, controls_awaited, \
             controls_missing, fault, failures, run FROM source ORDER BY source",
        )
        .fetch_all(&self.pools.read)
        .await?;
        rows.iter().map(read_state).collect()
    }

    /// Returns where a source stands, if it was ever looked at or paused.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn source_state(&self, source: &SourceName) -> Result<Option<SourceState>, LedgerError> {
        let row = sqlx::query(
            "SELECT source, paused, paused_by, looked, waiting, files_later, files_left, controls_awaited, \
             controls_missing, fault, failures, run FROM source WHERE source = $1",
        )
        .bind(source.as_str())
        .fetch_optional(&self.pools.read)
        .await?;
        row.as_ref().map(read_state).transpose()
    }

    /// Pauses a source, or lets it go on: then its failures are forgotten, and those of its files but for files that were taken in and
    /// changed afterwards: their rows would be there twice.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn pause_source(
        &self,
        source: &SourceName,
        paused: Option<(DateTime<Utc>, PrincipalId)>,
    ) -> Result<(), LedgerError> {
        let (at, by) =
            paused.map_or((None, None), |(at, by)| (Some(at.timestamp_micros()), Some(by.to_string())));
        let goes_on = at.is_none();
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO source (source, paused, paused_by, failures) VALUES ($1, $2, $3, 0) \
             ON CONFLICT (source) DO UPDATE SET paused = excluded.paused, paused_by = excluded.paused_by, failures = 0",
        )
        .bind(source.as_str())
        .bind(at)
        .bind(by)
        .execute(&mut *transaction)
        .await?;
        if goes_on {
            sqlx::query(
                "DELETE FROM source_file WHERE source = $1 AND fault IS NOT NULL AND fault <> 'source_file_changed'",
            )
            .bind(source.as_str())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Takes a source for a holder until a moment, or keeps it for longer. Tells whether it is the holder's; another's is
    /// when that time is over.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn hold_source(
        &self,
        source: &SourceName,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        self.hold(Held::Source, source.as_str(), holder, (now, until)).await
    }

    /// Writes down what a look came to, and gives the source back.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn note_look(
        &self,
        source: &SourceName,
        holder: &str,
        look: &SourceLook,
    ) -> Result<(), LedgerError> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "UPDATE source SET looked = $3, waiting = $4, fault = $5, \
               failures = CASE WHEN $6 = 0 THEN 0 WHEN CAST($7 AS TEXT) IS NULL THEN failures + 1 ELSE 1 END, \
               run = COALESCE($7, run), files_later = $8, files_left = $9, controls_awaited = $10, \
               controls_missing = $11, holder = NULL, held_until = NULL \
             WHERE source = $1 AND holder = $2",
        )
        .bind(source.as_str())
        .bind(holder)
        .bind(look.at.timestamp_micros())
        .bind(to_integer(look.waiting, "waiting")?)
        .bind(look.fault.as_deref())
        .bind(i64::from(look.held_up))
        .bind(look.run.map(|run| run.to_string()))
        .bind(to_integer(look.behind.later, "later")?)
        .bind(to_integer(look.behind.left, "left")?)
        .bind(to_integer(look.behind.awaited, "awaited")?)
        .bind(to_integer(look.behind.missing, "missing")?)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Returns what became of the files of a source, by file.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn source_files(
        &self,
        source: &SourceName,
    ) -> Result<HashMap<String, SourceFile>, LedgerError> {
        let rows =
            sqlx::query("SELECT file, state, fault, tries, run, seen FROM source_file WHERE source = $1")
                .bind(source.as_str())
                .fetch_all(&self.pools.read)
                .await?;
        rows.iter().map(|row| read_file(row).map(|file| (file.file.clone(), file))).collect()
    }

    /// Writes down what became of a file of a source.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn note_file(&self, source: &SourceName, file: &SourceFile) -> Result<(), LedgerError> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO source_file (source, file, state, fault, tries, run, seen) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (source, file) DO UPDATE SET state = excluded.state, fault = excluded.fault, \
               tries = excluded.tries, run = excluded.run, seen = excluded.seen",
        )
        .bind(source.as_str())
        .bind(file.file.as_str())
        .bind(file.state.as_str())
        .bind(file.fault.as_deref())
        .bind(to_integer(file.tries, "tries")?)
        .bind(file.run.map(|run| run.to_string()))
        .bind(file.seen.timestamp_micros())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }
}

fn read_state(row: &AnyRow) -> Result<SourceState, LedgerError> {
    let mut cells = Cells::of(row);
    let source = cells.parsed("source")?;
    let at = cells.instant_or_null("paused")?;
    let by = cells.parsed_or_null("paused_by")?;
    Ok(SourceState {
        source,
        paused: at.zip(by),
        looked: cells.instant_or_null("looked")?,
        waiting: cells.number_or_null("waiting")?,
        behind: Behind {
            later: cells.number("files_later")?,
            left: cells.number("files_left")?,
            awaited: cells.number("controls_awaited")?,
            missing: cells.number("controls_missing")?,
        },
        fault: cells.text_or_null()?,
        failures: cells.number("failures")?,
        run: cells.parsed_or_null("run")?,
    })
}

fn read_file(row: &AnyRow) -> Result<SourceFile, LedgerError> {
    let mut cells = Cells::of(row);
    Ok(SourceFile {
        file: cells.text()?,
        state: cells.text()?,
        fault: cells.text_or_null()?,
        tries: cells.number("tries")?,
        run: cells.parsed_or_null("run")?,
        seen: cells.instant("seen")?,
    })
}
