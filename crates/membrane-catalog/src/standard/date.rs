//! Days in the spellings that exports have, as ISO 8601 writes them.
//!
//! | asked for | read |
//! | --- | --- |
//! | any | `2026-03-01`, `2026/3/1`, `2026.3.1`, `2026年3月1日`, `20260301`, each with a midnight behind it or not |
//! | `date(dmy)` | also `1/3/2026`, `01.03.2026` |
//! | `date(mdy)` | also `3/1/2026` |
//!
//! A year has four digits: of two nobody knows the century.

use std::fmt;

use chrono::{Datelike as _, NaiveDate};

use super::width;

/// Which comes first where the year comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// Neither is read: the year comes first.
    YearFirst,
    /// The day.
    DayFirst,
    /// The month.
    MonthFirst,
}

impl Order {
    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::YearFirst, Self::DayFirst, Self::MonthFirst].into_iter().find(|order| order.as_str() == text)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::YearFirst => "ymd",
            Self::DayFirst => "dmy",
            Self::MonthFirst => "mdy",
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

pub(super) fn standard(text: &str, order: Order) -> Option<String> {
    let folded = width::fold(text);
    let day = without_midnight(&folded);
    let day = day.strip_suffix('日').or_else(|| day.strip_suffix('号')).unwrap_or(day).trim_end();
    if day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit()) {
        let (year, rest) = day.split_at_checked(4)?;
        let (month, of_month) = rest.split_at_checked(2)?;
        return written(year, month, of_month);
    }
    let between = |letter: char| matches!(letter, '/' | '.' | '年' | '月') || width::is_dash(letter);
    let mut parts = day.split(between).map(str::trim);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    match order {
        _ if first.len() == 4 => written(first, second, third),
        Order::YearFirst => None,
        Order::DayFirst => written(third, second, first),
        Order::MonthFirst => written(third, first, second),
    }
}

/// Cuts off a time of day that says nothing: what a database or a spreadsheet makes of a day.
fn without_midnight(text: &str) -> &str {
    let Some((day, time)) = text.split_once([' ', 'T']) else { return text };
    let is_midnight = |time: &str| {
        let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
        matches!(clock, "00:00" | "00:00:00" | "0:00" | "0:00:00")
            && fraction.bytes().all(|byte| byte == b'0')
    };
    if is_midnight(time.trim()) { day } else { text }
}

fn written(year: &str, month: &str, day: &str) -> Option<String> {
    let number = |text: &str, digits: usize| {
        let plain = (1..=digits).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse::<u32>().ok()).flatten()
    };
    let year = number(year, 4).filter(|_| year.len() == 4)?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, number(month, 2)?, number(day, 2)?)?;
    (date.year() >= 1).then(|| date.format("%Y-%m-%d").to_string())
}

pub(super) fn is_standard(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits =
        |at: std::ops::Range<usize>| bytes.get(at).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    bytes.len() == 10
        && digits(0..4)
        && digits(5..7)
        && digits(8..10)
        && bytes.get(4) == Some(&b'-')
        && bytes.get(7) == Some(&b'-')
        && text.parse::<NaiveDate>().is_ok_and(|date| date.year() >= 1)
}
