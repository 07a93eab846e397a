//! Sources, and what is known of them: as JSON, and as metrics in Prometheus's text form.

use chrono::{DateTime, SecondsFormat, Utc};
use membrane_model::{RunId, SourceName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::IngestBody;
use super::metric::{self, Metric, count, flag, seconds};
use crate::error::fix;
use crate::flow::{Failed, Looked, SourceTold, Taken};
use crate::hub::Hub;

/// The sources of the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SourcesBody {
    /// The run in which this was looked up.
    pub run: String,
    /// One after the other, by name.
    pub sources: Vec<SourceBody>,
}

/// A source, and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SourceBody {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// What it reads: `files`, `postgresql`, `mysql`, `kafka` or `webhook`.
    pub kind: String,
    /// Where its rows go.
    pub dataset: String,
    /// Seconds from one look to the next; only when somebody asks, where there is none.
    pub every_seconds: Option<u32>,
    /// Whether it waits until somebody lets it go on.
    pub paused: bool,
    /// Who paused it: its own principal, where it stopped by its rule.
    pub paused_by: Option<String>,
    /// When it was paused.
    pub paused_at: Option<String>,
    /// When it was looked at last.
    pub looked: Option<String>,
    /// Deliveries that were found then, and not taken in.
    pub waiting: Option<u64>,
    /// Files among them that failed, and are tried again by themselves.
    pub files_later: u64,
    /// Files among them that failed, and are left until they change or somebody runs the source by hand.
    pub files_left: u64,
    /// Files among them that wait for the file with their control totals.
    pub controls_awaited: u64,
    /// Files among them that have waited for it for longer than they are to.
    pub controls_missing: u64,
    /// Why something that was found then was not taken in, then or before, the latest of it: a code.
    pub fault: Option<String>,
    /// What to do about it.
    pub fix: Option<String>,
    /// Looks that were held up since the last one that was not: then the source waits longer. A file that fails holds up nothing.
    pub failures: u64,
    /// The last run that brought something in.
    pub last_run: Option<String>,
    /// Rows of it that were added, from its first delivery on.
    pub rows_accepted: u64,
    /// Rows of it that were set aside.
    pub rows_quarantined: u64,
    /// Bytes of it that were read, as they came; not of tables.
    pub bytes: u64,
    /// Rows that were added each second, over the last ten minutes.
    pub rows_per_second: f64,
}

/// What a look at a source came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LookedBody {
    /// The source.
    pub source: String,
    /// What was taken in, in that order.
    pub taken: Vec<TakenBody>,
    /// What was found and could not be taken in.
    pub failed: Vec<FailedBody>,
    /// Files that somebody may still be writing; they are taken in when they have lain untouched for long enough.
    pub young: u64,
    /// Files that failed before, and are tried again by themselves.
    pub later: u64,
    /// Files that failed before and have not changed since; they are tried again by hand.
    pub left: u64,
    /// Files that wait for the file with their control totals.
    pub controls_awaited: u64,
    /// Files that have waited for it for longer than they are to, of which somebody was told before.
    pub controls_missing: u64,
    /// Whether what failed holds up all of the source, so that what is behind it was not looked at.
    pub held_up: bool,
    /// Whether the source waits now until somebody lets it go on.
    pub stopped: bool,
}

/// A delivery that was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TakenBody {
    /// The path of its file below the folder; none of a table.
    pub file: Option<String>,
    /// What became of it.
    #[serde(flatten)]
    pub ingest: IngestBody,
}

/// A delivery that could not be taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FailedBody {
    /// The path of its file below the folder; none of a table.
    pub file: Option<String>,
    /// Why: a code.
    pub code: String,
    /// Why, in words.
    pub message: String,
    /// What to do about it.
    pub fix: String,
    /// The run, if it came to one.
    pub run: Option<String>,
}

impl SourcesBody {
    /// Shows sources.
    #[must_use]
    pub fn new(run: RunId, told: &[SourceTold]) -> Self {
        Self { run: run.to_string(), sources: told.iter().map(SourceBody::from).collect() }
    }
}

