use super::*;

#[test]
fn months_begin_and_end_in_utc() {
    let check = |moment: &str, text: &str, end: &str| {
        let month = Month::of(moment.parse().unwrap());
        assert_eq!(month.to_string(), text, "{moment}");
        assert_eq!(month.end(), Some(end.parse().unwrap()), "{moment}");
        assert!(month.start() <= moment.parse::<DateTime<Utc>>().unwrap());
        assert_eq!(text.parse::<Month>().unwrap(), month);
    };
    check("2026-02-01T00:00:00Z", "2026-02", "2026-03-01T00:00:00Z");
    check("2026-02-28T23:59:59.999999Z", "2026-02", "2026-03-01T00:00:00Z");
    check("2026-12-31T23:59:59Z", "2026-12", "2027-01-01T00:00:00Z");
    // Midnight of Shanghai is still yesterday here.
    check("2026-03-01T00:30:00+08:00", "2026-02", "2026-03-01T00:00:00Z");
    assert!("2026-01".parse::<Month>().unwrap() < "2026-02".parse().unwrap());
}

#[test]
fn a_month_has_one_text() {
    for wrong in ["", "2026", "2026-2", "2026-13", "2026-00", "26-02", "2026-02-01", "2026-02 ", "+2026-02"] {
        assert!(wrong.parse::<Month>().is_err(), "{wrong}");
    }
}

#[test]
fn the_end_of_time_refills_nothing() {
    assert_eq!(Month::of(DateTime::<Utc>::MAX_UTC).end(), None);
    assert_eq!(Window::Lifetime.refills(), None);
}
