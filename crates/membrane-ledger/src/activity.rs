//! What each principal did, by the hour: added up when a run is closed, so that what stands out is found without reading the record again.
//!
//! What the hub does by itself, at whatever hour, is nobody's activity (channel `schedule`).

use chrono::{DateTime, NaiveDate, Utc};
use membrane_model::{Action, Channel, PrincipalId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::row::{Cells, to_integer};
use crate::{Ledger, LedgerError, RunRecord, RunState, RunStatus};

/// The reason on record of a decision that gave the token of one exact value. It is counted by this text: in other words
/// it would not count what was recorded before.
pub const LOOKED_UP: &str = "permitted, an exact value looked up";

const MICROS_OF_DAY: i64 = 86_400_000_000;
const MICROS_OF_HOUR: i64 = 3_600_000_000;
const SECONDS_OF_DAY: i64 = 86_400;

/// Rows of an answer, for each value that was looked up in it, up to which it is narrow. One for each would be enough for somebody who walks numbers;
/// some more, so that no walk is hidden by a row that each statement adds.
const NARROW_ROWS: u64 = 4;

/// What one run adds at most, so that a sum fits whatever a run says.
const FIGURE_MAX: u64 = 1 << 40;

/// What one principal did on one day, in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityDay {
    /// Who acted.
    pub principal: PrincipalId,
    /// The day.
    pub day: NaiveDate,
    /// Runs that were closed.
    pub runs: u64,
    /// Those that were refused.
    pub refused: u64,
    /// Sealed cells that were opened.
    pub cells: u64,
    /// Rows that reads were answered with.
    pub rows: u64,
    /// Exact values that were looked up.
    pub lookups: u64,
    /// Reads that gave one row at most.
    pub reads_narrow: u64,
    /// The most cells that were opened in one of its hours.
    pub cells_in_hour: u64,
    /// The most values that were looked up in one of its hours in answers of four rows for each at most.
    pub lookups_in_hour: u64,
}

/// What one principal did in one hour, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityHour {
    /// The day.
    pub day: NaiveDate,
    /// The hour, from 0 to 23.
    pub hour: u8,
    /// Sealed cells that were opened.
    pub cells: u64,
    /// Exact values that were looked up in answers of four rows for each at most.
    pub lookups_narrow: u64,
}

const ADD: &str = "\
    INSERT INTO activity (principal, day, hour, runs, refused, cells, rows_out, lookups, lookups_narrow, reads_narrow) \
    VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9) \
    ON CONFLICT (principal, day, hour) DO UPDATE SET runs = activity.runs + 1, refused = activity.refused + excluded.refused, \
      cells = activity.cells + excluded.cells, rows_out = activity.rows_out + excluded.rows_out, \
      lookups = activity.lookups + excluded.lookups, lookups_narrow = activity.lookups_narrow + excluded.lookups_narrow, \
      reads_narrow = activity.reads_narrow + excluded.reads_narrow";

const DAYS: &str = "\
    SELECT principal, day, CAST(SUM(runs) AS BIGINT), CAST(SUM(refused) AS BIGINT), CAST(SUM(cells) AS BIGINT), \
      CAST(SUM(rows_out) AS BIGINT), CAST(SUM(lookups) AS BIGINT), CAST(SUM(reads_narrow) AS BIGINT), \
      MAX(cells), MAX(lookups_narrow) \
    FROM activity WHERE day >= $1 AND day <= $2 GROUP BY principal, day ORDER BY principal, day";

