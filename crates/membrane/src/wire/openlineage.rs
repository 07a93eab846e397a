//! What the sinks of lineage have done, as metrics in Prometheus's text form.

use super::metric::{self, Metric, count, flag};
use crate::openlineage::SinkTold;

const METRICS: [Metric<SinkTold>; 4] = [
    ("membrane_lineage_events_total", "counter", "OpenLineage events that a sink took.", |told| {
        Some(count(told.sent))
    }),
    (
        "membrane_lineage_events_dropped_total",
        "counter",
        "OpenLineage events that a sink did not get; `membrane lineage export` has them.",
        |told| Some(count(told.dropped)),
    ),
    ("membrane_lineage_events_waiting", "gauge", "OpenLineage events that wait for a sink.", |told| {
        Some(count(told.waiting))
    }),
    ("membrane_lineage_sink_failing", "gauge", "1 while a sink takes no events.", |told| {
        Some(flag(told.is_failing))
    }),
];

/// Writes what sinks have done as metrics.
pub(crate) fn metrics(sinks: &[(&'static str, SinkTold)]) -> String {
    metric::write(&METRICS, "sink", sinks.iter().map(|(name, told)| (*name, told)))
}
