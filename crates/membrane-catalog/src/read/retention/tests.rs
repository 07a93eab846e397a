//! What a contract may say of how long rows are kept.

use std::path::Path;

use super::super::contract::read_contract;
use super::*;
use crate::Dataset;

/// Reads a contract with this setting and service level; `timed` says whether it has an event time.
fn read(setting: &str, level: &str, timed: bool) -> (Option<Dataset>, Vec<String>, Vec<String>) {
    let level = if level.is_empty() {
        String::new()
    } else {
        format!("slaProperties:\n  - {{ property: retention, {level} }}\n")
    };
    let event = if timed { "      - { property: membrane.eventTime, value: at }\n" } else { "" };
    let setting = if setting.is_empty() {
        String::new()
    } else {
        format!("      - {{ property: membrane.retention, value: {setting} }}\n")
    };
    let contract = format!(
        "apiVersion: v3.0.2\nkind: DataContract\nid: visits\nversion: 1.0.0\nstatus: active\n{level}\
         schema:\n  - name: visits\n    customProperties:\n      - {{ property: membrane.onTruncated, value: stop }}\n{event}{setting}\
         \x20   properties:\n      - name: at\n        logicalType: date\n        physicalType: timestamp\n        classification: behaviour\n\
         \x20       customProperties: [{{ property: membrane.protection, value: generalise(month) }}]\n"
    );
    let mut report = Report::new(Path::new("visits.yaml"));
    let read = read_contract(&contract, "visits", None, &mut report);
    let texts = |faults: Vec<crate::Fault>| faults.into_iter().map(|fault| fault.message).collect();
    let notes = texts(report.take_notes());
    (read.and_then(|read| read.dataset), texts(report.into_faults()), notes)
}

fn check(setting: &str, level: &str, timed: bool, expected: &[&str]) {
    let (_, faults, _) = read(setting, level, timed);
    assert_eq!(faults, expected, "{setting} {level}");
}

#[test]
fn a_rule_has_a_period_and_others_for_purposes() {
    let (dataset, faults, notes) = read("3 y", "value: 36, unit: months", true);
    assert_eq!((faults, notes), (Vec::new(), Vec::new()));
    let dataset = dataset.unwrap();
    assert_eq!(dataset.retention.as_ref().unwrap().to_string(), "3 y");
    assert_eq!(dataset.stewardship.retention.as_deref(), Some("36 months"), "as the contract says it");

    let (dataset, faults, _) = read("[{ keep: 3 y }, { keep: 1 y, purpose: marketing }]", "", true);
    assert_eq!(faults, Vec::<String>::new());
    let dataset = dataset.unwrap();
    assert_eq!(dataset.stewardship.retention.as_deref(), Some("3 y; 1 y for marketing"));
    let now = chrono::DateTime::parse_from_rfc3339("2026-02-20T10:00:00Z").unwrap().to_utc();
    // The month is stored: it is past when it is over.
    assert_eq!(dataset.cut_off(now).unwrap().to_rfc3339(), "2023-02-01T00:00:00+00:00");
    let (column, cut_off) = dataset.cut_off_for(&"marketing".parse().unwrap(), now).unwrap();
    assert_eq!((column.as_str(), cut_off.to_rfc3339().as_str()), ("at", "2025-02-01T00:00:00+00:00"));
    assert_eq!(dataset.cut_off_for(&"service".parse().unwrap(), now), None);
}

#[test]
fn what_would_delete_otherwise_than_meant_is_a_fault() {
    let period = "`membrane.retention` is a period: a whole number and d, w, month or y, like `3 y`";
    check(
        "3 y",
        "",
        false,
        &["`membrane.retention` needs to know when a row happened: state `membrane.eventTime`"],
    );
    check("3", "", true, &[period]);
    check("3 m", "", true, &[&format!("{period}; `m` may be minutes or months: write `month`")]);
    check("0 d", "", true, &[period]);
    check(
        "[{ purpose: marketing, keep: 1 y }]",
        "",
        true,
        &[
            "`membrane.retention` does not say for how long rows are kept at all: add `{ keep: .. }` without a purpose",
        ],
    );
    check(
        "[{ keep: 1 y }, { keep: 366 d, purpose: marketing }]",
        "",
        true,
        &["`membrane.retention`: for `marketing` rows would be kept for longer than there are any (1 y)"],
    );
    check(
        "[{ keep: 1 y }, { keep: 2 y }]",
        "",
        true,
        &["`membrane.retention` has two periods of one kind: state one"],
    );
    check(
        "[{ keep: 1 y, until: now }]",
        "",
        true,
        &["an entry of `membrane.retention` has an unknown key `until`"],
    );
    check("[{ purpose: marketing }]", "", true, &["an entry of `membrane.retention` has no `keep`"]);
    check(
        "3 y",
        "value: 2, unit: y",
        true,
        &["the service level `retention` is another than `membrane.retention` (3 y)"],
    );
}

/// Contracts have had what they liked there.
#[test]
fn what_is_described_alone_decides_nothing_and_is_no_fault() {
    let note = "the service level `retention` is not a period: a whole number and d, w, month or y, like `3 y`: it is shown as it stands";
    for (level, expected) in [
        ("value: 3, unit: y", None),
        ("value: 3 years", None),
        ("value: 3, unit: m", Some(note)),
        ("value: as the law says", Some(note)),
        ("value: 2.5, unit: y", Some(note)),
    ] {
        for timed in [true, false] {
            let (dataset, faults, notes) = read("", level, timed);
            assert_eq!(faults, Vec::<String>::new(), "{level}");
            assert_eq!(notes, expected.into_iter().collect::<Vec<_>>(), "{level}");
            let dataset = dataset.unwrap();
            assert!(dataset.retention.is_none() && dataset.stewardship.retention.is_some(), "{level}");
        }
    }
}
