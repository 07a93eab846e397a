//! Tests.

use super::*;

#[track_caller]
fn check(date: (u16, u8, u8), time: (u8, u8, u8), expected: Option<&str>) {
    let text = Moment::utc(date, time).ok().map(|moment| moment.to_string());
    assert_eq!(text.as_deref(), expected);
}

#[test]
fn calendar() {
    check((2026, 11, 2), (9, 30, 0), Some("2026-11-02T09:30:00Z"));
    check((2024, 2, 29), (23, 59, 59), Some("2024-02-29T23:59:59Z"));
    check((2000, 2, 29), (0, 0, 0), Some("2000-02-29T00:00:00Z"));
    check((1900, 2, 29), (0, 0, 0), None);
    check((2026, 2, 29), (0, 0, 0), None);
    check((2026, 4, 31), (0, 0, 0), None);
    check((2026, 13, 1), (0, 0, 0), None);
    check((2026, 0, 1), (0, 0, 0), None);
    check((0, 1, 1), (0, 0, 0), None);
    check((2026, 1, 1), (24, 0, 0), None);
    check((2026, 1, 1), (0, 60, 0), None);
    check((2026, 1, 1), (0, 0, 60), None);
}