/// Adds a run that is being closed to what its principal did.
pub(crate) async fn count_activity(
    connection: &mut AnyConnection,
    run: &RunRecord,
) -> Result<(), LedgerError> {
    if run.channel == Some(Channel::Schedule) {
        return Ok(());
    }
    let at = run.started.timestamp_micros();
    let is_read = run.action == Action::Read;
    let answered = run.rows_out.filter(|_| is_read && run.status == RunStatus::Closed(RunState::Complete));
    let lookups = run.decisions.iter().filter(|decision| decision.reason == LOOKED_UP).count();
    let lookups = u64::try_from(lookups).unwrap_or(FIGURE_MAX);
    let is_narrow = answered.is_some_and(|rows| rows <= lookups.saturating_mul(NARROW_ROWS));
    let figure = |count: u64, what| to_integer(count.min(FIGURE_MAX), what);
    sqlx::query(ADD)
        .bind(run.principal.to_string())
        .bind(at.div_euclid(MICROS_OF_DAY))
        .bind(at.rem_euclid(MICROS_OF_DAY) / MICROS_OF_HOUR)
        .bind(i64::from(run.status == RunStatus::Closed(RunState::Refused)))
        .bind(figure(run.cells_opened.unwrap_or(0), "cells_opened")?)
        .bind(figure(run.rows_out.filter(|_| is_read).unwrap_or(0), "rows_out")?)
        .bind(figure(lookups, "lookups")?)
        .bind(figure(if is_narrow { lookups } else { 0 }, "lookups")?)
        .bind(i64::from(answered.is_some_and(|rows| rows <= 1)))
        .execute(connection)
        .await?;
    Ok(())
}

impl Ledger {
    /// Returns what each principal did on each day from one to another, both included, by principal and day.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn activity(&self, from: NaiveDate, until: NaiveDate) -> Result<Vec<ActivityDay>, LedgerError> {
        let rows =
            sqlx::query(DAYS).bind(to_day(from)).bind(to_day(until)).fetch_all(&self.pools.read).await?;
        rows.iter().map(read_day).collect()
    }

    /// Returns what one principal did in each hour of the days from one to another, both included, in their order.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn activity_of(
        &self,
        principal: &PrincipalId,
        from: NaiveDate,
        until: NaiveDate,
    ) -> Result<Vec<ActivityHour>, LedgerError> {
        let rows = sqlx::query(
            "SELECT day, hour, cells, lookups_narrow FROM activity \
             WHERE principal = $1 AND day >= $2 AND day <= $3 ORDER BY day, hour",
        )
        .bind(principal.to_string())
        .bind(to_day(from))
        .bind(to_day(until))
        .fetch_all(&self.pools.read)
        .await?;
        rows.iter().map(read_hour).collect()
    }
}

fn read_day(row: &AnyRow) -> Result<ActivityDay, LedgerError> {
    let mut cells = Cells::of(row);
    Ok(ActivityDay {
        principal: cells.parsed("principal")?,
        day: from_day(cells.integer()?)?,
        runs: cells.number("runs")?,
        refused: cells.number("refused")?,
        cells: cells.number("cells")?,
        rows: cells.number("rows_out")?,
        lookups: cells.number("lookups")?,
        reads_narrow: cells.number("reads_narrow")?,
        cells_in_hour: cells.number("cells")?,
        lookups_in_hour: cells.number("lookups_narrow")?,
    })
}

fn read_hour(row: &AnyRow) -> Result<ActivityHour, LedgerError> {
    let mut cells = Cells::of(row);
    Ok(ActivityHour {
        day: from_day(cells.integer()?)?,
        hour: from_hour(cells.number("hour")?)?,
        cells: cells.number("cells")?,
        lookups_narrow: cells.number("lookups_narrow")?,
    })
}

/// Turns a day into what the database holds: days since 1970.
pub(crate) fn to_day(day: NaiveDate) -> i64 {
    day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp().div_euclid(SECONDS_OF_DAY)
}

pub(crate) fn from_day(day: i64) -> Result<NaiveDate, LedgerError> {
    let seconds = day.checked_mul(SECONDS_OF_DAY).ok_or(LedgerError::Stored("day"))?;
    DateTime::<Utc>::from_timestamp(seconds, 0)
        .map(|moment| moment.date_naive())
        .ok_or(LedgerError::Stored("day"))
}

pub(crate) fn from_hour(hour: u64) -> Result<u8, LedgerError> {
    u8::try_from(hour).ok().filter(|hour| *hour < 24).ok_or(LedgerError::Stored("hour"))
}
