//! `slaProperties` of the standard, and what goes with them.

use std::time::Duration;

use membrane_model::ColumnName;

use super::custom::Settings;
use super::fields::{Fields, number, text, whole};
use super::retention::read_described;
use super::suggest::shown;
use super::yaml::{Node, Value};
use super::{At, Report};
use crate::{Retention, ServiceLevels};

/// Keys of a service level in the standard.
const KEYS: [&str; 10] = [
    "property",
    "value",
    "valueExt",
    "unit",
    "element",
    "driver",
    "description",
    "scheduler",
    "schedule",
    "id",
];
const ROWS: &str = "membrane.rowsPerDay";
const AHEAD: &str = "membrane.aheadSecondsMax";

/// Units of time of the standard, in seconds. A month has no length.
const UNITS: [(&[&str], u32); 6] = [
    (&["s", "sec", "second", "seconds"], 1),
    (&["m", "min", "minute", "minutes"], 60),
    (&["h", "hr", "hour", "hours"], 3_600),
    (&["d", "day", "days"], 86_400),
    (&["w", "week", "weeks"], 604_800),
    (&["y", "yr", "year", "years"], 31_536_000),
];
const PERCENT: [&str; 2] = ["percent", "%"];
/// Ten years: whoever waits longer has mistaken the unit.
const SECONDS_MAX: f64 = 315_360_000.0;

/// What a contract promises, as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Promises {
    pub(super) levels: ServiceLevels,
    /// What needs an event time, by name.
    pub(super) about_times: Vec<At<&'static str>>,
    /// The columns that latency is measured by.
    pub(super) elements: Vec<At<ColumnName>>,
    /// What is said of how long rows are kept, and is held against nothing but the rule of the table.
    pub(super) retention: Option<At<Option<Retention>>>,
}

/// Reads the service levels of a contract. Those that are not held against anything (support hours) are left alone.
pub(super) fn read_levels(fields: &Fields<'_>, stem: &str, report: &mut Report) -> Promises {
    let items = fields.list("slaProperties", report).map_or_else(Vec::new, |items| items.value);
    let mut promises = Promises::default();
    for item in items {
        let Some(level) = Fields::read(item, "a service level", &KEYS, report) else { continue };
        let Some(name) = level.required_text("property", "a service level", report) else { continue };
        let levels = &mut promises.levels;
        let stated_before = match name.value {
            "latency" => {
                promises.about_times.push(At { value: "latency", mark: name.mark });
                promises.elements.extend(element(&level, stem, report));
                levels.latency.replace(time(&level, name, report).unwrap_or_default()).is_some()
            }
            "frequency" => levels.frequency.replace(time(&level, name, report).unwrap_or_default()).is_some(),
            "errorRate" => {
                levels.error_share.replace(share(&level, name, report).unwrap_or_default()).is_some()
            }
            // As it is shown: the first counts.
            "retention" => {
                promises.retention = promises.retention.or_else(|| read_described(&level, name, report));
                false
            }
            _ => false,
        };
        if stated_before {
            report.fault(name.mark, format!("the service level `{}` is stated twice", name.value));
        }
    }
    promises
}

/// Adds what stands in the settings of the schema object.
pub(super) fn read_settings(
    settings: &Settings<'_>,
    report: &mut Report,
) -> (Option<(u64, u64)>, Option<At<Duration>>) {
    let rows = settings.get(ROWS).and_then(|node| read_rows(node, report));
    let ahead = settings.get(AHEAD).and_then(|node| whole(node, &format!("`{AHEAD}`"), 0, report));
    (rows, ahead.map(|seconds| seconds.map(|seconds| Duration::from_secs(seconds.into()))))
}

fn read_rows(node: Node<'_>, report: &mut Report) -> Option<(u64, u64)> {
    let Value::List(ends) = node.value() else {
        report.fault(node.mark(), format!("`{ROWS}` is the fewest and the most rows of a day: [100, 5000]"));
        return None;
    };
    let [least, most] = ends.as_slice() else {
        report.fault(node.mark(), format!("`{ROWS}` has two ends, here are {}", ends.len()));
        return None;
    };
    let what = format!("an end of `{ROWS}`");
    let (least, most) = (whole(*least, &what, 0, report)?, whole(*most, &what, 0, report)?);
    if least.value > most.value {
        report.fault(least.mark, format!("`{ROWS}`: the fewest are more than the most"));
    }
    Some((least.value.into(), most.value.into()))
}

/// Reads the value of a level as a length of time.
fn time(level: &Fields<'_>, name: At<&str>, report: &mut Report) -> Option<Duration> {
    let value = value(level, name, report)?;
    let unit = level.required_text("unit", &format!("the service level `{}`", name.value), report)?;
    let Some((_, seconds)) = UNITS.iter().find(|(words, _)| words.contains(&unit.value)) else {
        let fault = format!("{} is no unit of time: s, min, h, d, w or y", shown(unit.value));
        report.fault(unit.mark, fault);
        return None;
    };
    let seconds = value.value * f64::from(*seconds);
    if !(1.0..=SECONDS_MAX).contains(&seconds) {
        report.fault(value.mark, format!("`{}` is from a second to ten years", name.value));
        return None;
    }
    Some(Duration::from_secs_f64(seconds))
}

/// Reads the value of a level as a share.
fn share(level: &Fields<'_>, name: At<&str>, report: &mut Report) -> Option<f64> {
    let value = value(level, name, report)?;
    let unit = level.text("unit", report);
    if let Some(unit) = unit.filter(|unit| !PERCENT.contains(&unit.value)) {
        report.fault(unit.mark, format!("the unit of `{}` is `percent`", name.value));
        return None;
    }
    let share = if unit.is_some() { value.value / 100.0 } else { value.value };
    if !(0.0..=1.0).contains(&share) {
        report.fault(
            value.mark,
            format!("`{}` is a share: from 0 to 1, or with `unit: percent` from 0 to 100", name.value),
        );
        return None;
    }
    Some(share)
}

fn value(level: &Fields<'_>, name: At<&str>, report: &mut Report) -> Option<At<f64>> {
    let Some(node) = level.get("value") else {
        report.fault(name.mark, format!("the service level `{}` has no `value`", name.value));
        return None;
    };
    number(node, &format!("`value` of `{}`", name.value), report)
}

/// Reads the column that a level is measured by: `dataset.column`.
fn element(level: &Fields<'_>, stem: &str, report: &mut Report) -> Option<At<ColumnName>> {
    let element = text(level.get("element")?, "`element`", report)?;
    let column = element.value.strip_prefix(stem).and_then(|rest| rest.strip_prefix('.'));
    let column = column.unwrap_or(element.value);
    let Ok(column) = column.parse::<ColumnName>() else {
        report.fault(element.mark, format!("`element` is no column of the dataset: {stem}.COLUMN"));
        return None;
    };
    Some(At { value: column, mark: element.mark })
}

#[cfg(test)]
mod tests;
