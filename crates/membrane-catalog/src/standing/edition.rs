//! Periods of time, in UTC, and the editions of a standing release that tell of them.

use std::fmt;
use std::str::FromStr;

use chrono::{
    DateTime, Datelike as _, Days, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike as _, Utc, Weekday,
};
use membrane_model::NameError;

/// The length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week, from Monday (ISO 8601).
    Week,
    /// A calendar month.
    Month,
}

/// A period, named as in ISO 8601: `2026-11-29T13`, `2026-11-29`, `2026-W48`, `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edition {
    start: NaiveDateTime,
    end: NaiveDateTime,
    every: EveryOrder,
}

/// Kept apart so that editions order by time first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum EveryOrder {
    Hour,
    Day,
    Week,
    Month,
}

const FORM: &str = "`2026-11-29T13`, `2026-11-29`, `2026-W48` or `2026-11`";

impl Every {
    /// Returns the word that files use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    const fn order(self) -> EveryOrder {
        match self {
            Self::Hour => EveryOrder::Hour,
            Self::Day => EveryOrder::Day,
            Self::Week => EveryOrder::Week,
            Self::Month => EveryOrder::Month,
        }
    }

    /// Returns the last period that is over at a moment; none at the ends of the calendar.
    #[must_use]
    pub fn last_before(self, moment: DateTime<Utc>) -> Option<Edition> {
        let now = moment.naive_utc();
        let midnight = now.date().and_time(chrono::NaiveTime::MIN);
        let end = match self {
            Self::Hour => midnight.checked_add_signed(TimeDelta::hours(i64::from(now.hour())))?,
            Self::Day => midnight,
            Self::Week => {
                midnight.checked_sub_days(Days::new(u64::from(now.weekday().num_days_from_monday())))?
            }
            Self::Month => now.date().with_day(1)?.and_time(chrono::NaiveTime::MIN),
        };
        let start = match self {
            Self::Hour => end.checked_sub_signed(TimeDelta::hours(1))?,
            Self::Day => end.checked_sub_days(Days::new(1))?,
            Self::Week => end.checked_sub_days(Days::new(7))?,
            Self::Month => end.checked_sub_months(Months::new(1))?,
        };
        Some(Edition { start, end, every: self.order() })
    }
}

impl FromStr for Every {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let all = [Self::Hour, Self::Day, Self::Week, Self::Month];
        let found = all.into_iter().find(|every| every.as_str() == text);
        found.ok_or_else(|| NameError::new("length of a period", "`hour`, `day`, `week` or `month`"))
    }
}

impl Edition {
    /// Returns how long its period is.
    #[must_use]
    pub const fn every(&self) -> Every {
        match self.every {
            EveryOrder::Hour => Every::Hour,
            EveryOrder::Day => Every::Day,
            EveryOrder::Week => Every::Week,
            EveryOrder::Month => Every::Month,
        }
    }

    /// Returns the first moment of its period.
    #[must_use]
    pub const fn start(&self) -> DateTime<Utc> {
        self.start.and_utc()
    }

    /// Returns the edition after it; none at the end of the calendar.
    #[must_use]
    pub fn next(&self) -> Option<Self> {
        let end = match self.every() {
            Every::Hour => self.end.checked_add_signed(TimeDelta::hours(1)),
            Every::Day => self.end.checked_add_days(Days::new(1)),
            Every::Week => self.end.checked_add_days(Days::new(7)),
            Every::Month => self.end.checked_add_months(Months::new(1)),
        };
        Some(Self { start: self.end, end: end?, every: self.every })
    }

