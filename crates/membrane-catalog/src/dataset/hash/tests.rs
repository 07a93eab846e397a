//! The hash changes with what decides about rows, and with nothing else.

use membrane_model::{LogicalType, Protection};

use super::*;
use crate::{ColumnPolicy, ColumnPrivacy, ColumnRules, DatasetPrivacy, Derived, FormatCheck, Part};

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
        privacy: None,
    }
}

fn hash(change: impl Fn(&mut Dataset)) -> String {
    let mut dataset = dataset();
    change(&mut dataset);
    dataset.contract_hash()
}

#[test]
fn what_decides_about_rows_changes_it() {
    let mut hashes = vec![
        hash(|_| {}),
        hash(|it| it.version = "1.0.1".to_owned()),
        hash(|it| it.columns[0].required = true),
        hash(|it| it.columns[1].required = true),
        hash(|it| it.columns[0].unique = true),
        hash(|it| it.columns[0].logical_type = LogicalType::Integer),
        hash(|it| it.columns[0].protection = Protection::Drop),
        hash(|it| it.columns[0].class = "pii".parse().unwrap()),
        hash(|it| it.columns[0].rules.minimum = Some(1.0)),
        hash(|it| it.columns[0].rules.maximum = Some(1.0)),
        hash(|it| it.columns[0].rules.length_max = Some(1)),
        hash(|it| it.columns[0].rules.check = Some(FormatCheck::Luhn)),
        hash(|it| it.columns[0].rules.pattern = Some(regex::Regex::new("x").unwrap())),
        hash(|it| it.columns[0].rules.enumeration = Some(Vec::new())),
        hash(|it| it.columns[0].rules.enumeration = Some(vec!["x".to_owned()])),
        hash(|it| it.columns[0].rules.above_minimum = true),
        hash(|it| it.columns[0].rules.below_maximum = true),
        hash(|it| it.columns[0].rules.multiple_of = Some(1.0)),
        hash(|it| it.columns[0].rules.length_min = Some(1)),
        hash(|it| it.columns[0].standard = Some("text".parse().unwrap())),
        hash(|it| it.columns[1].standard = Some("text".parse().unwrap())),
        hash(|it| it.columns[0].standard = Some("text(lower)".parse().unwrap())),
        hash(|it| it.columns[0].from = Some(Derived { column: "b".parse().unwrap(), part: Part::Original })),
        hash(|it| it.columns[0].from = Some(Derived { column: "b".parse().unwrap(), part: Part::City })),
        hash(|it| it.primary_key = vec!["a".parse().unwrap()]),
        hash(|it| it.columns.swap(0, 1)),
        hash(|it| drop(it.columns.pop())),
    ];
    let count = hashes.len();
    assert!(hashes.iter().all(|hash| hash.len() == 32));
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), count);
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
