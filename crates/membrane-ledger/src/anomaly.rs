//! What stood out of what principals did: found by rules that a person can follow, written down as a signed document of a run.
//!
//! INVARIANT: a flag and its document are written in one transaction, and say the same; the leaf of the run names the document by its hash. A flag
//! that was altered cannot be read. When it was flagged, and whether somebody took note of it, follows from runs, which their leaves are of: from
//! when the one began that wrote it down, and from the job of the other.

mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, Utc};
use membrane_model::{NameError, PrincipalId, RunId};
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::activity::{from_day, from_hour, to_day};
use crate::row::{Cells, to_integer};
use crate::run::lock_open;
use crate::{DocumentKind, Ledger, LedgerError, OpenRun};

/// Days that are judged, the present one among them: a hub at which nobody looked for some days finds what was in them.
const JUDGED_DAYS: u64 = 7;
/// Flags that one page has at most.
const FLAGS_MAX: u32 = 1000;
/// The format of a flag's document.
const FORMAT: &str = "membrane-anomaly/1";

/// The job of a run in which somebody takes note of a flag, before its number. A flag is noted by this text: the job is in the leaf of the run.
pub const ACKNOWLEDGE: &str = "acknowledge anomaly";

/// In which way something stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AnomalyKind {
    /// Many times more sealed cells were opened in a day than is usual.
    Cells,
    /// Cells were opened in an hour in which this principal is never at work.
    Hours,
    /// Reads were answered with many times more rows in a day than is usual: each may be another member.
    Members,
    /// Many exact values were looked up in an hour, one after the other.
    Lookups,
}

impl AnomalyKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Cells, Self::Hours, Self::Members, Self::Lookups];

    /// Returns its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cells => "cells",
            Self::Hours => "hours",
            Self::Members => "members",
            Self::Lookups => "lookups",
        }
    }
}

impl fmt::Display for AnomalyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AnomalyKind {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || NameError::new("anomaly", "cells, hours, members or lookups");
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(fault)
    }
}

/// Of whom a figure is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UsualOf {
    /// Of principals of the same kind.
    Peers,
    /// Of the principal itself.
    Own,
    /// Of nobody: there was nothing to compare with.
    Nobody,
}

impl UsualOf {
    const ALL: [Self; 3] = [Self::Peers, Self::Own, Self::Nobody];

    /// Returns its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Peers => "peers",
            Self::Own => "own",
            Self::Nobody => "nobody",
        }
    }
}

impl FromStr for UsualOf {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || NameError::new("usual", "peers, own or nobody");
        Self::ALL.into_iter().find(|of| of.as_str() == text).ok_or_else(fault)
    }
}

/// Figures up to which nothing stands out, however unusual it is; 0: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnomalyFloors {
    /// Cells that are opened in a day.
    pub cells: u64,
    /// Cells that are opened in an odd hour.
    pub odd_cells: u64,
    /// Rows that reads are answered with in a day.
    pub rows: u64,
    /// Values that are looked up in an hour, four rows for each at most.
    pub lookups: u64,
}

/// Something that stands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    /// Who acted.
    pub principal: PrincipalId,
    /// In which way it stands out.
    pub kind: AnomalyKind,
    /// On which day, in UTC.
    pub day: NaiveDate,
    /// In which hour of it, where it is about one.
    pub hour: Option<u8>,
    /// How many there were.
    pub measured: u64,
    /// How many are usual.
    pub usual: u64,
    /// Of whom they are.
    pub usual_of: UsualOf,
    /// What went beyond this stands out.
    pub bound: u64,
}

#[derive(Serialize)]
struct Body<'a> {
    format: &'static str,
    principal: String,
    kind: &'a str,
    day: String,
    hour: Option<u8>,
    measured: u64,
    usual: u64,
    usual_of: &'a str,
    bound: u64,
}

impl Anomaly {
    /// Returns what the document of this flag says: canonical JSON.
    ///
    /// # Errors
    /// [`LedgerError::TooLarge`] when it cannot be written.
    pub fn body(&self) -> Result<String, LedgerError> {
        let body = Body {
            format: FORMAT,
            principal: self.principal.to_string(),
            kind: self.kind.as_str(),
            day: self.day.to_string(),
            hour: self.hour,
            measured: self.measured,
            usual: self.usual,
            usual_of: self.usual_of.as_str(),
            bound: self.bound,
        };
        serde_json::to_string(&body).map_err(|_| LedgerError::TooLarge("anomaly"))
    }
}