    /// Returns this edition and those after it, to the end of the calendar.
    pub fn and_after(self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), Self::next)
    }

    /// Returns the end of its period: the first moment that is not in it.
    #[must_use]
    pub const fn end(&self) -> DateTime<Utc> {
        self.end.and_utc()
    }

    /// Returns the first day or instant of its period, as SQL writes it.
    #[must_use]
    pub fn start_sql(&self) -> String {
        self.sql(self.start)
    }

    /// Returns the first day or instant after its period, as SQL writes it.
    #[must_use]
    pub fn end_sql(&self) -> String {
        self.sql(self.end)
    }

    fn sql(&self, moment: NaiveDateTime) -> String {
        match self.every {
            EveryOrder::Hour => format!("TIMESTAMP '{}'", moment.format("%Y-%m-%dT%H:%M:%SZ")),
            _ => format!("DATE '{}'", moment.format("%Y-%m-%d")),
        }
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = match self.every {
            EveryOrder::Hour => "%Y-%m-%dT%H",
            EveryOrder::Day => "%Y-%m-%d",
            EveryOrder::Week => "%G-W%V",
            EveryOrder::Month => "%Y-%m",
        };
        write!(f, "{}", self.start.format(form))
    }
}

impl FromStr for Edition {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let fault = || NameError::new("edition", FORM);
        let (every, start) = read(text).ok_or_else(fault)?;
        let end = match every {
            Every::Hour => start.checked_add_signed(TimeDelta::hours(1)),
            Every::Day => start.checked_add_days(Days::new(1)),
            Every::Week => start.checked_add_days(Days::new(7)),
            Every::Month => start.checked_add_months(Months::new(1)),
        };
        let edition = Self { start, end: end.ok_or_else(fault)?, every: every.order() };
        // One period has one name.
        if edition.to_string() == text { Ok(edition) } else { Err(fault()) }
    }
}

fn read(text: &str) -> Option<(Every, NaiveDateTime)> {
    let midnight = |date: NaiveDate| date.and_time(chrono::NaiveTime::MIN);
    if let Some((year, week)) = text.split_once("-W") {
        let date = NaiveDate::from_isoywd_opt(year.parse().ok()?, week.parse().ok()?, Weekday::Mon)?;
        return Some((Every::Week, midnight(date)));
    }
    if let Some((day, hour)) = text.split_once('T') {
        let date = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
        return Some((Every::Hour, date.and_hms_opt(hour.parse().ok()?, 0, 0)?));
    }
    match text.split('-').count() {
        2 => {
            let date = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok()?;
            Some((Every::Month, midnight(date)))
        }
        _ => Some((Every::Day, midnight(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_have_one_name_and_meet() {
        for (text, end) in [
            ("2026-11-29T23", "2026-11-30T00:00:00Z"),
            ("2024-02-29", "2024-03-01T00:00:00Z"),
            ("2026-W53", "2027-01-04T00:00:00Z"),
            ("2026-12", "2027-01-01T00:00:00Z"),
        ] {
            let edition: Edition = text.parse().expect("an edition");
            assert_eq!(edition.to_string(), text);
            assert_eq!(edition.end().to_rfc3339_opts(chrono::SecondsFormat::Secs, true), end);
        }
        for text in
            ["2026", "2026-13", "2026-W54", "2026-1-1", "2026-11-31", "13812345678", "2026-11-29T24", ""]
        {
            assert!(text.parse::<Edition>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_period_is_over() {
        let moment: DateTime<Utc> = "2026-11-29T13:45:10Z".parse().expect("a moment");
        for (every, expected) in [
            (Every::Hour, "2026-11-29T12"),
            (Every::Day, "2026-11-28"),
            (Every::Week, "2026-W47"),
            (Every::Month, "2026-10"),
        ] {
            let edition = every.last_before(moment).expect("an edition");
            assert_eq!(edition.to_string(), expected);
            assert!(edition.end() <= moment);
            assert_eq!(edition.to_string().parse::<Edition>().expect("an edition"), edition);
            // At the very moment at which a period ends it is over.
            assert_eq!(every.last_before(edition.end()), Some(edition));
            let next = edition.next().expect("an edition");
            assert_eq!((every.last_before(next.end()), next.start()), (Some(next), edition.end()));
        }
    }

    #[test]
    fn sql_says_when() {
        let month: Edition = "2026-11".parse().expect("an edition");
        assert_eq!(
            (month.start_sql(), month.end_sql()),
            ("DATE '2026-11-01'".into(), "DATE '2026-12-01'".into())
        );
        let hour: Edition = "2026-11-29T13".parse().expect("an edition");
        assert_eq!(hour.start_sql(), "TIMESTAMP '2026-11-29T13:00:00Z'");
    }
}
