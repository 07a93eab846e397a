//! Rows with faults are set aside with all their reasons; the others come through.

use arrow::array::{AsArray, StringArray};
use arrow::datatypes::Decimal128Type;
use membrane_catalog::{Derived, FormatCheck};
use serde_json::json;

use super::*;
use crate::fixture::{column, members};
use crate::reason::Broken;

fn batch(rows: &[[Option<&str>; 6]]) -> Delivered {
    let column =
        |at: usize| -> ArrayRef { Arc::new(rows.iter().map(|row| row[at]).collect::<StringArray>()) };
    Delivered {
        positions: (1..=i64::try_from(rows.len()).unwrap()).collect(),
        columns: (0..6).map(column).collect(),
        mistyped: Vec::new(),
        malformed: Vec::new(),
    }
}

fn checker() -> Checker {
    crate::fixture::checker(members())
}

fn row<'a>(number: &'a str, cells: [&'a str; 5]) -> [Option<&'a str>; 6] {
    let cell = |text: &'a str| Some(text).filter(|text| !text.is_empty());
    let [phone, email, tier, amount, joined] = cells.map(cell);
    [cell(number), phone, email, tier, amount, joined]
}

const GOOD: [&str; 5] = ["13800000001", "ana@example.com", "gold", "12.50", "2026-03-01"];

#[test]
fn good_rows_get_their_types() {
    let checked = checker().check(batch(&[row("M0001", GOOD), row("M0002", ["", "", "", "", ""])])).unwrap();
    assert_eq!((checked.rows, checked.bad.len()), (2, 0));
    assert_eq!(checked.columns[4].as_primitive::<Decimal128Type>().value(0), 1250);
    assert!(checked.columns[4].is_null(1));
}

#[test]
fn bad_rows_tell_all_their_reasons() {
    let mut checker = checker();
    let mut delivered = batch(&[
        row("M0001", GOOD),
        row("M0002", ["1", "nobody", "lead", "12.505", "2026-02-30"]),
        row("", GOOD),
        row("X1", ["", "", "", "-1", ""]),
        row("M0003", ["", "", "", "1000.01", ""]),
        row("M0004", ["7", "", "", "", ""]),
    ]);
    delivered.mistyped.push((5, 1));
    delivered.malformed.push(Malformed { position: 0, raw: "{\"broken".to_owned(), broken: Broken::Form });
    let checked = checker.check(delivered).unwrap();
    assert_eq!(checked.rows, 1);
    let bad: Vec<(i64, &str, Option<&str>)> =
        checked.bad.iter().map(|bad| (bad.position, bad.reasons.as_str(), bad.subject.as_deref())).collect();
    assert_eq!(
        bad,
        [
            (0, "malformed", None),
            (
                2,
                "failed_check:email,not_in_enumeration:tier,wrong_type:amount,wrong_type:joined_on",
                Some("M0002")
            ),
            (3, "missing:member_no", None),
            (4, "pattern_mismatch:member_no,out_of_range:amount", None),
            (5, "out_of_range:amount", Some("M0003")),
            (6, "wrong_type:phone", Some("M0004")),
        ]
    );
    let json = |at: usize| serde_json::from_slice::<Value>(&checked.bad[at].row).unwrap();
    assert_eq!(json(0), json!({ "_malformed": "{\"broken" }));
    let delivered = json!({
        "member_no": "M0002", "phone": "1", "email": "nobody", "tier": "lead", "amount": "12.505",
        "joined_on": "2026-02-30",
    });
    assert_eq!(json(1), delivered);
    assert_eq!(json(4), json!({ "member_no": "M0003", "amount": "1000.01" }));
    let counts = checker.finish().unwrap().reasons;
    assert_eq!(counts.get("out_of_range:amount"), Some(&2));
    assert_eq!(counts.get("malformed"), Some(&1));
    assert_eq!(counts.values().sum::<u64>(), 10);
}

