use chrono::{DateTime, Datelike, NaiveDate, Timelike};
use proptest::prelude::*;

use super::*;

proptest! {
    /// chrono is the reference, where it has an answer.
    #[test]
    fn parts_agree_with_chrono(micros in -60_000_000_000_000_000_i64..250_000_000_000_000_000) {
        let instant = DateTime::from_timestamp_micros(micros).expect("in range");
        let part = |part| part_of_micros(part, micros);
        prop_assert_eq!(part(Part::Year), i64::from(instant.year()));
        prop_assert_eq!(part(Part::Quarter), i64::from(instant.month0() / 3 + 1));
        prop_assert_eq!(part(Part::Month), i64::from(instant.month()));
        prop_assert_eq!(part(Part::Week), i64::from(instant.iso_week().week()));
        prop_assert_eq!(part(Part::Day), i64::from(instant.day()));
        prop_assert_eq!(part(Part::DayOfWeek), i64::from(instant.weekday().num_days_from_sunday()));
        prop_assert_eq!(part(Part::Hour), i64::from(instant.hour()));
    }

    #[test]
    fn cuts_agree_with_chrono(micros in -60_000_000_000_000_000_i64..250_000_000_000_000_000) {
        let date = DateTime::from_timestamp_micros(micros).expect("in range").date_naive();
        let start = |date: Option<NaiveDate>| {
            date.and_then(|date| date.and_hms_opt(0, 0, 0)).expect("a day").and_utc().timestamp_micros()
        };
        let cut = |unit| truncate_micros(unit, micros);
        prop_assert_eq!(cut(Unit::Year), start(date.with_ordinal(1)));
        prop_assert_eq!(cut(Unit::Quarter), start(NaiveDate::from_ymd_opt(date.year(), date.month0() / 3 * 3 + 1, 1)));
        prop_assert_eq!(cut(Unit::Month), start(date.with_day(1)));
        let monday = chrono::Duration::days(i64::from(date.weekday().num_days_from_monday()));
        prop_assert_eq!(cut(Unit::Week), start(Some(date - monday)));
        prop_assert_eq!(cut(Unit::Day), start(Some(date)));
        prop_assert!(cut(Unit::Hour) <= micros && micros - cut(Unit::Hour) < MICROS_PER_HOUR);
        prop_assert_eq!(cut(Unit::Hour) % MICROS_PER_HOUR, 0);
    }

    /// No instant at all makes it fail.
    #[test]
    fn every_number_has_parts(micros: i64) {
        for (_, unit) in [(0, Unit::Year), (1, Unit::Quarter), (2, Unit::Month), (3, Unit::Week), (4, Unit::Day), (5, Unit::Hour)] {
            let _ = instant_text(truncate_micros(unit, micros));
        }
        for part in [Part::Quarter, Part::Month, Part::Week, Part::Day, Part::DayOfWeek, Part::Hour] {
            let values = values_of(part).expect("few values");
            prop_assert!(values.contains(&part_of_micros(part, micros)));
        }
    }
}

#[test]
fn dates_and_instants_are_written_as_elsewhere() {
    assert_eq!(date_text(20_513), "2026-03-01");
    assert_eq!(instant_text(1_772_323_200_000_000), "2026-03-01T00:00:00Z");
    assert_eq!(instant_text(1_772_323_200_000_001), "2026-03-01T00:00:00.000001Z");
    assert_eq!(date_text(-1), "1969-12-31");
    assert!(values_of(Part::Year).is_none());
}

#[test]
fn keys_are_held_within_the_years_that_everyone_reads() {
    let (first, last) = ("0001-01-01", "9999-12-31");
    for (days, text) in
        [(i64::MIN / 2, first), (-719_163, first), (-719_162, first), (2_932_896, last), (i64::MAX / 2, last)]
    {
        assert_eq!(date_text(shown_days(days)), text);
    }
    assert_eq!(instant_text(shown_micros(i64::MIN)), "0001-01-01T00:00:00Z");
    assert_eq!(instant_text(shown_micros(i64::MAX)), "9999-12-31T23:59:59.999999Z");
    assert_eq!(shown_micros(1_772_323_200_000_001), 1_772_323_200_000_001);
}

proptest! {
    /// What is written can be read, whatever it is.
    #[test]
    fn days_and_instants_read_back(days: i32, micros: i64) {
        prop_assert_eq!(date_of(&date_text(i64::from(days))), Some(i64::from(days)));
        prop_assert_eq!(instant_of(&instant_text(micros)), Some(micros));
    }
}

#[test]
fn what_was_not_written_here_is_not_read() {
    for text in ["", "2026", "2026-03", "2026-13-01", "2026-03-01-01", "2026-03-xx", "x026-03-01"] {
        assert_eq!(date_of(text), None, "{text}");
    }
    for text in ["2026-03-01", "2026-03-01T00:00:00", "2026-03-01T00:00Z", "T00:00:00Z"] {
        assert_eq!(instant_of(text), None, "{text}");
    }
    assert_eq!(instant_of(&instant_text(i64::MIN)), Some(i64::MIN));
    assert_eq!(instant_of(&instant_text(i64::MAX)), Some(i64::MAX));
}
