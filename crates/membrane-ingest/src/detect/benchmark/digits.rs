//! Digits, and check digits found by trying.

use rand::RngExt as _;

use super::Rng;

/// So many random digits.
pub(crate) fn random(rng: &mut Rng, count: usize) -> String {
    (0..count).map(|_| char::from(b'0' + rng.random_range(0..10_u8))).collect()
}

/// One of some texts.
pub(crate) fn one<'a>(rng: &mut Rng, of: &[&'a str]) -> &'a str {
    of[rng.random_range(0..of.len())]
}

/// A letter of some.
pub(crate) fn letter(rng: &mut Rng, of: &str) -> char {
    let letters: Vec<char> = of.chars().collect();
    letters[rng.random_range(0..letters.len())]
}

/// Adds the first of some letters with which a text is right.
pub(crate) fn checked(body: &str, letters: &str, is_right: impl Fn(&str) -> bool) -> String {
    letters
        .chars()
        .map(|last| format!("{body}{last}"))
        .find(|text| is_right(text))
        .unwrap_or_else(|| format!("{body}?"))
}

fn digits(text: &str) -> Vec<i64> {
    text.chars().map(|digit| i64::from(digit.to_digit(36).unwrap())).collect()
}

/// The sum of digits times weights.
pub(crate) fn sum(text: &str, weights: &[i64]) -> i64 {
    digits(text).iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Luhn, by doubling from the right.
pub(crate) fn luhn(text: &str) -> bool {
    let mut total = 0;
    for (place, digit) in digits(text).iter().rev().enumerate() {
        let doubled = if place % 2 == 1 { digit * 2 } else { *digit };
        total += doubled / 10 + doubled % 10;
    }
    total % 10 == 0
}

/// A text of digits that passes Luhn.
pub(crate) fn with_luhn(body: &str) -> String {
    checked(body, "0123456789", luhn)
}

/// GS1.
pub(crate) fn with_gs1(body: &str) -> String {
    checked(body, "0123456789", |text| {
        digits(text)
            .iter()
            .rev()
            .enumerate()
            .map(|(at, digit)| if at % 2 == 0 { *digit } else { digit * 3 })
            .sum::<i64>()
            % 10
            == 0
    })
}

/// A number of letters and digits modulo another: letters count 10 and on.
pub(crate) fn modulo(text: &str, by: i64) -> i64 {
    digits(text)
        .iter()
        .fold(0, |rest, digit| if *digit > 9 { (rest * 100 + digit) % by } else { (rest * 10 + digit) % by })
}

/// A day between two years, in three parts.
pub(crate) fn day(rng: &mut Rng, from: i32, to: i32) -> (i32, u32, u32) {
    (rng.random_range(from..=to), rng.random_range(1..=12), rng.random_range(1..=28))
}

/// The year of birth of somebody: most are between 20 and 60.
pub(crate) fn born(rng: &mut Rng) -> (i32, u32, u32) {
    let (_, month, day) = day(rng, 1990, 1990);
    let spread = rng.random_range(0..30) + rng.random_range(0..25);
    (2008 - spread, month, day)
}