#[test]
fn of_equal_keys_the_first_good_row_stays() {
    let mut checker = checker();
    let bad_tier = ["", "", "lead", "", ""];
    let first = checker
        .check(batch(&[row("M0001", bad_tier), row("M0001", GOOD), row("M0001", GOOD), row("M0002", GOOD)]))
        .unwrap();
    assert_eq!(first.rows, 2);
    let reasons: Vec<&str> = first.bad.iter().map(|bad| bad.reasons.as_str()).collect();
    assert_eq!(reasons, ["not_in_enumeration:tier", "duplicate:member_no"]);
    assert_eq!(first.bad[1].subject.as_deref(), Some("M0001"));
    // Across batches too.
    let second = checker.check(batch(&[row("M0003", GOOD), row("M0002", GOOD)])).unwrap();
    assert_eq!((second.rows, second.bad[0].reasons.as_str()), (1, "duplicate:member_no"));
}

#[test]
fn composite_keys_are_checked_as_a_whole() {
    let mut dataset = members();
    dataset.columns[0].unique = false;
    dataset.primary_key = vec!["member_no".parse().unwrap(), "tier".parse().unwrap()];
    let mut checker = crate::fixture::checker(dataset);
    let tier = |tier: &'static str| ["", "", tier, "", ""];
    let rows = [
        row("M0001", tier("gold")),
        row("M0001", tier("silver")),
        row("M0001", tier("gold")),
        // Without a part of the key there is nothing to compare.
        row("M0002", tier("")),
        row("M0002", tier("")),
    ];
    let checked = checker.check(batch(&rows)).unwrap();
    assert_eq!(checked.rows, 4);
    assert_eq!(checked.bad[0].reasons, "duplicate:member_no+tier");
}

#[test]
fn values_do_not_show_in_debug() {
    let mut delivered = batch(&[row("M0001", ["", "nobody", "", "", ""]), row("M0002", GOOD)]);
    delivered.malformed.push(Malformed { position: 3, raw: "nobody".to_owned(), broken: Broken::Form });
    assert_eq!(format!("{delivered:?}"), "Delivered(2 rows of 6 columns, 1 malformed)");
    assert_eq!(format!("{:?}", delivered.malformed[0]), "Malformed(record 3, 6 bytes)");
    let checked = checker().check(delivered).unwrap();
    assert_eq!(format!("{:?}", checked.bad[0]), "BadRow { position: 1, .. }");
    assert_eq!(format!("{checked:?}"), "Checked(1 rows of 6 columns, 2 bad)");
}

#[test]
fn what_the_contract_drops_is_not_kept_in_quarantine_either() {
    let mut dataset = members();
    dataset.columns[1].protection = Protection::Drop;
    let mut checker = crate::fixture::checker(dataset);
    let checked = checker.check(batch(&[row("M0001", ["13800000001", "nobody", "", "", ""])])).unwrap();
    let kept = serde_json::from_slice::<Value>(&checked.bad[0].row).unwrap();
    assert_eq!(kept, json!({ "member_no": "M0001", "email": "nobody" }));
}

/// One value without a coarser one is one bad row, not the end of the delivery.
#[test]
fn values_without_a_coarser_one_are_out_of_range() {
    use membrane_model::{Generalisation, LogicalType, Protection};
    let mut dataset = members();
    let amount = &mut dataset.columns[4];
    amount.logical_type = LogicalType::Integer;
    amount.rules = membrane_catalog::ColumnRules::default();
    amount.protection = Protection::Generalise(Generalisation::Width(10));
    let mut checker = crate::fixture::checker(dataset);
    let least = i64::MIN.to_string();
    let checked = checker
        .check(batch(&[row("M0001", ["", "", "", &least, ""]), row("M0002", ["", "", "", "19", ""])]))
        .unwrap();
    assert_eq!((checked.rows, checked.bad[0].reasons.as_str()), (1, "out_of_range:amount"));
}

/// A batch in which each row has two values of the wrong kind, in any order.
#[test]
fn many_values_of_the_wrong_kind_are_all_told() {
    let rows = 16_384;
    let line: [Option<&str>; 6] = row("M0001", ["1", "nobody", "lead", "x", "y"]);
    let mut delivered = batch(&vec![line; rows]);
    delivered.mistyped = (0..rows).rev().flat_map(|row| [(row, 3), (row, 1)]).collect();
    let checked = checker().check(delivered).unwrap();
    assert_eq!(checked.bad.len(), rows);
    assert_eq!(
        checked.bad[0].reasons,
        "wrong_type:phone,failed_check:email,wrong_type:tier,wrong_type:amount,wrong_type:joined_on"
    );
}

