//! The value of a cell, as text that a contract's type is made of.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat};
use membrane_model::LogicalType;

use super::super::objects::as_integer;
use super::book::NumberStyle;

const DAY_MILLIS: f64 = 86_400_000.0;
/// Days from where Excel starts to count to 1970-01-01. It takes 1900 for a leap year: its first 59 days are one day
/// nearer, and the sixtieth is none.
const EPOCH_1900: i64 = -25_569;
const EPOCH_1904: i64 = -24_107;
const FALSE_LEAP_DAY: i64 = 60;
/// Days after which there are no more in Excel: the year 10000.
const DAYS_END: f64 = 2_958_466.0;

/// A cell that has a value.
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) kind: CellKind,
}

/// What the value of a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellKind {
    Text,
    Number(NumberStyle),
    /// 0 or 1.
    Boolean,
    /// `#N/A`, `#DIV/0!`.
    Error,
    /// A date or an instant in ISO 8601.
    Instant,
}

impl Cell {
    /// Returns the text of which a column's value is made, and whether the cell is of a kind that fits the column.
    pub(super) fn delivered(&self, wanted: LogicalType, is_1904: bool) -> (Cow<'_, str>, bool) {
        let as_it_is = |fits: bool| (Cow::Borrowed(self.text.as_str()), fits);
        match (self.kind, wanted) {
            (CellKind::Text, _) => as_it_is(true),
            (CellKind::Boolean, LogicalType::Boolean) => match self.text.trim() {
                "1" => (Cow::Borrowed("true"), true),
                "0" => (Cow::Borrowed("false"), true),
                _ => as_it_is(true),
            },
            (CellKind::Number(NumberStyle::Number), LogicalType::Integer) => (as_integer(&self.text), true),
            (CellKind::Number(NumberStyle::Number), LogicalType::Number) => as_it_is(true),
            (CellKind::Number(NumberStyle::Number), LogicalType::Decimal { .. }) => (self.number(), true),
            // No text, but whoever looks at it should see the number that Excel shows.
            (CellKind::Number(NumberStyle::Number), LogicalType::String) => (self.number(), false),
            (CellKind::Number(NumberStyle::Date), LogicalType::Date) => match date(&self.text, is_1904) {
                Some(date) => (Cow::Owned(date), true),
                None => as_it_is(false),
            },
            (CellKind::Number(NumberStyle::Date), LogicalType::Timestamp) => {
                match instant(&self.text, is_1904) {
                    Some(instant) => (Cow::Owned(instant), true),
                    None => as_it_is(false),
                }
            }
            (CellKind::Instant, LogicalType::Date) => {
                let date = self.text.split_once('T').filter(|(_, clock)| is_midnight(clock));
                (Cow::Borrowed(date.map_or(self.text.as_str(), |(date, _)| date)), true)
            }
            (CellKind::Instant, LogicalType::Timestamp) => (zoned(&self.text), true),
            _ => as_it_is(false),
        }
    }
}

impl Cell {
    /// Excel writes 17 digits: 19.99 is 19.989999999999998 there, and the same float.
    fn number(&self) -> Cow<'_, str> {
        match self.text.parse::<f64>() {
            Ok(number) if self.text.len() > 15 => Cow::Owned(number.to_string()),
            _ if self.text.contains('E') => as_integer(&self.text),
            _ => Cow::Borrowed(&self.text),
        }
    }
}

/// Returns whole days since 1970 of a number of Excel.
fn unix_days(days: i64, is_1904: bool) -> Option<i64> {
    match (is_1904, days) {
        (true, 0..) => Some(days + EPOCH_1904),
        (false, FALSE_LEAP_DAY) => None,
        (false, 1..FALSE_LEAP_DAY) => Some(days + EPOCH_1900 + 1),
        (false, 61..) => Some(days + EPOCH_1900),
        _ => None,
    }
}

fn date(number: &str, is_1904: bool) -> Option<String> {
    let days = as_integer(number).parse::<i64>().ok().filter(|days| *days < 3_000_000)?;
    let moment = DateTime::from_timestamp(unix_days(days, is_1904)?.checked_mul(86_400)?, 0)?;
    Some(moment.format("%Y-%m-%d").to_string())
}

/// Excel has no zones: an instant is taken as UTC, to the millisecond, which is what Excel has of it.
fn instant(number: &str, is_1904: bool) -> Option<String> {
    let number = number.parse::<f64>().ok().filter(|number| (0.0..DAYS_END).contains(number))?;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be far below 2^53")]
    let millis = (number * DAY_MILLIS).round() as i64;
    let (days, clock) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let millis = unix_days(days, is_1904)?.checked_mul(86_400_000)?.checked_add(clock)?;
    Some(DateTime::from_timestamp_millis(millis)?.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn is_midnight(clock: &str) -> bool {
    let clock = clock.trim_end_matches('Z');
    !clock.is_empty() && clock.chars().all(|letter| matches!(letter, '0' | ':' | '.'))
}

/// Gives an instant a clock and a zone, where it has none.
fn zoned(text: &str) -> Cow<'_, str> {
    match text.split_once('T') {
        None => Cow::Owned(format!("{text}T00:00:00Z")),
        Some((_, clock)) if clock.contains(['Z', '+', '-']) => Cow::Borrowed(text),
        Some(_) => Cow::Owned(format!("{text}Z")),
    }
}

/// Returns the column of a place such as `AB12`, from 0.
pub(super) fn column(place: &str) -> Option<usize> {
    let mut letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    let number = letters.try_fold(0_usize, |number, letter| {
        let digit = usize::from(letter.to_ascii_uppercase() - b'A') + 1;
        number.checked_mul(26)?.checked_add(digit)
    })?;
    number.checked_sub(1)
}

/// Undoes how Excel writes letters that XML cannot have: `_x000D_`.
pub(super) fn unescaped(text: String) -> String {
    if !text.contains("_x") {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("_x") {
        plain.push_str(before);
        let escape = after.split_at_checked(5).filter(|(code, _)| code.ends_with('_'));
        let letter = escape.and_then(|(code, behind)| {
            let digits = code.trim_end_matches('_');
            let is_code = digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            let letter = u32::from_str_radix(digits, 16).ok().filter(|_| is_code).and_then(char::from_u32)?;
            Some((letter, behind))
        });
        match letter {
            Some((letter, behind)) => {
                plain.push(letter);
                rest = behind;
            }
            None => {
                plain.push_str("_x");
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests;
