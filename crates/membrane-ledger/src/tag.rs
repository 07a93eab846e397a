//! Builds of tags: what was written down of whom, how many have which value, and up to which rows it was seen.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use membrane_model::{DatasetName, RunId, TableVersion, TagId};
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::hold::Held;
use crate::row::{Cells, to_integer};
use crate::{Ledger, LedgerError};

/// How a build was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagBuildKind {
    /// Everyone was asked about.
    Full,
    /// Those of whom something had come in were.
    Members,
    /// Those were, again and again while it came in.
    Stream,
}

impl TagBuildKind {
    const ALL: [Self; 3] = [Self::Full, Self::Members, Self::Stream];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Members => "members",
            Self::Stream => "stream",
        }
    }
}

/// Up to where a build has seen a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagMark {
    /// The dataset.
    pub dataset: DatasetName,
    /// The id of its table.
    pub table: String,
    /// The version.
    pub version: TableVersion,
}

/// A build of a tag.
#[derive(Debug, Clone, PartialEq)]
pub struct TagBuild {
    /// The tag.
    pub tag: TagId,
    /// The how manieth of it this is, from 1; given by the ledger.
    pub number: u64,
    /// The version of the tag.
    pub version: u32,
    /// What tells its definition from others.
    pub definition: String,
    /// Which policies and which catalog it was made by.
    pub rules: String,
    /// The run in which it was asked.
    pub run: RunId,
    /// How it was made.
    pub kind: TagBuildKind,
    /// For which instant, where the statement asks.
    pub as_of: Option<DateTime<Utc>>,
    /// When it was begun.
    pub started: DateTime<Utc>,
    /// When it was done.
    pub ended: DateTime<Utc>,
    /// Why nothing was written down: a code; none when it was.
    pub fault: Option<String>,
    /// Members who have a value, after it.
    pub members: u64,
    /// Members whose value it changed.
    pub changed: u64,
    /// Members who could have one, where that is known.
    pub population: Option<u64>,
    /// How far the shares are from those of the last good build (population stability index).
    pub drift: Option<f64>,
    /// How many members have which value, or lie in which band of numbers.
    pub shares: BTreeMap<String, u64>,
    /// Up to where it has seen its datasets.
    pub marks: Vec<TagMark>,
}

const COLUMNS: &str = "tag, number, version, definition, rules, run, kind, as_of, started, ended, fault, members, changed, population, drift, \
                       shares, marks";

impl Ledger {
    /// Writes a build down, and returns its number.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn note_tag_build(&self, build: &TagBuild) -> Result<u64, LedgerError> {
        let shares = serde_json::to_string(&build.shares).map_err(|_| LedgerError::TooLarge("shares"))?;
        let marks = serde_json::to_string(&build.marks).map_err(|_| LedgerError::TooLarge("marks"))?;
        let mut transaction = self.begin().await?;
        let row = sqlx::query("SELECT COALESCE(MAX(number), 0) FROM tag_build WHERE tag = $1")
            .bind(build.tag.as_str())
            .fetch_one(&mut *transaction)
            .await?;
        let number = Cells::of(&row).number("tag_build.number")?.saturating_add(1);
        sqlx::query(AssertSqlSafe(format!(
            "INSERT INTO tag_build ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
        )))
        .bind(build.tag.as_str())
        .bind(to_integer(number, "tag builds")?)
        .bind(i64::from(build.version))
        .bind(build.definition.as_str())
        .bind(build.rules.as_str())
        .bind(build.run.to_string())
        .bind(build.kind.as_str())
        .bind(build.as_of.map(|at| at.timestamp_micros()))
        .bind(build.started.timestamp_micros())
        .bind(build.ended.timestamp_micros())
        .bind(build.fault.as_deref())
        .bind(to_integer(build.members, "members")?)
        .bind(to_integer(build.changed, "members")?)
        .bind(build.population.map(|all| to_integer(all, "members")).transpose()?)
        .bind(build.drift.map(|drift| drift.to_string()))
        .bind(shares)
        .bind(marks)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(number)
    }

    /// Returns the builds of a tag, the newest first.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn tag_builds(&self, tag: &TagId, most: u32) -> Result<Vec<TagBuild>, LedgerError> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM tag_build WHERE tag = $1 ORDER BY number DESC LIMIT $2"
        )))
        .bind(tag.as_str())
        .bind(i64::from(most))
        .fetch_all(&self.pools.read)
        .await?;
        rows.iter().map(read).collect()
    }

    /// Returns the last build of each tag, and the last good one: at most two of a tag, by tag and number.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn last_tag_builds(&self) -> Result<Vec<TagBuild>, LedgerError> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM tag_build WHERE (tag, number) IN (SELECT tag, MAX(number) FROM tag_build GROUP BY tag \
             UNION SELECT tag, MAX(number) FROM tag_build WHERE fault IS NULL GROUP BY tag) ORDER BY tag, number"
        )))
        .fetch_all(&self.pools.read)
        .await?;
        rows.iter().map(read).collect()
    }

    /// Takes the building of a tag for a holder until a moment, or keeps it for longer. Tells whether it is the holder's.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn hold_tag(
        &self,
        tag: &TagId,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, LedgerError> {
        self.hold(Held::Tag, tag.as_str(), holder, (now, until)).await
    }

    /// Gives the building of a tag back. Who holds it no more changes nothing.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn release_tag(&self, tag: &TagId, holder: &str) -> Result<(), LedgerError> {
        let mut transaction = self.begin().await?;
        sqlx::query("UPDATE tag_hold SET holder = NULL, held_until = NULL WHERE tag = $1 AND holder = $2")
            .bind(tag.as_str())
            .bind(holder)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

fn read(row: &AnyRow) -> Result<TagBuild, LedgerError> {
    let mut cells = Cells::of(row);
    let (tag, number) = (cells.parsed("tag_build.tag")?, cells.number("tag_build.number")?);
    let version = u32::try_from(cells.number("tag_build.version")?);
    let (definition, rules, run) = (cells.text()?, cells.text()?, cells.parsed("tag_build.run")?);
    let kind = cells.text()?;
    let kind = TagBuildKind::ALL.into_iter().find(|known| known.as_str() == kind);
    Ok(TagBuild {
        tag,
        number,
        version: version.map_err(|_| LedgerError::Stored("tag_build.version"))?,
        definition,
        rules,
        run,
        kind: kind.ok_or(LedgerError::Stored("tag_build.kind"))?,
        as_of: cells.instant_or_null("tag_build.as_of")?,
        started: cells.instant("tag_build.started")?,
        ended: cells.instant("tag_build.ended")?,
        fault: cells.text_or_null()?,
        members: cells.number("tag_build.members")?,
        changed: cells.number("tag_build.changed")?,
        population: cells.number_or_null("tag_build.population")?,
        drift: cells
            .text_or_null()?
            .map(|drift| drift.parse().map_err(|_| LedgerError::Stored("tag_build.drift")))
            .transpose()?,
        shares: serde_json::from_str(&cells.text()?).map_err(|_| LedgerError::Stored("tag_build.shares"))?,
        marks: serde_json::from_str(&cells.text()?).map_err(|_| LedgerError::Stored("tag_build.marks"))?,
    })
}
