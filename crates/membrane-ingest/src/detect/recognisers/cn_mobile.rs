//! Chinese mobile numbers: eleven digits in a range that is given out, `+86`, `0086` or `86` in front or not.
//!
//! The form passes 7 % of random numbers of eleven digits. Numbers of people start in many ways; numbers that are counted up,
//! or made of the time, start alike.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser};
use crate::detect::shape::Shape;
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser =
    Recogniser { kind: Kind::CnMobile, chance: 0.07, share_min: 0.5, share_hinted_min: 0.2, look, against };

fn look(value: &Value) -> Look {
    let Some(digits) = value.digits.as_deref() else { return Look::Other };
    let number = match (value.has_plus, digits.len()) {
        (true, 13) => digits.strip_prefix("86"),
        (false, 13) => digits.strip_prefix("86"),
        (false, 15) => digits.strip_prefix("0086"),
        // A zero in front is that of a landline.
        (false, 11) => Some(digits).filter(|digits| !digits.starts_with('0')),
        _ => None,
    };
    let Some(number) = number else { return Look::Other };
    Look::of(is_range(number.get(..3).unwrap_or_default()))
}

/// Tells whether a start of three digits is one of mobile numbers. Of 14 and 16 a few are not given out, and 12, 10 and 11 are
/// for services.
fn is_range(start: &str) -> bool {
    match start.as_bytes() {
        [b'1', b'3' | b'5' | b'7' | b'8' | b'9', b'0'..=b'9'] => start != "154",
        [b'1', b'4', third] => matches!(third, b'0' | b'1' | b'4'..=b'9'),
        [b'1', b'6', third] => matches!(third, b'2' | b'5'..=b'7'),
        _ => false,
    }
}

fn against(shape: &Shape) -> Option<&'static str> {
    if shape.is_counted() {
        return Some("they are counted up");
    }
    (shape.digits >= 12 && shape.starts_in_use() < 5)
        .then_some("they start alike, as numbers made of the time do")
}
