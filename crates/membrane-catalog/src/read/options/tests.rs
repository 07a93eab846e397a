use super::super::yaml::Document;
use super::*;

const MONEY: LogicalType = LogicalType::Decimal { precision: 5, scale: 2 };

fn read(logical: LogicalType, yaml: &str) -> (ColumnRules, Vec<String>) {
    let mut report = Report::new("x.yaml".as_ref());
    let document = Document::parse(yaml, &mut report).unwrap();
    let rules = read_options(Some(document.root()), "it", Some(logical), &mut report);
    (rules, report.into_faults().into_iter().map(|fault| fault.message).collect())
}

fn check_faults(logical: LogicalType, yaml: &str, expected: &[&str]) {
    assert_eq!(read(logical, yaml).1, expected, "{yaml}");
}

fn pattern(text: &str) -> Regex {
    let (rules, faults) = read(LogicalType::String, &format!("pattern: '{text}'"));
    assert!(faults.is_empty(), "{faults:?}");
    rules.pattern.unwrap()
}

#[test]
fn rules_are_read() {
    let (rules, faults) = read(MONEY, "{minimum: 0, maximum: 999.99, format: f64}");
    assert!(faults.is_empty() && rules.minimum == Some(0.0) && rules.maximum == Some(999.99), "{faults:?}");
    let (rules, faults) = read(LogicalType::String, "{maxLength: 20, exclusiveMinimum: false}");
    assert!(faults.is_empty() && rules.length_max == Some(20), "{faults:?}");
}

#[test]
fn a_pattern_matches_the_whole_value() {
    let month = pattern(r"\d{4}-\d{2}");
    assert!(month.is_match("2026-03"));
    for wrong in ["2026-03-01", "x2026-03", "2026-03\n", "２０２６-03"] {
        assert!(!month.is_match(wrong), "{wrong}");
    }
    let either = pattern("a|bc");
    assert!(
        either.is_match("a") && either.is_match("bc") && !either.is_match("ac") && !either.is_match("abc")
    );
    assert!(pattern("^x$").is_match("x"), "anchors of the author change nothing");
    assert!(!pattern("(?m)^x$").is_match("x\ny"), "nor do lines");
    assert!(pattern(r"[\d\w.-]+").is_match("a-1_b."));
    assert!(pattern(r"\\d").is_match("\\d"), "an escaped backslash is no class");
    assert!(!pattern(r"\W").is_match("a") && pattern(r"\D").is_match("x"));
}

#[test]
fn a_pattern_that_does_not_compile_is_not_repeated() {
    for wrong in ["(secret", "a)|(b", "(?=x)", r"(a)\1", "(?x) a #"] {
        let (rules, faults) = read(LogicalType::String, &format!("pattern: '{wrong}'"));
        assert!(rules.pattern.is_none() && faults.len() == 1, "{wrong}: {faults:?}");
        assert!(
            faults[0].starts_with("it: `pattern` does not compile") && !faults[0].contains(wrong),
            "{faults:?}"
        );
    }
    check_faults(
        LogicalType::String,
        r"pattern: '\p{L}{1000}{1000}'",
        &["it: `pattern` is too large when compiled"],
    );
}

#[test]
fn rules_must_fit_the_type() {
    check_faults(LogicalType::String, "minimum: 1", &["`minimum` is a rule for numbers, it is string"]);
    check_faults(LogicalType::Date, "maximum: 2024-01-01", &["`maximum` is a rule for numbers, it is date"]);
    check_faults(LogicalType::Integer, "pattern: x", &["`pattern` is a rule for texts, it is integer"]);
    check_faults(MONEY, "maxLength: 3", &["`maxLength` is a rule for texts, it is decimal(5,2)"]);
}

