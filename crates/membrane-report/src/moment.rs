//! When a report was made, as the caller says: this crate has no clock.

use std::fmt;

use crate::ReportError;

/// A second in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub(crate) year: u16,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
}

impl Moment {
    /// Checks a date and a time of day, both in UTC.
    ///
    /// # Errors
    ///
    /// [`ReportError::Moment`].
    pub fn utc(date: (u16, u8, u8), time: (u8, u8, u8)) -> Result<Self, ReportError> {
        let ((year, month, day), (hour, minute, second)) = (date, time);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let dated = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=days).contains(&day);
        let timed = hour < 24 && minute < 60 && second < 60;
        if !(dated && timed) {
            return Err(ReportError::Moment);
        }
        Ok(Self { year, month, day, hour, minute, second })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)?;
        write!(f, "T{:02}:{:02}:{:02}Z", self.hour, self.minute, self.second)
    }
}

#[cfg(test)]
mod tests;
