//! For when a tag is computed, and how often.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// What the statement of a tag is told about time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AsOf {
    /// What stands in place of [`crate::AS_OF`].
    pub param: AsOfParam,
    /// Whether rows of the day itself do not count, as it is not over: only what happened before it does. Otherwise rows count up
    /// to its end. The statement itself has to see to it.
    pub excludes_base_day: bool,
    /// How far the clock by which days begin and end is ahead of UTC.
    pub utc_offset_minutes: i32,
}

impl AsOf {
    /// Returns the day on which an instant lies, by the clock of the tag.
    #[must_use]
    pub fn day_of(&self, instant: DateTime<Utc>) -> Option<NaiveDate> {
        let local = instant.naive_utc().checked_add_signed(self.offset())?;
        Some(local.date())
    }

    /// Returns the instant at which a day begins, by the clock of the tag.
    #[must_use]
    pub fn start_of(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let midnight = day.and_time(chrono::NaiveTime::MIN);
        Some(midnight.checked_sub_signed(self.offset())?.and_utc())
    }

    fn offset(&self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.utc_offset_minutes))
    }
}

/// What stands in place of [`crate::AS_OF`] in the statement of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AsOfParam {
    /// Nothing: the statement does not look at the clock.
    #[default]
    None,
    /// A day: `DATE '2026-06-30'`.
    Day,
    /// An instant: `TIMESTAMP '2026-06-30 12:00:00'`, in UTC.
    Instant,
}

impl AsOfParam {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::None, Self::Day, Self::Instant];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Day => "day",
            Self::Instant => "instant",
        }
    }
}

/// When a tag is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refresh {
    /// When somebody asks.
    #[default]
    Manual,
    /// For everybody, again and again.
    Batch {
        /// The time from one to the next.
        every_seconds: u32,
    },
    /// For members with new events, as soon as those are there.
    Stream {
        /// The time after which members without new events are looked at again: for values that end by themselves.
        sweep_seconds: u32,
    },
}

impl Refresh {
    /// The words for all of them.
    pub const ALL: [&'static str; 3] = ["manual", "batch", "stream"];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Batch { .. } => "batch",
            Self::Stream { .. } => "stream",
        }
    }

    /// Returns after how many seconds everybody is looked at again.
    #[must_use]
    pub const fn seconds(self) -> Option<u32> {
        match self {
            Self::Manual => None,
            Self::Batch { every_seconds: seconds } | Self::Stream { sweep_seconds: seconds } => Some(seconds),
        }
    }
}

#[cfg(test)]
mod tests;