/// A member list of which one column is standardised, kept as it came, and taken apart.
fn standardised() -> Dataset {
    let derived = |name: &str, class: &str, protection, part| {
        let mut column = column(name, LogicalType::String, class, protection);
        column.from = Some(Derived { column: "address".parse().unwrap(), part });
        column
    };
    let mut dataset = members();
    dataset.columns.truncate(2);
    dataset.columns[1].standard = Some("phone(CN)".parse().unwrap());
    dataset.columns[1].unique = true;
    dataset.columns[1].rules.check = Some(FormatCheck::E164);
    let mut address = column("address", LogicalType::String, "pii.address", Protection::Sealed);
    address.standard = Some("address(CN)".parse().unwrap());
    let mut province = derived("province", "geo", Protection::Clear, Part::Province);
    province.required = true;
    // Made of a column that comes after it.
    dataset.columns.insert(1, derived("city", "geo", Protection::Clear, Part::City));
    dataset.columns.extend([
        address,
        province,
        derived("address_original", "pii.address", Protection::Sealed, Part::Original),
    ]);
    dataset
}

#[test]
fn rules_judge_what_is_standard() {
    let mut checker = crate::fixture::checker(standardised());
    let rows = [
        ["M0001", "138 0000 0001", "浙江杭州西湖区文三路1号"],
        // The same phone, otherwise written.
        ["M0002", "+86-13800000001", "浙江省杭州市"],
        ["M0003", "nobody", "北京市朝阳区"],
        ["M0004", "13800000004", "幸福小区3栋"],
        ["M0005", "13800000005", "---"],
        ["M0006", "13800000006", ""],
        ["M0007", "010-65529988", "上海市浦东新区世纪大道1号"],
    ];
    let column = |at: usize| -> ArrayRef {
        Arc::new(
            rows.iter().map(|row| Some(row[at]).filter(|text| !text.is_empty())).collect::<StringArray>(),
        )
    };
    let delivered = Delivered {
        positions: (1..=7).collect(),
        columns: (0..3).map(column).collect(),
        mistyped: vec![(5, 1)],
        malformed: Vec::new(),
    };
    let checked = checker.check(delivered).unwrap();
    let texts =
        |at: usize| checked.columns[at].as_string::<i32>().iter().map(Option::unwrap).collect::<Vec<_>>();
    assert_eq!(texts(0), ["M0001", "M0007"]);
    assert_eq!(texts(1), ["杭州市", "上海市"]);
    assert_eq!(texts(2), ["+8613800000001", "+861065529988"]);
    assert_eq!(texts(3), ["浙江省|杭州市|西湖区|文三路1号", "上海市|上海市|浦东新区|世纪大道1号"]);
    assert_eq!(texts(4), ["浙江省", "上海市"]);
    assert_eq!(texts(5), ["浙江杭州西湖区文三路1号", "上海市浦东新区世纪大道1号"]);
    let bad: Vec<(i64, &str)> = checked.bad.iter().map(|bad| (bad.position, bad.reasons.as_str())).collect();
    assert_eq!(
        bad,
        [
            (2, "duplicate:phone"),
            (3, "not_standard:phone"),
            (4, "missing:province"),
            (5, "not_standard:address"),
            (6, "wrong_type:phone,missing:province"),
        ]
    );
    // What is set aside is what was delivered.
    let row = serde_json::from_slice::<Value>(&checked.bad[0].row).unwrap();
    assert_eq!(row, json!({ "member_no": "M0002", "phone": "+86-13800000001", "address": "浙江省杭州市" }));
}

#[test]
fn a_subject_that_is_not_standard_is_nobody() {
    let mut dataset = members();
    dataset.columns.truncate(1);
    dataset.columns[0].rules.pattern = None;
    dataset.columns[0].standard = Some("phone(CN)".parse().unwrap());
    let mut checker = crate::fixture::checker(dataset);
    let texts = ["138 0000 0001", "nobody", "  "];
    let delivered = Delivered {
        positions: vec![1, 2, 3],
        columns: vec![Arc::new(StringArray::from(texts.to_vec()))],
        mistyped: Vec::new(),
        malformed: Vec::new(),
    };
    let checked = checker.check(delivered).unwrap();
    assert_eq!(checked.rows, 1);
    let bad: Vec<(&str, Option<&str>)> =
        checked.bad.iter().map(|bad| (bad.reasons.as_str(), bad.subject.as_deref())).collect();
    assert_eq!(bad, [("not_standard:member_no", None), ("missing:member_no", None)]);
}

