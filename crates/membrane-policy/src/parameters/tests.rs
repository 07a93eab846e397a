use membrane_model::{Generalisation, LogicalType, PartialMask};

use super::{coarsest, least_mask};

fn check_mask(masks: &[&str], expected: Option<&str>) {
    let masks = masks.iter().map(|mask| mask.parse::<PartialMask>().unwrap());
    assert_eq!(least_mask(masks).map(|mask| mask.to_string()), expected.map(ToOwned::to_owned));
}

fn check_generalisation(all: &[&str], logical_type: LogicalType, expected: Option<&str>) {
    let all = all.iter().map(|how| how.parse::<Generalisation>().unwrap());
    let found = coarsest(all, logical_type).map(|how| how.to_string());
    assert_eq!(found, expected.map(ToOwned::to_owned));
}

#[test]
fn the_mask_that_shows_least_wins() {
    check_mask(&[], None);
    check_mask(&["partial(3,4)", "partial(1,0)"], Some("partial(1,0)"));
    check_mask(&["partial(3,0)", "partial(0,3)"], Some("partial(0,3)"));
    check_mask(&["email", "partial(9,9)"], Some("partial(9,9)"));
    check_mask(&["email"], Some("email"));
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
}
