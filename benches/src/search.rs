//! The record, searched: how long it takes until the newest 50 runs are found of ten million.
//!
//! Runs are written by statements of SQLite, in a moment compared with what closing them would take; they are those of two years: two hundred principals, of whom few do
//! much, ten datasets of ten columns each, of which a run takes two. The last principal and the last purpose are on one run in a million.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use membrane_ledger::{Ledger, RunSearch, RunState, RunStatus};
use membrane_model::{Action, RevealLevel};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::runtime::Runtime;

use crate::table::{middle, note, print};

/// Runs when nobody says how many, in millions.
const MILLIONS: u64 = 10;
/// Runs of one statement, and seconds between two runs of ten million.
const EACH: u64 = 500_000;
const YEARS_SECONDS: u64 = 2 * 365 * 86_400;
/// Runs of a page, and times that each is asked for.
const PAGE: u32 = 50;
const TIMES: usize = 5;

/// Numbers, each with the mixed bits that its run is made of.
const NUMBERS: &str = "\
    WITH RECURSIVE number (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < ?2), \
    mixed (n, at, m) AS (SELECT n, ?3 + n * ?4 / 1000, (n * 2654435761) % 4294967296 FROM number), \
    made (n, at, m, run) AS (SELECT n, at, m, printf('%08x-%04x-7000-8000-%012x', at >> 16, at & 65535, n) FROM mixed) ";
const RUNS: &str = "\
    INSERT INTO run (run, principal, action, purpose, job, started, status, rows_out, duration_ms, finished, channel) \
    SELECT run, CASE WHEN n % 1000000 = 777777 THEN 'analyst:rare' ELSE 'analyst:a' || (m % 200 * (m / 200 % 200) / 200) END, \
      CASE m % 50 WHEN 0 THEN 'release' WHEN 1 THEN 'ingest' WHEN 2 THEN 'audit' ELSE 'read' END, \
      CASE WHEN n % 1000000 = 555555 THEN 'rare' ELSE 'purpose_' || (m / 7 % 5) END, 'query', at * 1000, \
      CASE WHEN m % 997 = 0 THEN 'refused' ELSE 'complete' END, 10, 5, at * 1000 + 5000, 'http' FROM made";
const DECISIONS: &str = "\
    INSERT INTO decision (run, position, allowed, dataset, reason, factors, policy_version) \
    SELECT run, 0, 1, 'dataset_' || (m / 11 % 10), 'permitted', '[]', 'v1' FROM made";
const COLUMNS: &str = "\
    INSERT INTO column_read (run, dataset, column_name, level) \
    SELECT run, 'dataset_' || (m / 11 % 10), 'column_' || ((m / 13 + taken) % 10), \
      CASE WHEN (m / 17) % 40 = 0 THEN 'clear' ELSE 'partial' END FROM made, (SELECT 0 AS taken UNION ALL SELECT 1)";

/// Runs the bench and prints its table.
pub(crate) fn bench(runtime: &Runtime, arguments: &[&str]) -> Result<()> {
    let millions: u64 = arguments.first().map_or(Ok(MILLIONS), |text| text.parse())?;
    let dir = tempfile::tempdir().context("make a folder")?;
    runtime.block_on(measure(dir.path(), millions * 1_000_000))
}