#[test]
fn numbers_must_be_values_of_the_type() {
    check_faults(
        LogicalType::Integer,
        "minimum: 0.5",
        &["`minimum` of it is no value that integer can have"],
    );
    check_faults(MONEY, "maximum: 0.125", &["`maximum` of it is no value that decimal(5,2) can have"]);
    check_faults(MONEY, "maximum: 1000", &["`maximum` of it is no value that decimal(5,2) can have"]);
    check_faults(MONEY, "maximum: 0.29", &[]);
    check_faults(LogicalType::Number, "maximum: .inf", &["`maximum` of it must be finite"]);
    check_faults(LogicalType::Number, "minimum: .nan", &["`minimum` of it must be finite"]);
    check_faults(LogicalType::Number, "minimum: '1'", &["`minimum` of it must be a number, here is text"]);
    check_faults(
        LogicalType::Integer,
        "maximum: 9007199254740993",
        &["`maximum` of it is past 2^53, where numbers are no longer exact"],
    );
    check_faults(LogicalType::Integer, "{minimum: 2, maximum: 1}", &["it: `minimum` is above `maximum`"]);
    check_faults(LogicalType::Integer, "{minimum: 2, maximum: 2}", &[]);
    check_faults(
        LogicalType::String,
        "maxLength: 0",
        &["`maxLength` of it must be a whole number from 1 to 4294967295"],
    );
}

#[test]
fn ends_that_lie_outside_are_read_in_both_editions() {
    let ends = |yaml: &str| {
        let (rules, faults) = read(LogicalType::Integer, yaml);
        assert!(faults.is_empty(), "{yaml}: {faults:?}");
        (rules.minimum, rules.above_minimum, rules.maximum, rules.below_maximum)
    };
    assert_eq!(ends("{minimum: 1, exclusiveMinimum: true}"), (Some(1.0), true, None, false));
    assert_eq!(ends("{minimum: 1, exclusiveMinimum: false}"), (Some(1.0), false, None, false));
    assert_eq!(ends("{maximum: 9, exclusiveMaximum: true}"), (None, false, Some(9.0), true));
    assert_eq!(ends("{exclusiveMinimum: 1, exclusiveMaximum: 9}"), (Some(1.0), true, Some(9.0), true));
    // Of two the narrower counts; at one place, the end itself is outside.
    assert_eq!(ends("{minimum: 2, exclusiveMinimum: 1}"), (Some(2.0), false, None, false));
    assert_eq!(ends("{minimum: 1, exclusiveMinimum: 2}"), (Some(2.0), true, None, false));
    assert_eq!(ends("{minimum: 1, exclusiveMinimum: 1}"), (Some(1.0), true, None, false));
    assert_eq!(ends("{maximum: 8, exclusiveMaximum: 9}"), (None, false, Some(8.0), false));
    check_faults(
        LogicalType::Integer,
        "{exclusiveMinimum: true}",
        &["it: `exclusiveMinimum: true` speaks of `minimum`, which is not there"],
    );
    check_faults(
        LogicalType::Integer,
        "{minimum: 1, exclusiveMaximum: 1}",
        &["it: there is no value between the two ends"],
    );
    check_faults(
        LogicalType::String,
        "{exclusiveMaximum: 1}",
        &["`exclusiveMaximum` is a rule for numbers, it is string"],
    );
}

#[test]
fn lengths_and_multiples_are_read() {
    let (rules, faults) = read(LogicalType::String, "{minLength: 2, maxLength: 4}");
    assert!(faults.is_empty() && (rules.length_min, rules.length_max) == (Some(2), Some(4)), "{faults:?}");
    let (rules, faults) = read(MONEY, "{multipleOf: 0.05}");
    assert!(faults.is_empty() && rules.multiple_of == Some(0.05), "{faults:?}");
    check_faults(
        LogicalType::String,
        "{minLength: 5, maxLength: 4}",
        &["it: `minLength` is above `maxLength`"],
    );
    check_faults(LogicalType::Integer, "multipleOf: 0", &["`multipleOf` of it must be above zero"]);
    check_faults(
        LogicalType::Integer,
        "multipleOf: 0.5",
        &["`multipleOf` of it is no value that integer can have"],
    );
    check_faults(MONEY, "multipleOf: 0.005", &["`multipleOf` of it is no value that decimal(5,2) can have"]);
    check_faults(LogicalType::Date, "multipleOf: 1", &["`multipleOf` is a rule for numbers, it is date"]);
    check_faults(
        LogicalType::String,
        "maxlength: 2",
        &["`logicalTypeOptions` of it has an unknown key `maxlength`, did you mean `maxLength`?"],
    );
}
