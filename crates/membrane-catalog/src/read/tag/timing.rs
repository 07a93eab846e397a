//! For when a tag is computed, and how often.

use super::super::Report;
use super::super::fields::{Fields, choice};
use super::super::yaml::Node;
use super::words::seconds;
use crate::{AsOf, AsOfParam, Refresh};

/// Clocks are at most so far from UTC.
const OFFSET_MINUTES_MAX: i32 = 14 * 60;

/// Reads what the statement is told about time.
pub(super) fn read_as_of(node: Node<'_>, report: &mut Report) -> AsOf {
    let keys = ["param", "excludes_base_day", "timezone"];
    let Some(fields) = Fields::read(node, "`as_of`", &keys, report) else { return AsOf::default() };
    if fields.get("param").is_none() {
        report.fault(fields.mark(), "`as_of` has no `param`");
    }
    let param = choice(&fields, "param", AsOfParam::ALL, AsOfParam::as_str, report);
    let excludes_base_day = fields.flag("excludes_base_day", report);
    let mut utc_offset_minutes = 0;
    if let Some(zone) = fields.text("timezone", report) {
        match minutes_of(zone.value) {
            Some(minutes) => utc_offset_minutes = minutes,
            None => report.fault(
                zone.mark,
                "`timezone` is `UTC` or how far its clock is ahead, like `+08:00`: names of places are not known here",
            ),
        }
    }
    if let Some(param) = param.filter(|param| param.value != AsOfParam::Day) {
        for (key, stated) in
            [("excludes_base_day", excludes_base_day), ("timezone", fields.get("timezone").is_some())]
        {
            if stated {
                report.fault(param.mark, format!("`{key}` is for days: `param` is `day` there"));
            }
        }
    }
    let param = param.map(|param| param.value).unwrap_or_default();
    AsOf { param, excludes_base_day, utc_offset_minutes }
}

fn minutes_of(zone: &str) -> Option<i32> {
    if zone == "UTC" {
        return Some(0);
    }
    let (sign, rest) = match zone.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, zone.strip_prefix('-')?),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let two = |part: &str| {
        let digits = part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_digit());
        if digits { part.parse::<i32>().ok() } else { None }
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= OFFSET_MINUTES_MAX).then_some(sign * all)
}

/// Reads when a tag is computed.
pub(super) fn read_refresh(node: Node<'_>, report: &mut Report) -> Option<Refresh> {
    let what = "`refresh`";
    let fields = Fields::read(node, what, &["mode", "every", "sweep"], report)?;
    if fields.get("mode").is_none() {
        report.fault(fields.mark(), "`refresh` has no `mode`");
    }
    let mode = choice(&fields, "mode", Refresh::ALL, |word| word, report)?.value;
    let (own, other) = match mode {
        "batch" => (Some("every"), "sweep"),
        "stream" => (Some("sweep"), "every"),
        _ => (None, "every"),
    };
    for key in ["every", "sweep"] {
        if (key == other || own.is_none())
            && let Some(node) = fields.get(key)
        {
            report.fault(node.mark(), format!("`{key}` is not for `mode: {mode}`"));
        }
    }
    let Some(key) = own else { return Some(Refresh::Manual) };
    let Some(node) = fields.get(key) else {
        report.fault(fields.mark(), format!("`mode: {mode}` needs `{key}`"));
        return None;
    };
    let found = seconds(node, &format!("`{key}`"), report)?.value;
    Some(if key == "every" {
        Refresh::Batch { every_seconds: found }
    } else {
        Refresh::Stream { sweep_seconds: found }
    })
}
