use membrane_model::Generalisation;

use super::*;
use crate::{ColumnPolicy, ColumnPrivacy, ColumnRules, SubjectSource};

fn column(name: &str, class: &str, logical_type: LogicalType, protection: Protection) -> Column {
    Column {
        name: name.parse().unwrap(),
        description: String::new(),
        logical_type,
        class: class.parse().unwrap(),
        protection,
        identity: None,
        required: name == "member_no",
        unique: false,
        rules: ColumnRules::default(),
        privacy: ColumnPrivacy::default(),
        standard: None,
        from: None,
        waiver: None,
        policy: ColumnPolicy::default(),
    }
}

fn dataset(columns: Vec<Column>, private: bool) -> Dataset {
    Dataset {
        name: "orders".parse().unwrap(),
        version: "1.0.0".into(),
        description: String::new(),
        owner: None,
        columns,
        subject: private.then(|| SubjectSource {
            column: "member_no".parse().unwrap(),
            kind: "member_no".parse().unwrap(),
        }),
        primary_key: Vec::new(),
        event_time: None,
        on_truncated: crate::OnTruncated::Stop,
        service: crate::ServiceLevels::default(),
        retention: None,
        stewardship: crate::Stewardship::default(),
        privacy: None,
    }
}

/// Shows stored columns as `name kind null? statistics?`.
fn check(dataset: &Dataset, expected: &[&str]) {
    let shown: Vec<_> = dataset
        .stored_columns()
        .into_iter()
        .map(|stored| {
            let nullable = if stored.nullable { " null" } else { "" };
            let statistics = if stored.statistics { " statistics" } else { "" };
            let of = stored.of.map_or_else(|| "-".to_owned(), |of| of.to_string());
            format!("{} of {of}: {:?}{nullable}{statistics}", stored.name, stored.kind)
        })
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn every_protection_has_its_layout() {
    let string = LogicalType::String;
    let columns = vec![
        column("member_no", "pii.identifier", string, Protection::SealedToken),
        column("name", "pii.name", string, Protection::Sealed),
        column("device", "pii.device", string, Protection::Token),
        column("city", "geo", string, Protection::Clear),
        column("items", "business", LogicalType::Integer, Protection::Clear),
        column("born", "pii.birth_date", LogicalType::Date, Protection::Generalise(Generalisation::Year)),
        column("postcode", "pii.address", string, Protection::Generalise(Generalisation::Prefix(2))),
        column("note", "pii", string, Protection::Drop),
    ];
    check(
        &dataset(columns, true),
        &[
            "_subject of -: Subject",
            "member_no__token of member_no: Token",
            "member_no__sealed of member_no: Sealed",
            "name__sealed of name: Sealed null",
            "device__token of device: Token null",
            "city of city: Value(String) null statistics",
            "items of items: Value(Integer) null statistics",
            "born of born: Value(Date) null",
            "postcode of postcode: Value(String) null",
        ],
    );
}

#[test]
fn data_about_things_has_no_subject() {
    let columns = vec![column("product_id", "business", LogicalType::String, Protection::Clear)];
    check(&dataset(columns, false), &["product_id of product_id: Value(String) null statistics"]);
}

/// No two stored columns can have one name, whatever the contract's names are.
#[test]
fn stored_names_are_unique() {
    let columns = ["a", "a_token", "a_sealed", "subject"]
        .map(|name| column(name, "pii", LogicalType::String, Protection::SealedToken))
        .to_vec();
    let mut names: Vec<_> =
        dataset(columns, true).stored_columns().into_iter().map(|stored| stored.name).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!("_subject".parse::<ColumnName>().is_err() && "a__token".parse::<ColumnName>().is_err());
}
