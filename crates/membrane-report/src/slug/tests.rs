//! Tests.

use super::*;

#[track_caller]
fn check(text: &str, fits: bool) {
    assert_eq!(Slug::new(text).is_ok(), fits, "{text:?}");
}

#[test]
fn ids() {
    check("a", true);
    check("by-purpose_2", true);
    check(&"a".repeat(64), true);
    check(&"a".repeat(65), false);
    check("", false);
    check("2a", false);
    check("-a", false);
    check("A", false);
    check("a b", false);
    check("a\"", false);
    check("é", false);
}
