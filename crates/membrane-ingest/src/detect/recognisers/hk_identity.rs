//! Hong Kong identity cards: one or two letters, six digits, and a check character in brackets or not (modulo 11).

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::HkIdentity,
    chance: 0.091,
    share_min: 0.6,
    share_hinted_min: 0.3,
    look,
    against: nothing,
};

fn look(value: &Value) -> Look {
    let text: String = value.bare.chars().filter(|letter| !matches!(letter, '(' | ')')).collect();
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    if !text.is_ascii() || !matches!((letters, text.len()), (1, 8) | (2, 9)) {
        return Look::Other;
    }
    let Some((body, check)) = text.split_at_checked(text.len() - 1) else { return Look::Other };
    let digits = body.get(letters..).unwrap_or_default();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Look::Other;
    }
    // A letter that is not there counts 36; A is 10.
    let number = |byte: u8| match byte {
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        byte => u32::from(byte.saturating_sub(b'0')),
    };
    let front = if letters == 1 { vec![36] } else { Vec::new() };
    let all: Vec<u32> = front.into_iter().chain(body.bytes().map(number)).collect();
    let sum: u32 = all.iter().zip((2..=9).rev()).map(|(digit, weight)| digit * weight).sum();
    let last = match check {
        "A" => 10,
        digit => match digit.parse::<u32>() {
            Ok(digit) => digit,
            Err(_) => return Look::Other,
        },
    };
    Look::of((sum + last).is_multiple_of(11))
}
