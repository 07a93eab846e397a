//! IBANs (ISO 13616): a country, two check digits (modulo 97), and the length of that country.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::{Value, modulo};

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::Iban,
    chance: 0.0103,
    share_min: 0.3,
    share_hinted_min: 0.1,
    look,
    against: nothing,
};

/// Countries and their lengths (the registry of SWIFT).
const LENGTHS: [(&str, usize); 50] = [
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IS", 26),
    ("IT", 27),
    ("KW", 30),
    ("KZ", 20),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("SA", 24),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("TR", 26),
];

fn look(value: &Value) -> Look {
    let text = value.bare.as_str();
    if !text.is_ascii() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Look::Other;
    }
    let Some((country, rest)) = text.split_at_checked(2) else { return Look::Other };
    let length = LENGTHS.iter().find(|(known, _)| *known == country).map(|(_, length)| *length);
    if length != Some(text.len()) || !rest.bytes().take(2).all(|byte| byte.is_ascii_digit()) {
        return Look::Other;
    }
    let (head, tail) = text.split_at_checked(4).unwrap_or_default();
    let digits = tail.chars().chain(head.chars()).filter_map(|letter| letter.to_digit(36));
    let written = digits.flat_map(|digit| if digit > 9 { vec![digit / 10, digit % 10] } else { vec![digit] });
    Look::of(modulo(written, 97) == 1)
}
