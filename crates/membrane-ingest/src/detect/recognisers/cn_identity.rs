//! Chinese identity numbers of 18 characters (GB 11643): province, day, check digit.
//!
//! The check digit alone passes 9 % of random digits; with the province (GB/T 2260) and a day of the last 120 years, one in
//! some 70,000 does.

use membrane_catalog::FormatCheck;

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::{Value, is_day, part};

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::CnIdentity,
    chance: 0.000_014,
    share_min: 0.3,
    share_hinted_min: 0.05,
    look,
    against: nothing,
};

/// The first two digits of the division codes of GB/T 2260.
const PROVINCES: [u32; 35] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54,
    61, 62, 63, 64, 65, 71, 81, 82, 83,
];

fn look(value: &Value) -> Look {
    let text = value.bare.as_str();
    let form = text.len() == 18
        && text
            .bytes()
            .enumerate()
            .all(|(place, byte)| byte.is_ascii_digit() || (place == 17 && byte == b'X'));
    if !form {
        return Look::Other;
    }
    let born = part(text, 6, 10).is_some_and(|year| (1900..2060).contains(&year));
    Look::of(is_province(text) && born && FormatCheck::ChineseIdentityNumber.accepts(text))
}

/// Tells whether a number starts with a province.
pub(super) fn is_province(digits: &str) -> bool {
    part(digits, 0, 2).is_some_and(|province| PROVINCES.contains(&province))
}

/// Tells whether six digits are a day: `YYMMDD`.
pub(super) fn is_short_day(digits: &str, from: usize) -> bool {
    let number = |at: usize| part(digits, from + at, from + at + 2);
    matches!((number(0), number(2), number(4)), (Some(year), Some(month), Some(day)) if is_day(1900 + year, month, day))
}
