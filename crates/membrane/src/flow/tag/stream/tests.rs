//! When a turn of following ends.

use super::*;

#[test]
fn a_turn_ends_with_its_day() {
    let at = |text: &str| text.parse::<DateTime<Utc>>().expect("moment");
    let opened = at("2026-03-01T23:58:00Z");
    for (now, longest, over) in [
        ("2026-03-01T23:59:59Z", IDLE_RUN, false),
        ("2026-03-01T23:59:59Z", RUN, true),
        ("2026-03-02T00:00:00Z", IDLE_RUN, true),
    ] {
        assert_eq!(is_over(opened, longest, at(now)), over, "{now}");
    }
    assert!(is_over(at("2026-03-01T10:00:00Z"), IDLE_RUN, at("2026-03-01T10:10:01Z")));
}