async fn measure(dir: &Path, runs: u64) -> Result<()> {
    let file = dir.join("ledger.db");
    let begin = DateTime::from_timestamp(1_700_000_000, 0).context("a moment")?;
    let ledger = Ledger::connect(&format!("sqlite://{}", file.display())).await?;
    let since = Instant::now();
    fill(&file, runs, begin).await?;
    note(&format!("{runs} runs in {:.0} s", since.elapsed().as_secs_f64()));
    let end = begin + TimeDelta::seconds(i64::try_from(YEARS_SECONDS)?);
    let month = (Some(end - TimeDelta::days(60)), Some(end - TimeDelta::days(30)));
    print("");
    print(&format!("| {PAGE} runs of {runs}, the newest first | found | ms, median | ms, most |"));
    print("| --- | ---: | ---: | ---: |");
    for (what, search) in searches(month)? {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..TIMES {
            let since = Instant::now();
            found = ledger.search_runs(&search, None, PAGE).await?.len();
            times.push(milliseconds(since.elapsed()));
        }
        let most = times.iter().copied().fold(0.0, f64::max);
        print(&format!("| {what} | {found} | {:.1} | {most:.1} |", middle(times)?));
    }
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// What is looked for: what compliance asks, and what is hardest, where filters that many runs have are those of no run together.
fn searches(
    (since, until): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
) -> Result<Vec<(&'static str, RunSearch)>> {
    let any = RunSearch::default;
    let clear = Some(RevealLevel::Clear);
    let column = Some("column_3".parse()?);
    Ok(vec![
        (
            "a column in clear, of one month",
            RunSearch { column: column.clone(), level: clear, since, until, ..any() },
        ),
        (
            "a column of a dataset in clear, ever",
            RunSearch { column: column.clone(), dataset: Some("dataset_4".parse()?), level: clear, ..any() },
        ),
        (
            "a column by one of the busiest",
            RunSearch { column: column.clone(), principal: Some("analyst:a1".parse()?), ..any() },
        ),
        (
            "a column by one with ten runs",
            RunSearch { column: column.clone(), principal: Some("analyst:rare".parse()?), ..any() },
        ),
        ("a column by nobody", RunSearch { column, principal: Some("analyst:nobody".parse()?), ..any() }),
        ("a principal", RunSearch { principal: Some("analyst:a7".parse()?), ..any() }),
        ("a dataset, of one month", RunSearch { dataset: Some("dataset_2".parse()?), since, until, ..any() }),
        ("a purpose of few", RunSearch { purpose: Some("rare".parse()?), ..any() }),
        ("what was refused", RunSearch { status: Some(RunStatus::Closed(RunState::Refused)), ..any() }),
        (
            "an action for a purpose, refused",
            RunSearch {
                action: Some(Action::Release),
                purpose: Some("purpose_2".parse()?),
                status: Some(RunStatus::Closed(RunState::Refused)),
                ..any()
            },
        ),
        (
            "a level that nothing was shown at, for a dataset",
            RunSearch { dataset: Some("dataset_2".parse()?), level: Some(RevealLevel::Token), ..any() },
        ),
        (
            "an action that there was not, and a column in clear",
            RunSearch { action: Some(Action::Erase), level: clear, ..any() },
        ),
        ("one month", RunSearch { since, until, ..any() }),
    ])
}

async fn fill(file: &Path, runs: u64, begin: DateTime<Utc>) -> Result<()> {
    let mut connection = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(false)
        .pragma("cache_size", "-2000000")
        .connect()
        .await?;
    let begin = begin.timestamp_millis();
    // Microseconds between two runs.
    let apart = i64::try_from(YEARS_SECONDS * 1_000_000 / runs.max(1))?;
    for first in (0..runs).step_by(usize::try_from(EACH)?) {
        let bounds = (i64::try_from(first)?, i64::try_from(runs.min(first + EACH))?);
        for statement in [RUNS, DECISIONS, COLUMNS] {
            insert(&mut connection, statement, bounds, (begin, apart)).await?;
        }
        note(&format!("{} runs", bounds.1));
    }
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM run").fetch_one(&mut connection).await?;
    ensure!(u64::try_from(count)? == runs, "{count} runs were written");
    connection.close().await?;
    Ok(())
}

async fn insert(
    connection: &mut SqliteConnection,
    statement: &str,
    (first, last): (i64, i64),
    (begin, apart): (i64, i64),
) -> Result<()> {
    // A statement of this file, its numbers as parameters.
    let (into, select) = statement.split_once("SELECT").context("a statement")?;
    let text = format!("{into}{NUMBERS}SELECT{select}");
    sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(first)
        .bind(last)
        .bind(begin)
        .bind(apart)
        .execute(connection)
        .await?;
    Ok(())
}
