use membrane_catalog::{Column, ColumnPolicy, ColumnPrivacy, ColumnRules};
use membrane_model::{Generalisation, LogicalType, PartialMask, Protection, TokenForm};

use super::{coarsest, least_form, least_mask};

fn check_mask(masks: &[&str], expected: Option<&str>) {
    let masks = masks.iter().map(|mask| mask.parse::<PartialMask>().unwrap());
    assert_eq!(least_mask(masks).map(|mask| mask.to_string()), expected.map(ToOwned::to_owned));
}

fn check_column(all: &[&str], column: &Column, expected: Option<&str>) {
    let all = all.iter().map(|how| how.parse::<Generalisation>().unwrap());
    let found = coarsest(all, column).map(|how| how.to_string());
    assert_eq!(found, expected.map(ToOwned::to_owned));
}

fn check_generalisation(all: &[&str], logical_type: LogicalType, expected: Option<&str>) {
    check_column(all, &column(logical_type), expected);
}

/// A column in clear of a type.
fn column(logical_type: LogicalType) -> Column {
    Column {
        name: "c".parse().unwrap(),
        description: String::new(),
        logical_type,
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
    }
}

#[test]
fn the_mask_that_shows_least_wins() {
    check_mask(&[], None);
    check_mask(&["partial(3,4)", "partial(1,0)"], Some("partial(1,0)"));
    check_mask(&["partial(3,0)", "partial(0,3)"], Some("partial(0,3)"));
    check_mask(&["email", "partial(9,9)"], Some("partial(9,9)"));
    check_mask(&["email"], Some("email"));
    check_mask(&["show-first-4", "show-last-4", "email"], Some("show-last-4"));
    check_mask(&["mask-alphanum", "show-last-4"], Some("mask-alphanum"));
    check_mask(&["mask-alphanum", "partial(3,4)"], Some("mask-alphanum"));
    check_mask(&["mask-alphanum", "partial(0,0)"], Some("partial(0,0)"));
    check_mask(&["show-last-4", "partial(3,1)", "partial(3,4)"], Some("partial(3,1)"));
}

#[test]
fn the_coarsest_generalisation_that_fits_wins() {
    check_generalisation(&["month", "year", "prefix(1)"], LogicalType::Date, Some("year"));
    check_generalisation(&["month", "width(5)"], LogicalType::Timestamp, Some("month"));
    check_generalisation(&["width(5)", "width(10)"], LogicalType::Integer, Some("width(10)"));
    let money = LogicalType::Decimal { precision: 12, scale: 2 };
    check_generalisation(&["width(5)", "year"], money, Some("width(5)"));
    check_generalisation(&["prefix(2)", "prefix(1)"], LogicalType::String, Some("prefix(1)"));
    check_generalisation(&["year", "width(5)"], LogicalType::Boolean, None);
    check_generalisation(&["year", "width(5)", "fixed"], LogicalType::Boolean, Some("fixed"));
    check_generalisation(&["age(1)", "year"], LogicalType::Date, Some("year"));
    check_generalisation(&["age(2)", "year"], LogicalType::Date, Some("age(2)"));
    check_generalisation(&["month", "age(5)", "age(10)"], LogicalType::Date, Some("age(10)"));
    check_generalisation(&["geo(3)", "prefix(3)", "geo(4)"], LogicalType::String, Some("prefix(3)"));
}

/// A token in the format of its value shows the length: that is for when every policy that permits it says so.
#[test]
fn a_token_is_opaque_unless_all_agree() {
    use TokenForm::{Ff1, Opaque};
    assert_eq!(least_form([]), Opaque);
    assert_eq!(least_form([Ff1, Ff1]), Ff1);
    assert_eq!(least_form([Ff1, Opaque]), Opaque);
}

/// What would show every value as it is makes nothing coarser.
#[test]
fn a_generalisation_that_keeps_every_value_is_none() {
    check_generalisation(&["width(1)"], LogicalType::Integer, None);
    check_generalisation(&["width(1)", "width(5)"], LogicalType::Integer, Some("width(5)"));
    check_generalisation(&["width(1)"], LogicalType::Decimal { precision: 9, scale: 2 }, None);
    check_generalisation(&["width(1)", "width(2)"], LogicalType::Number, Some("width(2)"));
    let short = |length_max| Column {
        rules: ColumnRules { length_max: Some(length_max), ..ColumnRules::default() },
        ..column(LogicalType::String)
    };
    check_column(&["prefix(6)", "prefix(9)"], &short(6), None);
    check_column(&["prefix(6)", "prefix(9)"], &short(7), Some("prefix(6)"));
}
