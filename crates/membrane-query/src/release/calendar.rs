//! Days, weeks and months of timestamps, in UTC, for every number there is.
//!
//! Own arithmetic (Hinnant, "chrono-compatible low-level date algorithms") in place of a library that
//! refuses years that no calendar has: a refusal on one member's row would tell that the row is there.
//!
//! Keys are held within the years 1 to 9999, which every reader of an answer understands: a day beyond counts as the
//! first or the last of them.

use super::question::{Part, Unit};

pub(super) const MICROS_PER_HOUR: i64 = 3_600_000_000;
pub(super) const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Civil {
    year: i64,
    month: i64,
    day: i64,
}

/// Cuts microseconds since 1970 off to the start of a unit.
pub(super) fn truncate_micros(unit: Unit, micros: i64) -> i64 {
    match unit {
        Unit::Hour => micros.div_euclid(MICROS_PER_HOUR).saturating_mul(MICROS_PER_HOUR),
        _ => truncate_days(unit, micros.div_euclid(MICROS_PER_DAY)).saturating_mul(MICROS_PER_DAY),
    }
}

/// Cuts days since 1970 off to the start of a unit.
pub(super) fn truncate_days(unit: Unit, days: i64) -> i64 {
    let Civil { year, month, .. } = civil(days);
    match unit {
        Unit::Year => days_of(year, 1),
        Unit::Quarter => days_of(year, (month - 1) / 3 * 3 + 1),
        Unit::Month => days_of(year, month),
        // 1970-01-01 was a Thursday; weeks start on Monday.
        Unit::Week => days - (days + 3).rem_euclid(7),
        Unit::Day | Unit::Hour => days,
    }
}

/// Takes a part out of microseconds since 1970.
pub(super) fn part_of_micros(part: Part, micros: i64) -> i64 {
    match part {
        Part::Hour => micros.rem_euclid(MICROS_PER_DAY) / MICROS_PER_HOUR,
        _ => part_of_days(part, micros.div_euclid(MICROS_PER_DAY)),
    }
}

/// Takes a part out of days since 1970.
pub(super) fn part_of_days(part: Part, days: i64) -> i64 {
    let Civil { year, month, day } = civil(days);
    match part {
        Part::Year => year,
        Part::Quarter => (month - 1) / 3 + 1,
        Part::Month => month,
        Part::Day => day,
        Part::DayOfWeek => (days + 4).rem_euclid(7),
        // ISO 8601: the week belongs to the year of its Thursday.
        Part::Week => {
            let thursday = truncate_days(Unit::Week, days) + 3;
            (thursday - days_of(civil(thursday).year, 1)) / 7 + 1
        }
        Part::Hour => 0,
    }
}

/// Returns the values that a part can have, where they are few and the same for everyone.
pub(super) fn values_of(part: Part) -> Option<std::ops::RangeInclusive<i64>> {
    match part {
        Part::Year => None,
        Part::Quarter => Some(1..=4),
        Part::Month => Some(1..=12),
        Part::Week => Some(1..=53),
        Part::Day => Some(1..=31),
        Part::DayOfWeek => Some(0..=6),
        Part::Hour => Some(0..=23),
    }
}

/// The first day of the year 1, and the last of the year 9999.
const DAYS_SHOWN: (i64, i64) = (-719_162, 2_932_896);

/// Holds a day within the years that are shown.
pub(super) fn shown_days(days: i64) -> i64 {
    days.clamp(DAYS_SHOWN.0, DAYS_SHOWN.1)
}

/// Holds an instant within the years that are shown.
pub(super) fn shown_micros(micros: i64) -> i64 {
    micros.clamp(DAYS_SHOWN.0 * MICROS_PER_DAY, (DAYS_SHOWN.1 + 1) * MICROS_PER_DAY - 1)
}

/// Reads what [`date_text`] wrote, for every day there is.
pub(super) fn date_of(text: &str) -> Option<i64> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut parts = text.split('-');
    let mut number = || parts.next().and_then(|digits| digits.parse::<u32>().ok()).map(i64::from);
    let (year, month, day) = (number()? * sign, number()?, number()?);
    let whole = parts.next().is_none() && (1..=12).contains(&month) && (1..=31).contains(&day);
    whole.then(|| days_of(year, month) + day - 1)
}

/// Reads what [`instant_text`] wrote, for every instant there is.
pub(super) fn instant_of(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = time.split(':');
    let mut number = || parts.next().and_then(|digits| digits.parse::<u8>().ok()).map(i64::from);
    let (hour, minute, second) = (number()?, number()?, number()?);
    let fraction: i64 = format!("{fraction:0<6}").parse().ok()?;
    let of_day = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction;
    let micros = i128::from(date_of(date)?) * i128::from(MICROS_PER_DAY) + i128::from(of_day);
    i64::try_from(micros).ok()
}

/// Writes a day as `2026-03-01`.
pub(super) fn date_text(days: i64) -> String {
    let Civil { year, month, day } = civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Writes an instant as `2026-03-01T00:00:00Z`, with microseconds where there are any.
pub(super) fn instant_text(micros: i64) -> String {
    let date = date_text(micros.div_euclid(MICROS_PER_DAY));
    let rest = micros.rem_euclid(MICROS_PER_DAY);
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:06}") };
    format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

fn civil(days: i64) -> Civil {
    // Days since 0000-03-01; an era is 400 years.
    let days = days.saturating_add(719_468);
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    Civil { year: year_of_era + era * 400 + i64::from(month <= 2), month, day }
}

fn days_of(year: i64, month: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

#[cfg(test)]
mod tests;
