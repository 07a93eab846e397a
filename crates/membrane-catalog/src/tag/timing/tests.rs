use super::*;

#[test]
fn days_begin_by_the_clock_of_the_tag() {
    let shanghai = AsOf { utc_offset_minutes: 480, ..AsOf::default() };
    let day: NaiveDate = "2026-06-30".parse().unwrap();
    let start = shanghai.start_of(day).unwrap();
    assert_eq!(start.to_rfc3339(), "2026-06-29T16:00:00+00:00");
    assert_eq!(shanghai.day_of(start), Some(day));
    assert_eq!(shanghai.day_of(start - TimeDelta::seconds(1)), day.pred_opt());
    assert_eq!(AsOf::default().day_of(start), day.pred_opt());
}

#[test]
fn the_ends_of_time_are_not_passed() {
    let ahead = AsOf { utc_offset_minutes: 840, ..AsOf::default() };
    assert_eq!(ahead.start_of(NaiveDate::MIN), None);
    assert_eq!(ahead.day_of(DateTime::<Utc>::MAX_UTC), None);
}