/// Something that stood out, as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Its number, from 1.
    pub number: u64,
    /// The run that wrote it down.
    pub run: RunId,
    /// When that run began.
    pub flagged: DateTime<Utc>,
    /// What stood out.
    pub anomaly: Anomaly,
    /// Who took note of it, and when.
    pub acknowledged: Option<(PrincipalId, DateTime<Utc>)>,
}

/// A document without its flag, or without its run, comes along, so that nobody overlooks that one was taken away. Who took note of it is whoever a
/// complete run says it of.
const FLAGS: &str = "\
    SELECT d.number, d.run, d.body, a.principal, a.kind, a.day, a.hour, a.measured, a.usual, a.usual_of, a.bound, a.run, wrote.started, \
      noted.principal, noted.started \
    FROM document d LEFT JOIN run wrote ON wrote.run = d.run LEFT JOIN anomaly a ON a.number = d.number \
      LEFT JOIN run noted ON noted.run = a.acknowledged AND noted.status = 'complete' \
        AND noted.job = 'acknowledge anomaly ' || CAST(d.number AS TEXT) \
    WHERE d.kind = 'anomaly' AND (wrote.started IS NULL OR (wrote.started >= $1 AND wrote.started <= $2)) AND d.number < $3 \
    ORDER BY d.number DESC LIMIT $4";

/// Whatever does not count as a note, as its run came to no good end or is another one's, does not keep anybody from taking note.
const NOTE: &str = "\
    UPDATE anomaly SET acknowledged = $2 WHERE number = $1 AND (acknowledged IS NULL OR NOT EXISTS ( \
      SELECT 1 FROM run noted WHERE noted.run = anomaly.acknowledged AND noted.status IN ('open', 'complete') \
        AND noted.job = 'acknowledge anomaly ' || CAST(anomaly.number AS TEXT)))";

impl Ledger {
    /// Judges what principals did on the last days by what was usual in the four weeks before each, and returns what stands out and was not written
    /// down yet.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn find_anomalies(
        &self,
        today: NaiveDate,
        floors: &AnomalyFloors,
    ) -> Result<Vec<Anomaly>, LedgerError> {
        let back = |days| today.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN);
        let judged_from = back(JUDGED_DAYS - 1);
        let from = back(JUDGED_DAYS - 1 + rules::HISTORY_DAYS);
        let days = self.activity(from, today).await?;
        let judged = || judged_from.iter_days().take_while(|day| *day <= today);
        let suspects: BTreeSet<&PrincipalId> =
            judged().flat_map(|day| rules::suspects(&days, day, floors)).collect();
        let mut hours = BTreeMap::new();
        for principal in suspects {
            hours.insert(principal.clone(), self.activity_of(principal, from, today).await?);
        }
        let mut found: Vec<Anomaly> =
            judged().flat_map(|day| rules::judge(&days, &hours, day, floors)).collect();
        if !found.is_empty() {
            let known = self.flagged_since(judged_from).await?;
            found.retain(|one| !known.contains(&(one.principal.clone(), one.kind, one.day)));
        }
        Ok(found)
    }

    async fn flagged_since(
        &self,
        day: NaiveDate,
    ) -> Result<BTreeSet<(PrincipalId, AnomalyKind, NaiveDate)>, LedgerError> {
        let rows = sqlx::query("SELECT principal, kind, day FROM anomaly WHERE day >= $1")
            .bind(to_day(day))
            .fetch_all(&self.pools.read)
            .await?;
        let read = |row| {
            let mut cells = Cells::of(row);
            Ok((cells.parsed("principal")?, cells.parsed("kind")?, from_day(cells.integer()?)?))
        };
        rows.iter().map(read).collect()
    }

    /// Returns the flags that were written down from a moment to another and come before a number, the latest first, 1,000 at most.
    ///
    /// # Errors
    /// [`LedgerError::Database`], or [`LedgerError::Stored`] when one is not as it was written down.
    pub async fn page_of_anomalies(
        &self,
        (since, until): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Flag>, LedgerError> {
        let before = before.map(|number| to_integer(number, "number")).transpose()?;
        let rows = sqlx::query(FLAGS)
            .bind(since.map_or(i64::MIN, |since| since.timestamp_micros()))
            .bind(until.map_or(i64::MAX, |until| until.timestamp_micros()))
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::from(limit.min(FLAGS_MAX)))
            .fetch_all(&self.pools.read)
            .await?;
        rows.iter().map(read_flag).collect()
    }

    /// Counts the flags of each kind, those of no kind left out.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn count_anomalies(&self) -> Result<BTreeMap<AnomalyKind, u64>, LedgerError> {
        let rows = sqlx::query("SELECT kind, COUNT(*) FROM anomaly GROUP BY kind ORDER BY kind")
            .fetch_all(&self.pools.read)
            .await?;
        let read = |row| {
            let mut cells = Cells::of(row);
            Ok((cells.parsed("kind")?, cells.number("anomalies")?))
        };
        rows.iter().map(read).collect()
    }
}