fn moment(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl From<&SourceTold> for SourceBody {
    fn from(told: &SourceTold) -> Self {
        let (source, state) = (&told.source, told.state.as_ref());
        let paused = state.and_then(|state| state.paused.as_ref());
        let behind = state.map(|state| state.behind).unwrap_or_default();
        let fault = state.and_then(|state| state.fault.as_deref());
        Self {
            name: source.name.to_string(),
            description: source.description.clone(),
            kind: source.reads.kind().to_owned(),
            dataset: source.dataset.to_string(),
            every_seconds: source.every_seconds,
            paused: paused.is_some(),
            paused_by: paused.map(|(_, by)| by.to_string()),
            paused_at: paused.map(|(at, _)| moment(*at)),
            looked: state.and_then(|state| state.looked).map(moment),
            waiting: state.and_then(|state| state.waiting),
            files_later: behind.later,
            files_left: behind.left,
            controls_awaited: behind.awaited,
            controls_missing: behind.missing,
            fault: fault.map(str::to_owned),
            fix: fault.map(|code| fix(code).to_owned()),
            failures: state.map_or(0, |state| state.failures),
            last_run: state.and_then(|state| state.run).map(|run| run.to_string()),
            rows_accepted: told.totals.map_or(0, |totals| totals.rows_accepted),
            rows_quarantined: told.totals.map_or(0, |totals| totals.rows_quarantined),
            bytes: told.totals.map_or(0, |totals| totals.bytes),
            rows_per_second: told.rows_per_second(),
        }
    }
}

const METRICS: [Metric<SourceTold>; 9] = [
    ("membrane_source_deliveries_total", "counter", "Deliveries, or commits of what is followed.", |told| {
        told.totals.map(|totals| count(totals.deliveries))
    }),
    (
        "membrane_source_bytes_total",
        "counter",
        "Bytes that were read, as they came; not of tables.",
        |told| told.totals.map(|totals| count(totals.bytes)),
    ),
    ("membrane_source_accepted_total", "counter", "Rows that were added.", |told| {
        told.totals.map(|totals| count(totals.rows_accepted))
    }),
    ("membrane_source_quarantined_total", "counter", "Rows that were set aside.", |told| {
        told.totals.map(|totals| count(totals.rows_quarantined))
    }),
    (
        "membrane_source_late_total",
        "counter",
        "Rows that were added, and came later after their event than the contract promises.",
        |told| told.totals.map(|totals| count(totals.rows_late)),
    ),
    (
        "membrane_source_waiting",
        "gauge",
        "Deliveries or messages that were found and not taken in yet, as it was told last.",
        |told| told.state.as_ref().and_then(|state| state.waiting).map(count),
    ),
    ("membrane_source_looked_timestamp_seconds", "gauge", "When it was told last where it stands.", |told| {
        told.state.as_ref().and_then(|state| state.looked).map(seconds)
    }),
    ("membrane_source_failing", "gauge", "1 while it has a fault.", |told| {
        Some(flag(told.state.as_ref().is_some_and(|state| state.fault.is_some())))
    }),
    ("membrane_source_paused", "gauge", "1 while it is paused.", |told| {
        Some(flag(told.state.as_ref().is_some_and(|state| state.paused.is_some())))
    }),
];

/// Writes what is known of sources as metrics.
pub(crate) fn metrics(sources: &[SourceTold]) -> String {
    metric::write(&METRICS, "source", sources.iter().map(|told| (told.source.name.as_str(), told)))
}

impl LookedBody {
    /// Shows what a look came to.
    #[must_use]
    pub fn new(hub: &Hub, name: &SourceName, looked: &Looked) -> Self {
        let dataset = hub.catalog().source(name).map(|source| source.dataset.clone());
        let taken = |taken: &Taken| {
            let ingest = IngestBody::new(dataset.as_ref()?, &taken.ingested);
            Some(TakenBody { file: taken.file.clone(), ingest })
        };
        let failed = |failed: &Failed| FailedBody {
            file: failed.file.clone(),
            code: failed.failure.error.code().to_owned(),
            message: failed.failure.error.to_string(),
            fix: fix(failed.failure.error.code()).to_owned(),
            run: failed.failure.run.map(|run| run.to_string()),
        };
        Self {
            source: name.to_string(),
            taken: looked.taken.iter().filter_map(taken).collect(),
            failed: looked.failed.iter().map(failed).collect(),
            young: looked.young,
            later: looked.behind.later,
            left: looked.behind.left,
            controls_awaited: looked.behind.awaited,
            controls_missing: looked.behind.missing,
            held_up: looked.held_up,
            stopped: looked.stopped,
        }
    }
}
