//! Metrics in Prometheus's text form.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

/// A metric: its name, its kind, what it is, and its value for one of the things that it is told of.
pub(super) type Metric<T> = (&'static str, &'static str, &'static str, fn(&T) -> Option<f64>);

/// Writes metrics of things that a label names; one without a value has no line.
pub(super) fn write<'a, T: 'a>(
    metrics: &[Metric<T>],
    label: &str,
    things: impl Iterator<Item = (&'a str, &'a T)> + Clone,
) -> String {
    let mut text = String::new();
    for (name, kind, help, value) in metrics {
        // Writing to a string does not fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (thing, told) in things.clone() {
            if let Some(value) = value(told) {
                let _ = writeln!(text, "{name}{{{label}=\"{thing}\"}} {value}");
            }
        }
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "a count, to about 15 digits")]
pub(super) const fn count(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "microseconds since 1970 have 16 digits")]
pub(super) fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_micros() as f64 / 1e6
}

pub(super) const fn flag(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}
