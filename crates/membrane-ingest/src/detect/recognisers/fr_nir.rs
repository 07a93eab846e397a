//! French NIR: sex, year and month of birth, place and number, and a key of two digits (modulo 97).

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::{Value, modulo, part};

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::FrNir,
    // A key of 97, two of ten sexes, months and what stands for unknown ones.
    chance: 0.0018,
    share_min: 0.5,
    share_hinted_min: 0.2,
    look,
    against: nothing,
};

fn look(value: &Value) -> Look {
    let text = value.bare.as_str();
    let corsica = text.get(5..7);
    let digits = match corsica {
        Some("2A") => text.replacen("2A", "19", 1),
        Some("2B") => text.replacen("2B", "18", 1),
        _ => text.to_owned(),
    };
    if digits.len() != 15 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Look::Other;
    }
    let (body, key) = digits.split_at_checked(13).unwrap_or_default();
    let rest = modulo(body.chars().filter_map(|digit| digit.to_digit(10)), 97);
    let month = part(&digits, 3, 5).is_some_and(|month| matches!(month, 1..=12 | 20..=42 | 50..=99));
    let sex = matches!(digits.get(..1), Some("1" | "2"));
    Look::of(sex && month && key.parse() == Ok(97 - rest))
}