impl OpenRun {
    /// Writes down what stands out, with its signed document, and tells whether it did: not where the same kind was flagged of the same principal
    /// on that day. It is durable before this returns, and part of the run's leaf.
    ///
    /// # Errors
    /// [`LedgerError::DocumentTaken`] when there is one of this number, [`LedgerError::RunNotOpen`] or [`LedgerError::Database`]. Nothing was written
    /// then.
    pub async fn add_anomaly(
        &mut self,
        number: u64,
        anomaly: &Anomaly,
        signature: &str,
    ) -> Result<bool, LedgerError> {
        let run = self.id().to_string();
        let stored = to_integer(number, "number")?;
        let mut transaction = self.ledger().begin().await?;
        lock_open(&mut transaction, &run).await?;
        let written = sqlx::query(
            "INSERT INTO anomaly (number, run, principal, kind, day, hour, measured, usual, usual_of, bound) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        )
        .bind(stored)
        .bind(run.as_str())
        .bind(anomaly.principal.to_string())
        .bind(anomaly.kind.as_str())
        .bind(to_day(anomaly.day))
        .bind(anomaly.hour.map(i64::from))
        .bind(to_integer(anomaly.measured, "measured")?)
        .bind(to_integer(anomaly.usual, "usual")?)
        .bind(anomaly.usual_of.as_str())
        .bind(to_integer(anomaly.bound, "bound")?)
        .execute(&mut *transaction)
        .await?;
        if written.rows_affected() != 1 {
            let known =
                sqlx::query("SELECT number FROM anomaly WHERE principal = $1 AND kind = $2 AND day = $3")
                    .bind(anomaly.principal.to_string())
                    .bind(anomaly.kind.as_str())
                    .bind(to_day(anomaly.day))
                    .fetch_optional(&mut *transaction)
                    .await?;
            return if known.is_some() { Ok(false) } else { Err(LedgerError::DocumentTaken) };
        }
        let written = sqlx::query(
            "INSERT INTO document (kind, number, run, body, signature) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING",
        )
        .bind(DocumentKind::Anomaly.as_str())
        .bind(stored)
        .bind(run.as_str())
        .bind(anomaly.body()?)
        .bind(signature)
        .execute(&mut *transaction)
        .await?;
        if written.rows_affected() != 1 {
            return Err(LedgerError::DocumentTaken);
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Notes that the run's principal took note of a flag, and tells whether it did: not where there is none, or somebody had. It counts once the
    /// run is complete, if its job is [`ACKNOWLEDGE`] with the number.
    ///
    /// # Errors
    /// [`LedgerError::RunNotOpen`] or [`LedgerError::Database`].
    pub async fn acknowledge_anomaly(&mut self, number: u64) -> Result<bool, LedgerError> {
        let run = self.id().to_string();
        let mut transaction = self.ledger().begin().await?;
        lock_open(&mut transaction, &run).await?;
        let noted = sqlx::query(NOTE)
            .bind(to_integer(number, "number")?)
            .bind(run.as_str())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(noted.rows_affected() == 1)
    }
}

/// Reads a flag that is as its document says.
fn read_flag(row: &AnyRow) -> Result<Flag, LedgerError> {
    let mut cells = Cells::of(row);
    let (number, run, body) = (cells.number("number")?, cells.parsed("run")?, cells.text()?);
    let principal = cells.parsed_or_null("principal")?.ok_or(LedgerError::Stored("anomaly"))?;
    let anomaly = Anomaly {
        principal,
        kind: cells.parsed("kind")?,
        day: from_day(cells.integer()?)?,
        hour: cells.number_or_null("hour")?.map(from_hour).transpose()?,
        measured: cells.number("measured")?,
        usual: cells.number("usual")?,
        usual_of: cells.parsed("usual_of")?,
        bound: cells.number("bound")?,
    };
    let flagged_in: RunId = cells.parsed("run")?;
    let flagged = cells.instant_or_null("started")?.ok_or(LedgerError::Stored("anomaly"))?;
    if flagged_in != run || anomaly.body()? != body {
        return Err(LedgerError::Stored("anomaly"));
    }
    let acknowledged = cells.parsed_or_null("principal")?.zip(cells.instant_or_null("started")?);
    Ok(Flag { number, run, flagged, anomaly, acknowledged })
}
