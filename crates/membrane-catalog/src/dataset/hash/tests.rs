//! The hash changes with what decides about rows, and with nothing else.

use membrane_model::{LogicalType, Protection};

use super::*;
use crate::{
    ColumnPolicy, ColumnPrivacy, ColumnRules, DatasetPrivacy, Derived, FormatCheck, Part, SubjectSource,
};

fn dataset() -> Dataset {
    let column = |name: &str| Column {
        name: name.parse().unwrap(),
        description: String::new(),
        logical_type: LogicalType::String,
        class: "business".parse().unwrap(),
        protection: Protection::Clear,
        identity: None,
        required: false,
        unique: false,
        rules: ColumnRules::default(),
        privacy: ColumnPrivacy::default(),
        standard: None,
        from: None,
        waiver: None,
        policy: ColumnPolicy::default(),
    };
    Dataset {
        name: "orders".parse().unwrap(),
        version: "1.0.0".to_owned(),
        description: String::new(),
        owner: None,
        columns: vec![column("a"), column("b")],
        subject: None,
        primary_key: Vec::new(),
        event_time: None,
        on_truncated: crate::OnTruncated::Stop,
        service: crate::ServiceLevels::default(),
        retention: None,
        stewardship: crate::Stewardship::default(),
        privacy: None,
    }
}

fn changed(change: impl Fn(&mut Dataset)) -> Dataset {
    let mut dataset = dataset();
    change(&mut dataset);
    dataset
}

fn hash(change: impl Fn(&mut Dataset)) -> String {
    changed(change).contract_hash()
}

/// Datasets of which no two have the same rows, for the same deliveries.
fn other_rows() -> Vec<Dataset> {
    vec![
        changed(|_| {}),
        changed(|it| it.columns[0].required = true),
        changed(|it| it.columns[1].required = true),
        changed(|it| it.columns[0].unique = true),
        changed(|it| it.columns[0].logical_type = LogicalType::Integer),
        changed(|it| it.columns[0].protection = Protection::Drop),
        changed(|it| it.columns[0].class = "pii".parse().unwrap()),
        changed(|it| it.columns[0].identity = Some("a".parse().unwrap())),
        changed(|it| it.columns[0].rules.minimum = Some(1.0)),
        changed(|it| it.columns[0].rules.maximum = Some(1.0)),
        changed(|it| it.columns[0].rules.length_max = Some(1)),
        changed(|it| it.columns[0].rules.check = Some(FormatCheck::Luhn)),
        changed(|it| it.columns[0].rules.pattern = Some(regex::Regex::new("x").unwrap())),
        changed(|it| it.columns[0].rules.enumeration = Some(Vec::new())),
        changed(|it| it.columns[0].rules.enumeration = Some(vec!["x".to_owned()])),
        changed(|it| it.columns[0].rules.above_minimum = true),
        changed(|it| it.columns[0].rules.below_maximum = true),
        changed(|it| it.columns[0].rules.multiple_of = Some(1.0)),
        changed(|it| it.columns[0].rules.length_min = Some(1)),
        changed(|it| it.columns[0].standard = Some("text".parse().unwrap())),
        changed(|it| it.columns[1].standard = Some("text".parse().unwrap())),
        changed(|it| it.columns[0].standard = Some("text(lower)".parse().unwrap())),
        changed(|it| {
            it.columns[0].from = Some(Derived { column: "b".parse().unwrap(), part: Part::Original })
        }),
        changed(|it| it.columns[0].from = Some(Derived { column: "b".parse().unwrap(), part: Part::City })),
        changed(|it| it.primary_key = vec!["a".parse().unwrap()]),
        changed(|it| it.subject = subject("a")),
        changed(|it| it.subject = subject("b")),
        changed(|it| it.columns.swap(0, 1)),
        changed(|it| drop(it.columns.pop())),
    ]
}

fn subject(column: &str) -> Option<SubjectSource> {
    Some(SubjectSource { column: column.parse().unwrap(), kind: "member_no".parse().unwrap() })
}

/// Checks that hashes are such, and that no two are the same.
fn check_distinct(mut hashes: Vec<String>) {
    let count = hashes.len();
    assert!(hashes.iter().all(|hash| hash.len() == 32));
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), count);
}

#[test]
fn what_decides_about_rows_changes_it() {
    let mut hashes: Vec<String> = other_rows().iter().map(Dataset::contract_hash).collect();
    hashes.push(hash(|it| it.version = "1.0.1".to_owned()));
    check_distinct(hashes);
}

#[test]
fn what_a_release_goes_by_changes_its_hash() {
    let bounds = |groups_max, rows_max| Some(DatasetPrivacy { groups_max, rows_max });
    let mut datasets = other_rows();
    datasets.extend([
        changed(|it| it.name = "lines".parse().unwrap()),
        changed(|it| it.event_time = Some("a".parse().unwrap())),
        changed(|it| it.event_time = Some("b".parse().unwrap())),
        changed(|it| it.privacy = bounds(1, 1)),
        changed(|it| it.privacy = bounds(1, 11)),
        changed(|it| it.privacy = bounds(11, 1)),
        changed(|it| it.columns[0].privacy.public_keys = true),
        changed(|it| it.columns[1].privacy.public_keys = true),
        changed(|it| it.columns[0].privacy.bounds = Some((0.0, 1.0))),
        changed(|it| it.columns[0].privacy.bounds = Some((-0.0, 1.0))),
        changed(|it| it.columns[0].privacy.bounds = Some((0.0, 1.000_000_1))),
        changed(|it| it.columns[1].privacy.bounds = Some((0.0, 1.0))),
    ]);
    let mut hashes: Vec<String> = datasets.iter().map(Dataset::release_hash).collect();
    // The two hashes of one contract are no names of each other.
    hashes.push(hash(|_| {}));
    check_distinct(hashes);
}

#[test]
fn words_do_not_change_what_a_release_goes_by() {
    let plain = dataset().release_hash();
    for same in [
        changed(|it| it.version = "1.0.1".to_owned()),
        changed(|it| it.description = "x".to_owned()),
        changed(|it| it.owner = Some("x".to_owned())),
        changed(|it| it.columns[0].description = "x".to_owned()),
        changed(|it| it.columns[0].waiver = Some("x; y".to_owned())),
        changed(|it| it.columns[0].policy.attribute = Some("x".parse().unwrap())),
    ] {
        assert_eq!(same.release_hash(), plain);
    }
}

#[test]
fn words_and_bounds_do_not() {
    let plain = hash(|_| {});
    assert_eq!(plain, hash(|it| it.description = "x".to_owned()));
    assert_eq!(plain, hash(|it| it.columns[0].description = "x".to_owned()));
    assert_eq!(plain, hash(|it| it.columns[0].waiver = Some("x; y".to_owned())));
    assert_eq!(plain, hash(|it| it.privacy = Some(DatasetPrivacy { groups_max: 1, rows_max: 1 })));
    assert_eq!(plain, hash(|it| it.columns[0].policy.attribute = Some("x".parse().unwrap())));
    // It is part of what the tables' logs keep: it does not change with the code.
    assert_eq!(plain, "afd9079b343100a05fe708d6ecb2c3fd");
}
