//! Streams, and what is known of them: as JSON, and as metrics in Prometheus's text form.

use chrono::{DateTime, SecondsFormat, Utc};
use membrane_model::{DatasetName, RunId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::metric::{self, Metric, count, flag, seconds};
use crate::flow::StreamTold;

/// The streams of one process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamsBody {
    /// The run in which this was looked up.
    pub run: String,
    /// One for each dataset to which something was pushed since the process began, by name.
    pub streams: Vec<StreamBody>,
}

/// What is known of the events that are pushed to a dataset. Counts are since the process began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamBody {
    /// The dataset.
    pub dataset: String,
    /// Pushes that were taken in.
    pub pushes: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Events in them.
    pub events: u64,
    /// Rows that were new and fit.
    pub rows_accepted: u64,
    /// Rows that break the contract, and were set aside.
    pub rows_quarantined: u64,
    /// Rows that came before, and were left out.
    pub duplicates: u64,
    /// Accepted rows that came later after their event than the contract promises.
    pub rows_late: u64,
    /// Accepted rows that are acknowledged and can be queried, and are not committed yet.
    pub rows_waiting: u64,
    /// Commits.
    pub commits: u64,
    /// When it was committed last.
    pub committed: Option<String>,
    /// The latest event time that came, of those that are not ahead of the clock.
    pub newest: Option<String>,
    /// The time before which everything should have come: the latest event time less the latency that the contract promises.
    pub watermark: Option<String>,
    /// Why the last commit failed, if none succeeded since: a code. It is tried again until it does.
    pub fault: Option<String>,
    /// Since when.
    pub fault_at: Option<String>,
}

impl StreamsBody {
    pub(crate) fn new(run: RunId, streams: &[(DatasetName, StreamTold)]) -> Self {
        Self { run: run.to_string(), streams: streams.iter().map(StreamBody::new).collect() }
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl StreamBody {
    fn new((dataset, told): &(DatasetName, StreamTold)) -> Self {
        Self {
            dataset: dataset.to_string(),
            pushes: told.pushes,
            bytes: told.bytes,
            events: told.read,
            rows_accepted: told.accepted,
            rows_quarantined: told.quarantined,
            duplicates: told.duplicates,
            rows_late: told.late,
            rows_waiting: told.waiting,
            commits: told.portions,
            committed: told.committed.map(moment),
            newest: told.newest.map(moment),
            watermark: told.watermark.map(moment),
            fault: told.fault.map(|(_, code)| code.to_owned()),
            fault_at: told.fault.map(|(at, _)| moment(at)),
        }
    }
}

const METRICS: [Metric<StreamTold>; 11] = [
    ("membrane_stream_pushes_total", "counter", "Pushes that were taken in.", |told| {
        Some(count(told.pushes))
    }),
    ("membrane_stream_bytes_total", "counter", "Bytes of pushes.", |told| Some(count(told.bytes))),
    ("membrane_stream_accepted_total", "counter", "Rows that were new and fit.", |told| {
        Some(count(told.accepted))
    }),
    ("membrane_stream_quarantined_total", "counter", "Rows that were set aside.", |told| {
        Some(count(told.quarantined))
    }),
    ("membrane_stream_duplicates_total", "counter", "Rows that came before.", |told| {
        Some(count(told.duplicates))
    }),
    (
        "membrane_stream_late_total",
        "counter",
        "Accepted rows that came later after their event than the contract promises.",
        |told| Some(count(told.late)),
    ),
    ("membrane_stream_commits_total", "counter", "Commits.", |told| Some(count(told.portions))),
    ("membrane_stream_waiting_rows", "gauge", "Rows that are acknowledged and not committed yet.", |told| {
        Some(count(told.waiting))
    }),
    ("membrane_stream_committed_timestamp_seconds", "gauge", "When it was committed last.", |told| {
        told.committed.map(seconds)
    }),
    ("membrane_stream_newest_timestamp_seconds", "gauge", "The latest event time that came.", |told| {
        told.newest.map(seconds)
    }),
    ("membrane_stream_failing", "gauge", "1 while commits fail.", |told| Some(flag(told.fault.is_some()))),
];

/// Writes what is known of streams as metrics.
pub(crate) fn metrics(streams: &[(DatasetName, StreamTold)]) -> String {
    metric::write(&METRICS, "dataset", streams.iter().map(|(dataset, told)| (dataset.as_str(), told)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_a_line_for_each_stream_that_has_a_value() {
        let told = StreamTold { accepted: 7, ..StreamTold::default() };
        let text = metrics(&[("app_events".parse().unwrap(), told)]);
        assert!(text.contains("membrane_stream_accepted_total{dataset=\"app_events\"} 7\n"), "{text}");
        assert!(!text.contains("membrane_stream_newest_timestamp_seconds{"), "{text}");
        assert_eq!(text.matches("# TYPE").count(), METRICS.len());
    }
}
