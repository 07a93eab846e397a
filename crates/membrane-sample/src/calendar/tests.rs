use chrono::{DateTime, Datelike};

use super::{Calendar, Moment, date};
use crate::seeds::{Draw, Seeds};

fn business(calendar: &Calendar, month: u32, day: u32) -> f64 {
    let index = calendar.days.iter().position(|date| (date.month(), date.day()) == (month, day)).unwrap();
    calendar.before[index + 1] - calendar.before[index]
}

#[test]
fn the_year_is_whole() {
    let calendar = Calendar::new();
    assert_eq!(calendar.days.len(), 365);
    assert_eq!(calendar.before.len(), 366);
    assert_eq!(calendar.months().len(), 12);
    assert!(calendar.months().windows(2).all(|pair| (pair[0].1 - pair[1].0).abs() < 1e-12));
    assert!(calendar.months()[0].0 <= 0.0 && calendar.months()[11].1 >= 1.0);
}

#[test]
fn seasons_and_weekends_show() {
    let calendar = Calendar::new();
    assert!(business(&calendar, 11, 11) > 3.0 * business(&calendar, 11, 18));
    assert!(business(&calendar, 6, 18) > 2.0 * business(&calendar, 6, 25));
    assert!(business(&calendar, 1, 29) < 0.6 * business(&calendar, 2, 12));
    assert!(business(&calendar, 8, 16) > 1.3 * business(&calendar, 8, 13));
}

#[test]
fn moments_agree_in_both_forms() {
    let calendar = Calendar::new();
    let mut rng = Seeds::new(1).rng(Draw::Schedule, 0);
    for share in [0.0, 0.1, 0.5, 0.999_999, 1.0] {
        let moment = calendar.moment(&mut rng, share);
        let mut text = String::new();
        calendar.write(moment, &mut text);
        let parsed: DateTime<chrono::Utc> = text.parse().unwrap();
        assert_eq!(parsed.timestamp_micros(), moment.micros());
        assert_eq!(parsed.year(), 2025);
        assert_eq!(calendar.month_text(moment), parsed.format("%Y-%m").to_string());
    }
    assert_eq!(Moment { day: 0, second: 0 }.micros(), 1_735_689_600_000_000);
}

#[test]
fn days_count_from_new_year() {
    assert_eq!(date(0).to_string(), "2025-01-01");
    assert_eq!(date(-1).to_string(), "2024-12-31");
    assert_eq!(date(364).to_string(), "2025-12-31");
}
