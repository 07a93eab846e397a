//! One value, in the forms in which recognisers look at it.

use std::fmt;

/// A value in the forms in which recognisers look at it, made once for all of them.
pub(crate) struct Value {
    /// The text without space around it, full-width letters and digits made plain.
    pub(crate) text: String,
    /// The text without spaces, hyphens and dots between its letters, in capitals.
    pub(crate) bare: String,
    /// The digits, when nothing else is in it but `+` in front and what people put between digits.
    pub(crate) digits: Option<String>,
    /// Whether a `+` stands in front.
    pub(crate) has_plus: bool,
}

// PRIVACY: it is somebody's.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({} bytes)", self.text.len())
    }
}

/// What people put between digits.
const BETWEEN: [char; 7] = [' ', '-', '.', '(', ')', '/', '\u{a0}'];

impl Value {
    pub(crate) fn new(raw: &str) -> Self {
        let text: String = raw.trim().chars().map(plain).collect();
        let has_plus = text.starts_with('+');
        let bare = text.chars().filter(|letter| !matches!(letter, ' ' | '-' | '.' | '\u{a0}'));
        let bare = bare.flat_map(char::to_uppercase).collect();
        let rest = text.strip_prefix('+').unwrap_or(&text);
        let all = rest.chars().all(|letter| letter.is_ascii_digit() || BETWEEN.contains(&letter));
        let digits: Option<String> = all
            .then(|| rest.chars().filter(char::is_ascii_digit).collect())
            .filter(|it: &String| !it.is_empty());
        Self { text, bare, digits, has_plus }
    }

    /// Returns the digits of a number that is written without `+`.
    pub(crate) fn national(&self) -> Option<&str> {
        self.digits.as_deref().filter(|_| !self.has_plus)
    }

    /// Tells whether it stands where nothing is known.
    pub(crate) fn is_placeholder(&self) -> bool {
        PLACEHOLDERS.contains(&self.bare.as_str())
            || self.text.is_empty()
            || self
                .text
                .chars()
                .all(|letter| matches!(letter, '-' | '.' | '*' | '?' | '/' | '\\' | '0' | '_'))
    }
}

/// What stands where nothing is known.
const PLACEHOLDERS: [&str; 16] = [
    "NULL",
    "NONE",
    "N/A",
    "NA",
    "NAN",
    "NIL",
    "UNKNOWN",
    "UNDEFINED",
    "TEST",
    "无",
    "未知",
    "空",
    "不详",
    "暂无",
    "TBD",
    "(NULL)",
];

/// Full-width letters and digits as plain ones (U+FF01 to U+FF5E), and the ideographic space.
fn plain(letter: char) -> char {
    match letter {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            u32::from(letter).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(letter)
        }
        other => other,
    }
}

/// Tells whether a letter is a Chinese character.
pub(crate) const fn is_han(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{2ebef}')
}

/// Returns each digit's value; none when one of them is no digit.
pub(crate) fn numbers(digits: &str) -> Option<Vec<u32>> {
    digits.chars().map(|digit| digit.to_digit(10)).collect()
}

/// Sums products of digits and weights.
pub(crate) fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Reads a part of a text as a number.
pub(crate) fn part(text: &str, from: usize, to: usize) -> Option<u32> {
    text.get(from..to).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

/// Tells whether a day exists.
pub(crate) fn is_day(year: u32, month: u32, day: u32) -> bool {
    i32::try_from(year).ok().and_then(|year| chrono::NaiveDate::from_ymd_opt(year, month, day)).is_some()
}

/// Computes a long number of digits modulo a small one, as ISO 7064 does.
pub(crate) fn modulo(digits: impl Iterator<Item = u32>, by: u32) -> u32 {
    digits.fold(0, |rest, digit| (rest * 10 + digit) % by)
}

/// Tells whether the last digit is the check digit of ISO/IEC 7812 (Luhn).
pub(crate) fn is_luhn(digits: &str) -> bool {
    let Some(numbers) = numbers(digits) else { return false };
    let weigh = |(place, digit): (usize, &u32)| match (place % 2 == 1, *digit) {
        (false, digit) => digit,
        (true, digit) if digit > 4 => digit * 2 - 9,
        (true, digit) => digit * 2,
    };
    numbers.iter().rev().enumerate().map(weigh).sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests;
