use regex::Regex;

use super::*;
use crate::{ColumnPolicy, ColumnPrivacy, ColumnRules};

fn column(logical_type: LogicalType, class: &str, rules: ColumnRules) -> Column {
    Column {
        name: "c".parse().unwrap(),
        description: String::new(),
        logical_type,
        class: class.parse().unwrap(),
        protection: Protection::SealedToken,
        identity: None,
        required: false,
        unique: false,
        rules,
        privacy: ColumnPrivacy::default(),
        standard: None,
        from: None,
        waiver: None,
        policy: ColumnPolicy::default(),
    }
}

fn check(logical_type: LogicalType, class: &str, rules: ColumnRules, expected: Option<u128>) {
    let column = column(logical_type, class, rules);
    assert_eq!(column.values_max(), expected, "{column:?}");
}

fn check_pattern(pattern: &str, length_max: Option<usize>, expected: Option<u128>) {
    let pattern = Some(Regex::new(&format!(r"\A(?:{pattern})\z")).unwrap());
    check(
        LogicalType::String,
        "business",
        ColumnRules { pattern, length_max, ..ColumnRules::default() },
        expected,
    );
}

fn range(least: f64, most: f64) -> ColumnRules {
    ColumnRules { minimum: Some(least), maximum: Some(most), ..ColumnRules::default() }
}

fn stored(how: &str, logical_type: LogicalType, rules: ColumnRules, expected: Option<u128>) {
    let protection = Protection::Generalise(how.parse().unwrap());
    let column = Column { protection, ..column(logical_type, "business", rules) };
    assert_eq!(column.values_max(), expected, "{how}");
}

#[test]
fn types_and_ranges() {
    let none = ColumnRules::default;
    check(LogicalType::Boolean, "business", none(), Some(2));
    check(LogicalType::Date, "business", none(), Some(36_525));
    check(LogicalType::Timestamp, "business", none(), Some(3_155_760_000));
    check(LogicalType::String, "business", none(), None);
    check(LogicalType::String, "business", ColumnRules { length_max: Some(2), ..none() }, None);
    check(LogicalType::Number, "business", range(0.0, 1.0), None);
    check(LogicalType::Integer, "business", none(), None);
    check(LogicalType::Integer, "business", ColumnRules { minimum: Some(1.0), ..none() }, None);
    check(LogicalType::Integer, "business", range(1.0, 500.0), Some(500));
    check(LogicalType::Integer, "business", range(-1.0, 1.0), Some(3));
    check(LogicalType::Integer, "business", range(7.0, 7.0), Some(1));
    let money = LogicalType::Decimal { precision: 4, scale: 2 };
    check(money, "business", range(0.0, 0.3), Some(31));
    check(money, "business", none(), Some(20_000));
}

#[test]
fn lists_checks_and_classes() {
    let enumeration = Some(vec!["M".to_owned(), "F".to_owned(), "X".to_owned()]);
    check(LogicalType::String, "pii", ColumnRules { enumeration, ..ColumnRules::default() }, Some(3));
    for (word, expected) in [
        (FormatCheck::MobileChina, Some(7_000_000_000)),
        (FormatCheck::E164, Some(1_000_000_000_000_000)),
        (FormatCheck::ChineseIdentityNumber, Some(146_100_000_000)),
        (FormatCheck::Luhn, Some(1_000_000_000_000_000_000)),
        (FormatCheck::Email, None),
    ] {
        let rules = ColumnRules { check: Some(word), ..ColumnRules::default() };
        check(LogicalType::String, "pii", rules, expected);
    }
    for (class, expected) in [
        ("pii.phone", Some(100_000_000_000)),
        ("pii.phone.home", Some(100_000_000_000)),
        ("pii.birth_date", Some(36_525)),
        ("pii.identity_number", Some(100_000_000_000_000)),
        ("pii.ip", Some(4_294_967_296)),
        ("pii.email", None),
        ("pii.name", None),
    ] {
        check(LogicalType::String, class, ColumnRules::default(), expected);
    }
    // The least that is known counts.
    let rules = ColumnRules { check: Some(FormatCheck::E164), ..ColumnRules::default() };
    check(LogicalType::String, "pii.phone", rules, Some(100_000_000_000));
}

#[test]
fn patterns() {
    check_pattern("M[0-9]{8}", None, Some(100_000_000));
    check_pattern("^M[0-9]{8}$", None, Some(100_000_000));
    check_pattern("[A-Z]{2}[0-9]", None, Some(6_760));
    check_pattern("a|b|[cd]", None, Some(4));
    check_pattern("(SH|BJ)-[0-9]?", None, Some(22));
    check_pattern("[0-9]{1,3}", None, Some(1_110));
    check_pattern("[ab]{0,2}", None, Some(7));
    check_pattern("[0-9]+", None, None);
    check_pattern("[0-9]+", Some(3), Some(1_110));
    check_pattern("[0-9a-f]{32}", None, None);
    check_pattern("[0-9a-f]{31}", None, Some(1 << 124));
    check_pattern("[0-9]{4}-(0[1-9]|1[0-2])", None, Some(120_000));
    check_pattern("x{1000}", None, Some(1));
    check_pattern("x*", Some(usize::try_from(u32::MAX).unwrap()), Some(1 << 32));
}

#[test]
fn what_is_stored_coarser_has_fewer() {
    stored("year", LogicalType::Date, ColumnRules::default(), Some(100));
    stored("month", LogicalType::Date, ColumnRules::default(), Some(1_200));
    stored("width(10)", LogicalType::Integer, range(0.0, 119.0), Some(13));
    stored("width(10)", LogicalType::Integer, ColumnRules::default(), None);
    stored("prefix(2)", LogicalType::String, ColumnRules::default(), None);
    stored("fixed", LogicalType::String, ColumnRules::default(), Some(1));
}

#[test]
fn standards_and_parts_bound_them() {
    let of = |change: fn(&mut Column)| {
        let mut column = column(LogicalType::String, "business", ColumnRules::default());
        change(&mut column);
        column.values_max()
    };
    assert_eq!(of(|it| it.standard = Some("phone(CN)".parse().unwrap())), Some(10_u128.pow(15)));
    assert_eq!(of(|it| it.standard = Some("date(ymd)".parse().unwrap())), Some(36_525));
    assert_eq!(of(|it| it.standard = Some("email".parse().unwrap())), None);
    assert_eq!(
        of(|it| it.from = Some(crate::Derived { column: "d".parse().unwrap(), part: crate::Part::Sex })),
        Some(2)
    );
    let rules = ColumnRules { multiple_of: Some(5.0), ..range(0.0, 100.0) };
    assert_eq!(column(LogicalType::Integer, "business", rules).values_max(), Some(21));
}