#[test]
fn lengths_count_characters() {
    let mut dataset = members();
    dataset.columns.truncate(2);
    dataset.columns[1].rules.length_min = Some(2);
    let mut checker = crate::fixture::checker(dataset);
    let names: ArrayRef = Arc::new(StringArray::from(vec!["张伟", "张", "ab", "a"]));
    let numbers: ArrayRef = Arc::new(StringArray::from(vec!["M0001", "M0002", "M0003", "M0004"]));
    let delivered = Delivered {
        positions: vec![1, 2, 3, 4],
        columns: vec![numbers, names],
        mistyped: Vec::new(),
        malformed: Vec::new(),
    };
    let bad = checker.check(delivered).unwrap().bad;
    let reasons: Vec<&str> = bad.iter().map(|bad| bad.reasons.as_str()).collect();
    assert_eq!(reasons, ["too_short:phone", "too_short:phone"]);
}

/// A dataset of one column, the time of an event: up to an hour of latency, and a minute ahead of the clock.
fn timed() -> Dataset {
    let mut at = column("at", LogicalType::Timestamp, "behaviour", Protection::Clear);
    at.rules.minimum = None;
    Dataset {
        columns: vec![at],
        subject: None,
        primary_key: Vec::new(),
        event_time: Some("at".parse().unwrap()),
        service: membrane_catalog::ServiceLevels {
            latency: Some(std::time::Duration::from_secs(3_600)),
            ahead_max: Some(std::time::Duration::from_secs(60)),
            ..membrane_catalog::ServiceLevels::default()
        },
        ..members()
    }
}

#[test]
fn what_came_late_is_counted_and_what_did_not_happen_yet_is_set_aside() {
    let mut checker = crate::fixture::checker(timed());
    let came = crate::fixture::came();
    let at = |seconds: i64| Some((came + chrono::TimeDelta::seconds(seconds)).to_rfc3339());
    let texts = [at(0), at(-3_600), at(-3_601), at(60), at(61), None];
    let delivered = Delivered {
        positions: (1..=6).collect(),
        columns: vec![Arc::new(texts.iter().map(Option::as_deref).collect::<StringArray>())],
        mistyped: Vec::new(),
        malformed: Vec::new(),
    };
    let checked = checker.check(delivered).unwrap();
    assert_eq!(checked.rows, 5);
    let bad: Vec<_> = checked.bad.iter().map(|row| (row.position, row.reasons.as_str())).collect();
    assert_eq!(bad, [(5, "ahead:at")]);
    let counts = checker.finish().unwrap();
    assert_eq!((counts.late, counts.reasons["ahead:at"]), (1, 1));
}

#[test]
fn a_delivery_that_is_not_as_its_source_says_is_not_taken_in() {
    let totals = |text: &str, rule| ControlTotals::parse(text.as_bytes(), rule).unwrap();
    let finish = |totals: &ControlTotals| {
        let dataset = Arc::new(members());
        let came = crate::fixture::came();
        let mut checker = Checker::new(dataset, std::env::temp_dir(), (came, Some(totals)), None).unwrap();
        let bad = ["13800000001", "ana@example.com", "bronze", "7.50", "2026-03-01"];
        checker.check(batch(&[row("M0001", GOOD), row("M0002", bad)])).unwrap();
        checker.finish()
    };
    let good = totals(r#"{"rows": 2, "sums": {"amount": "20"}}"#, OnDifference::Stop);
    assert!(finish(&good).unwrap().reconciled.iter().all(|total| total.verdict == Verdict::Agrees));
    let bad = r#"{"rows": 3, "sums": {"amount": "20.01"}}"#;
    let error = finish(&totals(bad, OnDifference::Stop)).unwrap_err();
    assert_eq!(error.code(), "totals_differ");
    assert!(error.to_string().starts_with("the delivery has not what its sender says: rows, amount differ"));
    let taken = finish(&totals(bad, OnDifference::Take)).unwrap();
    assert!(taken.reconciled.iter().all(|total| total.verdict == Verdict::Differs));
}
