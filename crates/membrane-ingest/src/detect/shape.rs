//! What all values of a column look like together, whatever they are.
//!
//! Each different value counts once: a store's telephone number that stands in a thousand rows is one number.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::recognisers::birth::day_of;
use super::value::{Value, is_day, is_han, numbers, part};

/// Starts of numbers that are told apart.
const STARTS_MAX: usize = 1_000;
/// How much greater the next number is at most when numbers are counted up.
const STEP_MAX: u128 = 10_000;
/// Lengths that are told apart.
const LENGTHS: usize = 64;

/// What all values of a column look like together.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// Different values that were looked at, without placeholders.
    pub(crate) looked_at: u32,
    /// Rows that have a value, whether it was looked at or not.
    pub(crate) values: u64,
    /// Different values in all.
    pub(crate) different: u64,
    /// Values that are digits only, with nothing between them.
    pub(crate) digits: u32,
    /// Numbers with a point in them.
    pub(crate) decimals: u32,
    /// Milliseconds or seconds since 1970 of the years 2001 to 2040.
    pub(crate) epochs: u32,
    /// Numbers of 8, 12, 13 or 14 digits, and those of them with the check digit of GS1.
    pub(crate) barcodes: (u32, u32),
    /// Numbers that start with a day: `20260301...`, `260301...`.
    pub(crate) dated: u32,
    /// Versions: `1.2.3`, `v1.2.3.4` with small parts.
    pub(crate) versions: u32,
    /// Numbers of parcels: two letters, nine digits, two letters.
    pub(crate) parcels: u32,
    /// Nine digits and an X: ISBN-10.
    pub(crate) book_numbers: u32,
    /// Values with a Chinese character.
    pub(crate) han: u32,
    /// Texts of five words or more, or of more than 12 Chinese characters.
    pub(crate) prose: u32,
    /// Lengths in characters; the last stands for all that are longer.
    pub(crate) lengths: [u32; LENGTHS],
    /// Years of those values that are days.
    pub(crate) years: HashMap<i32, u32>,
    /// Starts of three digits and how often each occurs.
    pub(crate) starts: HashMap<String, u32>,
    /// Pairs of neighbours that are numbers of one length, and those in which the second is a little greater.
    pub(crate) steps: (u32, u32),
    /// The least and greatest of the numbers of the most frequent length.
    pub(crate) range: Option<(u128, u128)>,
    pub(crate) before: Option<(usize, u128)>,
    /// First Chinese characters and how often each occurs.
    pub(crate) first_han: HashMap<char, u32>,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            looked_at: 0,
            values: 0,
            different: 0,
            digits: 0,
            decimals: 0,
            epochs: 0,
            barcodes: (0, 0),
            dated: 0,
            versions: 0,
            parcels: 0,
            book_numbers: 0,
            han: 0,
            prose: 0,
            lengths: [0; LENGTHS],
            years: HashMap::new(),
            starts: HashMap::new(),
            steps: (0, 0),
            range: None,
            before: None,
            first_han: HashMap::new(),
        }
    }
}

impl Shape {
    /// Looks at one more value that was not there before.
    pub(crate) fn see(&mut self, value: &Value) {
        self.looked_at += 1;
        let text = value.text.as_str();
        let length = text.chars().count();
        if let Some(count) = self.lengths.get_mut(length.min(LENGTHS - 1)) {
            *count += 1;
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            self.digits += 1;
            self.see_number(text);
        }
        self.decimals += u32::from(is_decimal(text));
        self.versions += u32::from(is_version(text));
        self.parcels += u32::from(is_parcel(&value.bare));
        self.book_numbers += u32::from(is_book_number(&value.bare));
        self.dated += u32::from(is_dated(&value.bare));
        if let Some((year, _, _)) = day_of(text) {
            *self.years.entry(year).or_default() += 1;
        }
        let han = text.chars().filter(|letter| is_han(*letter)).count();
        self.han += u32::from(han > 0);
        self.prose += u32::from(text.split_whitespace().count() >= 5 || han > 12);
        if let Some(first) = text.chars().next().filter(|first| is_han(*first)) {
            *self.first_han.entry(first).or_default() += 1;
        }
    }

    fn see_number(&mut self, digits: &str) {
        if let Some(start) = digits.get(..3)
            && digits.len() >= 6
            && (self.starts.len() < STARTS_MAX || self.starts.contains_key(start))
        {
            *self.starts.entry(start.to_owned()).or_default() += 1;
        }
        if matches!(digits.len(), 8 | 12 | 13 | 14) {
            self.barcodes.0 += 1;
            self.barcodes.1 += u32::from(is_gs1(digits));
        }
        let Ok(number) = digits.parse::<u128>() else { return };
        let seconds = 978_307_200_u128..2_208_988_800;
        self.epochs += u32::from(match digits.len() {
            10 => seconds.contains(&number),
            13 => seconds.contains(&(number / 1_000)),
            16 => seconds.contains(&(number / 1_000_000)),
            _ => false,
        });
        if let Some((length, before)) = self.before
            && length == digits.len()
        {
            self.steps.0 += 1;
            self.steps.1 += u32::from(number > before && number - before <= STEP_MAX);
        }
        self.before = Some((digits.len(), number));
        self.range = Some(match self.range {
            None => (number, number),
            Some((least, most)) => (least.min(number), most.max(number)),
        });
    }

