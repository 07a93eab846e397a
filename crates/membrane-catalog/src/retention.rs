//! For how long rows are kept, and up to when that is at a moment.
//!
//! Nadia's order of 3 February 2023 is kept for `3 y`. On 3 February 2026 it is there for the whole day, by UTC; on the 4th it is past, as the
//! period of each row ends with a day:
//!
//! | now | what is past |
//! | --- | --- |
//! | 2026-02-03T23:59Z | rows of before 2023-02-03T00:00Z |
//! | 2026-02-04T00:00Z | rows of before 2023-02-04T00:00Z |
//!
//! So the cut-off moves once a day: the same question is the same for a day, and files are written again once a day at most. Where the
//! event time is stored as a month or a year, a row is past when all of that is.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Datelike as _, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use membrane_model::{ColumnName, Generalisation, Protection, Purpose};

use crate::Dataset;

/// The longest period: whoever keeps rows for longer has mistaken the unit.
const YEARS_MAX: u32 = 200;
/// A month of the Gregorian calendar, and a day, in parts of which both are whole numbers: 400 years are 146,097 days.
const MONTH_PARTS: u64 = 146_097;
const DAY_PARTS: u64 = 4_800;

/// A unit of time of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetentionUnit {
    /// A day.
    Day,
    /// Seven days.
    Week,
    /// A month of the calendar.
    Month,
    /// A year of the calendar.
    Year,
}

impl RetentionUnit {
    /// Every unit.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Year];

    /// Returns the word for it, as the standard has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "d",
            Self::Week => "w",
            Self::Month => "month",
            Self::Year => "y",
        }
    }

    /// Every spelling of the standard's. `m` is none: it is a minute to some and a month to others.
    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Day => &["d", "day", "days"],
            Self::Week => &["w", "week", "weeks"],
            Self::Month => &["month", "months", "mo"],
            Self::Year => &["y", "yr", "year", "years"],
        }
    }

    /// Reads a unit.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.words().contains(&word))
    }
}

/// For how long rows are kept: `3 y`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    amount: u32,
    unit: RetentionUnit,
}

impl Retention {
    /// Makes a period; none of nothing, and none that is longer than anybody means.
    #[must_use]
    pub fn new(amount: u32, unit: RetentionUnit) -> Option<Self> {
        let most = match unit {
            RetentionUnit::Day => YEARS_MAX * 366,
            RetentionUnit::Week => YEARS_MAX * 53,
            RetentionUnit::Month => YEARS_MAX * 12,
            RetentionUnit::Year => YEARS_MAX,
        };
        (1..=most).contains(&amount).then_some(Self { amount, unit })
    }

    /// Reads a period: a whole number, and a unit behind it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.len() - text.trim_start_matches(|sign: char| sign.is_ascii_digit()).len();
        let (amount, unit) = text.split_at_checked(digits)?;
        Self::new(amount.parse().ok()?, RetentionUnit::parse(unit.trim_start())?)
    }

    /// Returns the number of its units.
    #[must_use]
    pub const fn amount(self) -> u32 {
        self.amount
    }

    /// Returns its unit.
    #[must_use]
    pub const fn unit(self) -> RetentionUnit {
        self.unit
    }

    /// Returns its length, by which periods of different units are compared: 12 months are a year, and a month is a twelfth of it.
    pub(crate) fn parts(self) -> u64 {
        let amount = u64::from(self.amount);
        match self.unit {
            RetentionUnit::Day => amount * DAY_PARTS,
            RetentionUnit::Week => amount * 7 * DAY_PARTS,
            RetentionUnit::Month => amount * MONTH_PARTS,
            RetentionUnit::Year => amount * 12 * MONTH_PARTS,
        }
    }

    /// Returns the moment before which rows are past: the beginning of a day.
    #[must_use]
    pub fn cut_off(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let day = now.date_naive();
        let first = match self.unit {
            RetentionUnit::Day => day.checked_sub_signed(TimeDelta::days(self.amount.into())),
            RetentionUnit::Week => day.checked_sub_signed(TimeDelta::weeks(self.amount.into())),
            RetentionUnit::Month => day.checked_sub_months(Months::new(self.amount)),
            RetentionUnit::Year => day.checked_sub_months(Months::new(self.amount.saturating_mul(12))),
        };
        // Before the calendar begins nothing is past.
        first.map_or(DateTime::<Utc>::MIN_UTC, begins)
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.unit.as_str())
    }
}

/// By which rules rows of a dataset go, and are not shown any more (`membrane.retention`).
///
/// INVARIANT: no purpose has a longer period than the rows themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionRules {
    /// After what the rows are deleted.
    pub keep: Retention,
    /// After what they are not shown any more for a purpose.
    pub purposes: BTreeMap<Purpose, Retention>,
}

impl fmt::Display for RetentionRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.keep.fmt(f)?;
        for (purpose, keep) in &self.purposes {
            write!(f, "; {keep} for {purpose}")?;
        }
        Ok(())
    }
}

impl Dataset {
    /// Returns the moment before which rows are to be deleted, if the contract has a rule.
    #[must_use]
    pub fn cut_off(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let rules = self.retention.as_ref()?;
        Some(self.whole(rules.keep.cut_off(now)))
    }

    /// Returns the column by which rows are not shown any more for a purpose, and the moment before which they are not, if the contract has
    /// such a rule.
    #[must_use]
    pub fn cut_off_for(&self, purpose: &Purpose, now: DateTime<Utc>) -> Option<(&ColumnName, DateTime<Utc>)> {
        let keep = self.retention.as_ref()?.purposes.get(purpose)?;
        Some((self.event_time.as_ref()?, self.whole(keep.cut_off(now))))
    }

    /// A stored month is the beginning of it: a row is past when the end is.
    fn whole(&self, cut_off: DateTime<Utc>) -> DateTime<Utc> {
        let column = self.event_time.as_ref().and_then(|name| self.column(name));
        let day = cut_off.date_naive();
        let first = match column.map(|column| column.protection) {
            Some(Protection::Generalise(Generalisation::Month)) => day.with_day(1),
            Some(Protection::Generalise(Generalisation::Year)) => NaiveDate::from_ymd_opt(day.year(), 1, 1),
            _ => return cut_off,
        };
        first.map_or(cut_off, begins)
    }
}

fn begins(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

#[cfg(test)]
mod tests;
