use super::*;

fn distance_of(left: &str, right: &str) -> usize {
    distance(&left.chars().collect::<Vec<_>>(), &right.chars().collect::<Vec<_>>())
}

#[test]
fn distances() {
    for (left, right, expected) in [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "", 3),
        ("abc", "abc", 0),
        ("abc", "abd", 1),
        ("abc", "acb", 1),
        ("abc", "ab", 1),
        ("kitten", "sitting", 3),
        ("ca", "abc", 3),
    ] {
        assert_eq!(distance_of(left, right), expected, "{left} {right}");
    }
}

#[test]
fn close_words_are_suggested_and_far_ones_are_not() {
    let known = ["classification", "required", "membrane.protection", "id"];
    assert_eq!(closest("clasification", known), Some("classification"));
    assert_eq!(closest("Required", known), Some("required"));
    assert_eq!(closest("membrane.protecton", known), Some("membrane.protection"));
    assert_eq!(closest("owner", known), None);
    assert_eq!(closest("xy", known), None);
    assert_eq!(closest(&"a".repeat(10_000), known), None);
}

#[test]
fn values_are_not_shown() {
    assert_eq!(shown("clasification"), "`clasification`");
    for value in ["13800138000", "a@b.cn", "李伟", "+8613800138000", "", &"a".repeat(65)] {
        assert_eq!(shown(value), "(not shown)");
    }
}
