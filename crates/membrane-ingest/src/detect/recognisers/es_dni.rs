//! Spanish DNI and NIE: eight digits (or `X`, `Y`, `Z` and seven) and a letter (modulo 23).

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::EsDni,
    chance: 0.044,
    share_min: 0.6,
    share_hinted_min: 0.3,
    look,
    against: nothing,
};

const LETTERS: &str = "TRWAGMYFPDXBNJZSQVHLCKE";

fn look(value: &Value) -> Look {
    let text = value.bare.as_str();
    let Some((body, letter)) = text.split_at_checked(text.len().saturating_sub(1)) else {
        return Look::Other;
    };
    if text.len() != 9 || !letter.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Look::Other;
    }
    let digits = match body.split_at_checked(1) {
        Some(("X", rest)) => format!("0{rest}"),
        Some(("Y", rest)) => format!("1{rest}"),
        Some(("Z", rest)) => format!("2{rest}"),
        _ => body.to_owned(),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Look::Other;
    }
    let expected = digits.parse::<usize>().ok().and_then(|number| LETTERS.get(number % 23..number % 23 + 1));
    Look::of(expected == Some(letter))
}
