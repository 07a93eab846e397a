use super::super::yaml::Document;
use super::*;
use crate::FormatCheck;

fn read(logical: LogicalType, rules: &ColumnRules, yaml: &str) -> Result<Vec<String>, Vec<String>> {
    let mut report = Report::new("x.yaml".as_ref());
    let document = Document::parse(yaml, &mut report).unwrap();
    let values = read_enumeration(document.root(), "it", logical, rules, &mut report);
    let faults: Vec<_> = report.into_faults().into_iter().map(|fault| fault.message).collect();
    if faults.is_empty() { Ok(values.unwrap()) } else { Err(faults) }
}

fn check(logical: LogicalType, yaml: &str, expected: Result<&[&str], &[&str]>) {
    let found = read(logical, &ColumnRules::default(), yaml);
    let own = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(found, expected.map(own).map_err(own), "{yaml}");
}

#[test]
fn values_become_canonical_text() {
    check(LogicalType::String, "[SH, '01', 广东]", Ok(&["SH", "01", "广东"]));
    check(LogicalType::Integer, "[+3, 0x10, -1]", Ok(&["3", "16", "-1"]));
    check(LogicalType::Boolean, "[true, false]", Ok(&["true", "false"]));
    check(LogicalType::Date, "[2024-02-29, '2024-03-01']", Ok(&["2024-02-29", "2024-03-01"]));
}

#[test]
fn values_must_be_of_the_type() {
    check(
        LogicalType::String,
        "[SH, 01, true]",
        Err(&[
            "it: value 2 of the enumeration is a number to YAML: put it in quotes",
            "it: value 3 of the enumeration is a boolean to YAML: put it in quotes",
        ]),
    );
    check(
        LogicalType::Integer,
        "[x, 1.5]",
        Err(&[
            "it: value 1 of the enumeration is text, the column is integer",
            "it: value 2 of the enumeration is a number, the column is integer",
        ]),
    );
    check(
        LogicalType::Date,
        "[2024-02-30, 2024-2-3]",
        Err(&[
            "it: value 1 of the enumeration is not a date, `YYYY-MM-DD`",
            "it: value 2 of the enumeration is not a date, `YYYY-MM-DD`",
        ]),
    );
    check(
        LogicalType::Timestamp,
        "[x]",
        Err(&["it: an enumeration is for strings, integers, booleans and dates, not timestamp"]),
    );
}

#[test]
fn lists_must_have_values_once() {
    check(LogicalType::String, "[a, b, a]", Err(&["it: value 3 of the enumeration occurs twice"]));
    check(LogicalType::String, "[]", Err(&["it: an enumeration has 1 to 10000 values"]));
    check(LogicalType::String, "a", Err(&["`membrane.enumeration` must be a list, here is text"]));
    let many = format!("[{}]", (0..=VALUES_MAX).map(|n| format!("v{n}")).collect::<Vec<_>>().join(","));
    check(LogicalType::String, &many, Err(&["it: an enumeration has 1 to 10000 values"]));
}

#[test]
fn values_must_keep_the_other_rules() {
    let texts = ColumnRules {
        length_max: Some(2),
        pattern: regex::Regex::new("^[a-z]+$").ok(),
        ..Default::default()
    };
    let faults = read(LogicalType::String, &texts, "[ab, abc, '1']").unwrap_err();
    assert!(
        faults[0].ends_with("value 2 of the enumeration breaks the column's own `maxLength`"),
        "{faults:?}"
    );
    assert!(
        faults[1].ends_with("value 3 of the enumeration breaks the column's own `pattern`"),
        "{faults:?}"
    );
    let numbers = ColumnRules { minimum: Some(0.0), maximum: Some(9.0), ..Default::default() };
    assert!(read(LogicalType::Integer, &numbers, "[0, 9]").is_ok());
    assert_eq!(read(LogicalType::Integer, &numbers, "[-1, 10]").unwrap_err().len(), 2);
    let checked = ColumnRules { check: Some(FormatCheck::Luhn), ..Default::default() };
    let faults = read(LogicalType::String, &checked, "['4111111111111112']").unwrap_err();
    assert!(faults[0].ends_with("`membrane.check`") && !faults[0].contains("4111"), "{faults:?}");
}
