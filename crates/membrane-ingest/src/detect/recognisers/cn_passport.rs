//! Chinese passports: `E` and eight digits, or a second letter and seven; `G`, `D`, `S`, `P` and eight of earlier and other ones.
//! There is no check digit.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser};
use crate::detect::shape::Shape;
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::CnPassport,
    // Five of 26 letters.
    chance: 0.19,
    share_min: 0.8,
    share_hinted_min: 0.2,
    look,
    against,
};

fn look(value: &Value) -> Look {
    let text = value.bare.as_str();
    let mut letters = text.chars();
    let (Some(first), Some(second)) = (letters.next(), letters.next()) else { return Look::Other };
    let digits =
        |from: usize| text.get(from..).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    if text.len() != 9 || !first.is_ascii_uppercase() {
        return Look::Other;
    }
    match second {
        '0'..='9' if digits(1) => Look::of(matches!(first, 'E' | 'G' | 'D' | 'S' | 'P')),
        'A'..='Z' if digits(2) => Look::of(first == 'E' && !matches!(second, 'I' | 'O')),
        _ => Look::Other,
    }
}

/// Without a name that says so, numbers of members and goods look alike.
fn against(_: &Shape) -> Option<&'static str> {
    Some("a letter and digits without a check digit may number anything")
}
