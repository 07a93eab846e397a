//! Words, lengths of time and days.

use chrono::NaiveDate;

use super::super::fields::{Fields, choice, text};
use super::super::yaml::Node;
use super::super::{At, Report};

/// Reads one of some words that must be there.
pub(super) fn required_choice<T: Copy, const N: usize>(
    fields: &Fields<'_>,
    key: &str,
    all: [T; N],
    word: fn(T) -> &'static str,
    report: &mut Report,
) -> Option<At<T>> {
    super::required(fields, key, report)?;
    choice(fields, key, all, word, report)
}

/// Reads a length of time: a whole number with `s`, `m`, `h` or `d`.
pub(super) fn seconds(node: Node<'_>, what: &str, report: &mut Report) -> Option<At<u32>> {
    let stated = text(node, what, report)?;
    let found = seconds_of(stated.value);
    if found.is_none() {
        report.fault(stated.mark, format!("{what} is a length of time: `60s`, `5m`, `6h` or `1d`"));
    }
    Some(At { value: found?, mark: stated.mark })
}

fn seconds_of(text: &str) -> Option<u32> {
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let (number, unit) = units.iter().find_map(|(letter, unit)| Some((text.strip_suffix(*letter)?, unit)))?;
    let digits = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    let number: u32 = if digits { number.parse().ok()? } else { return None };
    number.checked_mul(*unit).filter(|seconds| *seconds > 0)
}

/// Reads a day.
pub(super) fn day(stated: At<&str>, what: &str, report: &mut Report) -> Option<NaiveDate> {
    let found = day_of(stated.value);
    if found.is_none() {
        report.fault(stated.mark, format!("{what} is a day, `YYYY-MM-DD`"));
    }
    found
}

/// Parses a day of four, two and two digits.
pub(super) fn day_of(text: &str) -> Option<NaiveDate> {
    (text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())?
}
