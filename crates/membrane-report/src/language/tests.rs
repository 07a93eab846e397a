//! Tests.

use super::*;

#[track_caller]
fn check(text: &str, fits: bool) {
    assert_eq!(Language::new(text).is_ok(), fits, "{text:?}");
}

#[test]
fn tags() {
    check("en", true);
    check("de-AT", true);
    check("zh-Hant-TW", true);
    check("", false);
    check("e", false);
    check("en-", false);
    check("en_US", false);
    check("en\" onload=\"x", false);
    check("123", false);
    check("en-aaaaaaaaa", false);
}
