//! What is told of columns that nobody knows, and what is not.

use membrane_model::LogicalType;

use super::*;
use crate::fixture::plain;

#[test]
fn names_that_could_be_columns_are_told_and_others_are_counted() {
    let wanted = Wanted::from(&plain(&[("a", LogicalType::String)]));
    let drift = Drift::of_columns(
        &wanted,
        ["a", "channel", "13800138000", "Wang Xiaoming", "", "of_13800138000", "channel"].into_iter(),
    );
    assert_eq!(drift, Drift { columns: 6, names: vec!["channel".to_owned()] });
    assert_eq!(Drift::of_columns(&wanted, ["a"].into_iter()), Drift::default());
}

#[test]
fn fields_of_few_objects_are_counted_only() {
    let mut unknown = Unknown::default();
    for record in 0..10 {
        unknown.start();
        unknown.saw("channel");
        unknown.saw(&format!("m{record}"));
    }
    assert_eq!(unknown.drift(10), Drift { columns: 11, names: vec!["channel".to_owned()] });
    for record in 0..1000 {
        unknown.saw(&format!("n{record}"));
    }
    assert_eq!(unknown.drift(1000).columns, 65, "they are kept up to a bound");
}
