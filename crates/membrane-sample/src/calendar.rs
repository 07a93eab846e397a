//! The year of the sample, and when people shop in it.

use std::fmt::Write as _;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use rand::RngExt;

use crate::pick::{pick_weighted, whole};
use crate::seeds::Rng;

/// The year of every event.
pub(crate) const YEAR: i32 = 2025;

/// Seconds from 1970 to the start of the year.
const YEAR_START_S: i64 = 1_735_689_600;

const DAY_S: i64 = 86_400;

/// Hours (UTC) of shops and people in China, eight hours ahead, by weight.
const HOURS: [(i64, u32); 16] = [
    (0, 3),
    (1, 5),
    (2, 7),
    (3, 9),
    (4, 11),
    (5, 8),
    (6, 6),
    (7, 6),
    (8, 7),
    (9, 9),
    (10, 12),
    (11, 14),
    (12, 12),
    (13, 9),
    (14, 5),
    (15, 2),
];

/// A month and a day of it.
type MonthDay = (u32, u32);

/// Stretches of days with more or less business than usual: first, last, factor.
const SEASONS: [(MonthDay, MonthDay, f64); 12] = [
    ((1, 14), (1, 27), 1.6), // Shopping for the Chinese new year of 29 January.
    ((1, 28), (2, 3), 0.45), // The new year itself: shops are shut.
    ((3, 6), (3, 8), 1.4),   // Women's day.
    ((5, 1), (5, 5), 1.3),   // Labour day.
    ((6, 15), (6, 17), 1.8),
    ((6, 18), (6, 18), 2.8), // 6.18
    ((9, 29), (10, 6), 1.3), // National day and mid-autumn.
    ((10, 31), (11, 3), 1.5),
    ((11, 9), (11, 10), 2.2),
    ((11, 11), (11, 11), 4.0), // 11.11
    ((12, 12), (12, 12), 1.7), // 12.12
    ((12, 24), (12, 31), 1.25),
];

/// The days of the year with their share of business.
#[derive(Debug)]
pub(crate) struct Calendar {
    /// The share of business before each day; one entry more than days.
    before: Vec<f64>,
    days: Vec<NaiveDate>,
    texts: Vec<String>,
    months: Vec<(f64, f64)>,
}

impl Calendar {
    pub(crate) fn new() -> Self {
        let days: Vec<NaiveDate> = first_day().iter_days().take_while(|day| day.year() == YEAR).collect();
        let total: f64 = days.iter().map(|day| weight(*day)).sum();
        let mut before = Vec::with_capacity(days.len() + 1);
        let mut sum = 0.0;
        for day in &days {
            before.push(sum / total);
            sum += weight(*day);
        }
        before.push(1.0);
        let share = |month: u32| {
            let index = days.iter().position(|day| day.month() == month).unwrap_or(days.len());
            before.get(index).copied().unwrap_or(1.0)
        };
        let months = (1..=12).map(|month| (share(month), share(month + 1))).collect();
        let texts = days.iter().map(ToString::to_string).collect();
        Self { before, days, texts, months }
    }

    /// Returns the share of business before a day; days outside of the year give 0 or 1.
    pub(crate) fn share_before(&self, day: i64) -> f64 {
        usize::try_from(day).map_or(0.0, |day| self.before.get(day).copied().unwrap_or(1.0))
    }

    /// Returns the months in order: the stretch of shares that each covers.
    pub(crate) fn months(&self) -> &[(f64, f64)] {
        &self.months
    }

    /// Draws the second at which a share of the year's business was done.
    pub(crate) fn moment(&self, rng: &mut Rng, share: f64) -> Moment {
        let day = self.before.partition_point(|before| *before <= share).saturating_sub(1);
        let day = day.min(self.days.len().saturating_sub(1));
        let second = pick_weighted(rng, &HOURS) * 3_600 + rng.random_range(0..3_600);
        Moment { day, second }
    }

    /// Appends the moment as RFC 3339.
    pub(crate) fn write(&self, moment: Moment, out: &mut String) {
        out.push_str(self.texts.get(moment.day).map_or("2025-01-01", String::as_str));
        let (hour, minute) = (moment.second / 3_600, moment.second / 60 % 60);
        // Writing to a string cannot fail.
        let _ = write!(out, "T{hour:02}:{minute:02}:{:02}Z", moment.second % 60);
    }

    /// Returns the month as `2025-03`.
    pub(crate) fn month_text(&self, moment: Moment) -> &str {
        self.texts.get(moment.day).and_then(|text| text.get(..7)).unwrap_or("2025-01")
    }
}

/// A second of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    day: usize,
    second: i64,
}

impl Moment {
    /// Returns microseconds since 1970.
    pub(crate) fn micros(self) -> i64 {
        let day = i64::try_from(self.day).unwrap_or(0);
        (YEAR_START_S + day * DAY_S + self.second) * 1_000_000
    }
}

/// Returns the date this many days after the start of the year; negative is before.
pub(crate) fn date(day: i64) -> NaiveDate {
    let days = Days::new(day.unsigned_abs());
    let first = first_day();
    let date = if day < 0 { first.checked_sub_days(days) } else { first.checked_add_days(days) };
    date.unwrap_or(first)
}

/// Draws a number of events around a mean, as if they came independently, by rounding to a side.
pub(crate) fn round_randomly(rng: &mut Rng, mean: f64) -> u64 {
    whole(mean + rng.random::<f64>())
}

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(YEAR, 1, 1).unwrap_or_default()
}

fn weight(day: NaiveDate) -> f64 {
    let week = match day.weekday() {
        Weekday::Sat => 1.45,
        Weekday::Sun => 1.35,
        Weekday::Fri => 1.1,
        _ => 1.0,
    };
    let at = (day.month(), day.day());
    let season = SEASONS.iter().find(|(first, last, _)| (*first..=*last).contains(&at));
    week * season.map_or(1.0, |(_, _, factor)| *factor)
}

#[cfg(test)]
mod tests;