    /// Returns a count as a share of the values that were looked at.
    pub(crate) fn share(&self, count: u32) -> f64 {
        if self.looked_at == 0 { 0.0 } else { f64::from(count) / f64::from(self.looked_at) }
    }

    /// Returns how many of the rows with a value have one of their own, 0 to 1.
    pub(crate) fn distinctness(&self) -> f64 {
        if self.values == 0 { 0.0 } else { as_float(self.different) / as_float(self.values) }
    }

    /// Returns how many starts of three digits make up nine tenths of the numbers.
    pub(crate) fn starts_in_use(&self) -> usize {
        let mut counts: Vec<u32> = self.starts.values().copied().collect();
        counts.sort_unstable_by_key(|count| Reverse(*count));
        let most = counts.iter().sum::<u32>() / 10 * 9;
        let mut sum = 0;
        counts
            .iter()
            .take_while(|count| {
                let more = sum < most.max(1);
                sum += **count;
                more
            })
            .count()
    }

    /// Tells whether the numbers are counted up: in their order, or without large gaps.
    pub(crate) fn is_counted(&self) -> bool {
        if self.digits < 12 || self.share(self.digits) < 0.6 {
            return false;
        }
        let (pairs, up) = self.steps;
        let Some((least, most)) = self.range else { return false };
        // Numbers of few digits are close whatever they are: amounts, ages.
        let dense = most > 100_000 && most - least <= u128::from(self.digits) * 20;
        let ordered = pairs >= 10 && f64::from(up) >= 0.7 * f64::from(pairs);
        dense || ordered
    }

    /// Returns the length that most values have, and its share.
    pub(crate) fn usual_length(&self) -> (usize, f64) {
        let most = self.lengths.iter().enumerate().max_by_key(|(_, count)| **count);
        most.map_or((0, 0.0), |(length, count)| (length, self.share(*count)))
    }
}

fn as_float(count: u64) -> f64 {
    // Counts of rows are far below 2^53.
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

fn is_decimal(text: &str) -> bool {
    let text = text.trim_start_matches(['-', '+', '¥', '$', '€', '£']);
    let Some((whole, rest)) = text.split_once('.') else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(&whole.replace(',', "")) && digits(rest)
}

/// Three or four parts, none of which is large; of an address of a network some part is.
fn is_version(text: &str) -> bool {
    let text = text.trim_start_matches(['v', 'V']);
    let parts: Vec<&str> = text.split('.').collect();
    let number = |part: &&str| part.len() <= 3 && part.parse::<u16>().is_ok_and(|number| number < 60);
    matches!(parts.len(), 3 | 4) && parts.iter().all(number)
}

/// S10 of the Universal Postal Union: `RR123456785CN`.
fn is_parcel(bare: &str) -> bool {
    let bytes = bare.as_bytes();
    bytes.len() == 13
        && bytes.iter().enumerate().all(|(place, byte)| {
            if matches!(place, 0 | 1 | 11 | 12) { byte.is_ascii_uppercase() } else { byte.is_ascii_digit() }
        })
}

fn is_book_number(bare: &str) -> bool {
    bare.len() == 10
        && bare.strip_suffix('X').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Letters in front at most, then a day of this century in six or eight digits, then four digits or more.
fn is_dated(bare: &str) -> bool {
    let digits = bare.trim_start_matches(|letter: char| letter.is_ascii_uppercase() || letter == '_');
    if digits.len() < 10 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let day = |year: Option<u32>, from: usize| {
        let (month, day) = (part(digits, from, from + 2), part(digits, from + 2, from + 4));
        matches!((year, month, day), (Some(year), Some(month), Some(day))
            if (2000..2040).contains(&year) && is_day(year, month, day))
    };
    (digits.len() >= 12 && day(part(digits, 0, 4), 4)) || day(part(digits, 0, 2).map(|year| year + 2000), 2)
}

/// The check digit of GS1: weights 3 and 1 from the right, without the check digit itself.
fn is_gs1(digits: &str) -> bool {
    let Some(numbers) = numbers(digits) else { return false };
    let weigh = |(place, digit): (usize, &u32)| if place % 2 == 1 { digit * 3 } else { *digit };
    numbers.iter().rev().enumerate().map(weigh).sum::<u32>().is_multiple_of(10)
}

#[cfg(test)]
mod tests;
