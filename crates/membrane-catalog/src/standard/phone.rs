//! Telephone numbers as E.164 writes them: `+`, the country code, the national number, and `;ext=` where there is an extension.
//!
//! How numbers are dialled in each country is known to libphonenumber; its metadata come with the crate `phonenumber`. What is
//! read here is digits, spaces and punctuation, so that of the whole of its parser the part about digits is needed
//! ([`plan`]). A number with its country code is read if its length is one that the country has, whether its range is in use or
//! not: ranges are opened every year, and a member with a new one is no fault. Without a country code its range must be known as
//! well, or be one of mobile numbers of mainland China: `6552 9988` lacks the area, and `1380013800` a digit.
//! `membrane.check` is for who wants more.

mod plan;

use std::fmt;

use super::{Part, width};
use plan::{Length, Plan, Plans};

/// The most characters of a standard text: `+`, 15 digits, `;ext=`, 8 digits. Some countries have longer numbers than
/// E.164 allows; 17 digits are the most.
pub(super) const LENGTH_MAX: usize = 34;

/// Digits of an extension.
const EXTENSION_MAX: usize = 8;
/// Digits as they may be typed, with prefixes to dial abroad.
const DIGITS_MAX: usize = 32;
/// Digits of a national number (libphonenumber: `MIN_LENGTH_FOR_NSN`, `MAX_LENGTH_FOR_NSN`).
const NATIONAL: std::ops::RangeInclusive<usize> = 2..=17;
/// What stands in front of an extension. Longer ones come before what they begin with.
const MARKERS: [&str; 10] = [";ext=", "分机号", "分机", "分機", "转", "轉", "ext.", "ext", "x", "#"];

/// A region with a plan of numbers, as ISO 3166 has it: `CN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region([u8; 2]);

impl Region {
    /// Reads the two capital letters of a region that has a plan of numbers.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; 2] = text.as_bytes().try_into().ok()?;
        let known = letters.iter().all(u8::is_ascii_uppercase) && plan::of_region(text).is_some();
        known.then_some(Self(letters))
    }

    /// Returns the two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is dialled: digits, whether a `+` stands in front, and an extension.
struct Dialled {
    digits: String,
    international: bool,
    extension: String,
}

pub(super) fn standard(text: &str, region: Region) -> Option<String> {
    if region == Region(*b"CN") && is_mobile_china(text.as_bytes()) {
        return Some(format!("+86{text}"));
    }
    let dialled = read(text)?;
    let home = plan::of_region(region.as_str())?;
    let located = Located::of(&dialled, home).or_else(|| {
        // `+0064 3 331 6005`: somebody typed the sign and the prefix.
        let domestic =
            Dialled { digits: dialled.digits.clone(), international: false, extension: String::new() };
        dialled.international.then(|| Located::of(&domestic, home)).flatten()
    })?;
    if !located.fits() {
        return None;
    }
    let (code, national) = (&located.main.code, &located.national);
    Some(match dialled.extension.as_str() {
        "" => format!("+{code}{national}"),
        extension => format!("+{code}{national};ext={extension}"),
    })
}

/// A mobile number of mainland China as it is dialled there, and with `+86` in front: what most numbers are.
const fn is_mobile_china(text: &[u8]) -> bool {
    let [b'1', b'3'..=b'9', rest @ ..] = text else { return false };
    rest.len() == 9 && is_digits(rest)
}

const fn is_digits(mut text: &[u8]) -> bool {
    while let [first, rest @ ..] = text {
        if !first.is_ascii_digit() {
            return false;
        }
        text = rest;
    }
    true
}

pub(super) fn is_standard(text: &str) -> bool {
    text.strip_prefix("+86").is_some_and(|national| is_mobile_china(national.as_bytes()))
}

pub(super) fn part(part: Part, standard: &str) -> Option<&'static str> {
    if part != Part::Country {
        return None;
    }
    let number = standard.strip_prefix('+')?;
    let number = number.split_once(';').map_or(number, |(number, _)| number);
    let (plans, national) = plan::of_number(number)?;
    plan::region(plans, national)
}

