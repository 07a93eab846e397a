//! Periods, and up to when rows are past.

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn check(period: &str, now: &str, expected: &str) {
    let period = Retention::parse(period).unwrap();
    assert_eq!(period.cut_off(at(now)), at(expected), "{period} {now}");
}

#[test]
fn the_cut_off_is_the_beginning_of_a_day() {
    check("3 y", "2026-02-03T23:59:59Z", "2023-02-03T00:00:00Z");
    check("3 y", "2026-02-04T00:00:00Z", "2023-02-04T00:00:00Z");
    check("1 d", "2026-03-01T12:00:00Z", "2026-02-28T00:00:00Z");
    check("2 w", "2026-03-01T12:00:00Z", "2026-02-15T00:00:00Z");
    // What a month or a year has no day for ends with the last day that it has.
    check("1 month", "2026-03-31T12:00:00Z", "2026-02-28T00:00:00Z");
    check("1 y", "2024-02-29T12:00:00Z", "2023-02-28T00:00:00Z");
    let long = Retention::parse("200 years").unwrap();
    assert_eq!(long.cut_off(DateTime::<Utc>::MIN_UTC), DateTime::<Utc>::MIN_UTC);
}

#[test]
fn periods_are_read_in_the_units_of_the_standard() {
    for (text, shown) in [
        ("3 y", "3 y"),
        ("3y", "3 y"),
        (" 3 years ", "3 y"),
        ("36 months", "36 month"),
        ("6 mo", "6 month"),
        ("90 day", "90 d"),
        ("12 weeks", "12 w"),
    ] {
        let period = Retention::parse(text).unwrap();
        assert_eq!(period.to_string(), shown, "{text}");
        assert_eq!(Retention::parse(shown), Some(period));
    }
    for text in ["", "3", "y", "0 d", "-1 d", "1.5 y", "3 m", "3 h", "201 y", "3 y y", "99999999999 d"] {
        assert_eq!(Retention::parse(text), None, "{text}");
    }
}

#[test]
fn periods_of_different_units_are_compared() {
    let parts = |text| Retention::parse(text).unwrap().parts();
    assert_eq!(parts("12 month"), parts("1 y"));
    assert_eq!(parts("7 d"), parts("1 w"));
    assert!(parts("365 d") < parts("1 y") && parts("366 d") > parts("1 y"));
    assert!(parts("28 d") < parts("1 month") && parts("31 d") > parts("1 month"));
}
