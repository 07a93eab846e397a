use super::*;

fn profile(values: impl IntoIterator<Item = &'static str>) -> Profile {
    let mut profile = Profile::new();
    for value in values {
        profile.see(Some(value).filter(|value| !value.is_empty()));
    }
    profile
}

#[test]
fn types_are_counted_by_row() {
    let seen = profile([
        "1",
        "-2",
        "3.50",
        "007",
        "1e3",
        "true",
        "2026-03-01",
        "2026-03-01T10:00:00Z",
        "2026-03-01 10:00:00",
        "x",
        "",
    ]);
    let types = seen.types;
    assert_eq!((seen.rows, seen.values, seen.missing()), (11, 10, 1));
    assert_eq!((types.integer, types.decimal, types.number, types.zero_led), (2, 3, 5, 1));
    assert_eq!((types.boolean, types.date, types.timestamp, types.local_time), (1, 1, 1, 1));
    assert_eq!((types.whole_digits, types.scale, seen.length_max), (1, 2, 20));
    assert_eq!(seen.range, Some((-2.0, 1000.0)));
}

#[test]
fn values_are_listed_while_they_are_few() {
    let seen = profile(["a", "b", "a"]);
    assert_eq!(seen.listed.as_ref().and_then(|listed| listed.get("a")), Some(&2));
    assert!(!seen.is_unique() && seen.different() == 2);
    let mut many = Profile::new();
    for row in 0..LISTED_MAX + 1 {
        many.see(Some(&row.to_string()));
    }
    assert!(many.listed.is_none() && many.is_unique());
    let mut long = Profile::new();
    long.see(Some(&"x".repeat(LISTED_BYTES_MAX + 1)));
    assert!(long.listed.is_none());
    assert_eq!(format!("{seen:?}"), "Profile(3 rows, 3 values, 2 different)");
}

#[test]
fn checks_are_counted_as_values_are_delivered() {
    let seen = profile(["13800138000", "138 0013 8000", "+8613800138000"]);
    assert_eq!((seen.passed(FormatCheck::MobileChina), seen.passed(FormatCheck::E164)), (2, 1));
}