/// Reads what is dialled out of what is written.
fn read(text: &str) -> Option<Dialled> {
    let folded = width::fold(text).to_lowercase();
    let number = folded.strip_prefix("tel:").unwrap_or(&folded);
    let marker = MARKERS.iter().filter_map(|marker| Some((number.find(marker)?, *marker)));
    let marker = marker.min_by_key(|(at, marker)| (*at, usize::MAX - marker.len()));
    let (number, extension) = match marker {
        Some((at, marker)) => {
            let (number, extension) = number.split_at_checked(at)?;
            (number, digits_of_extension(extension.strip_prefix(marker)?)?)
        }
        None => (number, String::new()),
    };
    let number = number.trim_end_matches([',', ';', ' ']);
    let mut dialled = Dialled { digits: String::new(), international: false, extension };
    for letter in number.chars() {
        match letter {
            ' ' | '(' | ')' | '[' | ']' | '.' | '/' | '~' => {}
            dash if width::is_dash(dash) => {}
            '+' if dialled.digits.is_empty() && !dialled.international => dialled.international = true,
            letter => dialled.digits.push(digit(letter)?),
        }
    }
    (1..=DIGITS_MAX).contains(&dialled.digits.len()).then_some(dialled)
}

fn digits_of_extension(text: &str) -> Option<String> {
    let bare =
        text.trim_start_matches([' ', ':', '.', '=', '-', '号', '接']).trim_end_matches([' ', ')', '#']);
    let digits: String = bare.chars().map(digit).collect::<Option<_>>()?;
    (1..=EXTENSION_MAX).contains(&digits.len()).then_some(digits)
}

/// Returns the digit that a character stands for: ASCII, Arabic and Devanagari; full-width ones are ASCII by now.
fn digit(letter: char) -> Option<char> {
    let zero = match letter {
        '0'..='9' => return Some(letter),
        '\u{0660}'..='\u{0669}' => 0x0660,
        '\u{06F0}'..='\u{06F9}' => 0x06F0,
        '\u{0966}'..='\u{096F}' => 0x0966,
        _ => return None,
    };
    char::from_digit(u32::from(letter).checked_sub(zero)?, 10)
}

/// A number and its country.
struct Located {
    plans: &'static Plans,
    /// The plan of the main region of the country code, whose lengths count for all that share it.
    main: &'static Plan,
    national: String,
    /// Whether the country code was dialled.
    stated: bool,
}

impl Located {
    /// Finds the country of what is dialled and the national number. `home` is the plan of who dials.
    fn of(dialled: &Dialled, home: &'static Plan) -> Option<Self> {
        let digits = dialled.digits.as_str();
        // `179..00` is a prefix to dial abroad, and a range of mobile numbers.
        let is_mobile = !dialled.international && home.code == "86" && is_mobile_china(digits.as_bytes());
        let abroad = match dialled.international {
            true => Some(digits),
            false if is_mobile => None,
            false => home.without_international_prefix(digits),
        };
        let Some(number) = abroad else {
            let (plans, _) = plan::of_number(&home.code)?;
            let national = home.without_national_prefix(home.without_country_code(digits)).into_owned();
            return Some(Self { plans, main: plans.main()?, national, stated: false });
        };
        let (plans, national) = plan::of_number(number)?;
        let main = plans.main()?;
        let national = main.without_national_prefix(national).into_owned();
        Some(Self { plans, main, national, stated: true })
    }

    /// Tells whether it is a number: one with its country code by its length, one without by its range as well.
    fn fits(&self) -> bool {
        let known = || {
            self.stated
                || self.main.code == "86" && is_mobile_china(self.national.as_bytes())
                || plan::is_valid(self.plans, &self.national)
        };
        NATIONAL.contains(&self.national.len())
            && self.main.length(&self.national) == Length::Possible
            && known()
    }
}

#[cfg(test)]
mod tests;
