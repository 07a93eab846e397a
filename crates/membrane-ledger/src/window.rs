//! Windows: the stretch of time for which a cap holds.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};
use membrane_model::NameError;

/// A calendar month in UTC: `2026-02`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
// INVARIANT: the first day of its month; `of` and `from_str` are its only makers.
pub struct Month(NaiveDate);

impl Month {
    /// Returns the month in which a moment lies.
    #[must_use]
    pub fn of(moment: DateTime<Utc>) -> Self {
        let day = moment.date_naive();
        Self(day.with_day(1).unwrap_or(day))
    }

    /// Returns its first moment.
    #[must_use]
    pub fn start(self) -> DateTime<Utc> {
        self.0.and_time(NaiveTime::MIN).and_utc()
    }

    /// Returns the first moment after it; none at the end of time.
    #[must_use]
    pub fn end(self) -> Option<DateTime<Utc>> {
        self.0.checked_add_months(Months::new(1)).map(|next| next.and_time(NaiveTime::MIN).and_utc())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m"))
    }
}

impl FromStr for Month {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || NameError::new("month", "a year and a month, like 2026-02");
        let day = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").map_err(|_| fault())?;
        // One month has one text, or it would have two accounts.
        if Self(day).to_string() == text { Ok(Self(day)) } else { Err(fault()) }
    }
}

/// The stretch of time for which a cap holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// A calendar month: with the next one the cap is there anew.
    Month(Month),
    /// For ever.
    Lifetime,
}

impl Window {
    /// Returns its first moment; none, for what holds for ever.
    #[must_use]
    pub fn start(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Month(month) => Some(month.start()),
            Self::Lifetime => None,
        }
    }

    /// Returns when its cap is there anew; never, for what holds for ever.
    #[must_use]
    pub fn refills(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Month(month) => month.end(),
            Self::Lifetime => None,
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Month(month) => month.fmt(f),
            Self::Lifetime => f.write_str("lifetime"),
        }
    }
}

#[cfg(test)]
mod tests;
