//! International telephone numbers (E.164): `+`, a country code that exists, and its usual number of digits.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::E164,
    // Of numbers with a `+`, those whose country exists and whose length fits it. Little else has a `+`.
    chance: 0.3,
    share_min: 0.5,
    share_hinted_min: 0.2,
    look,
    against: nothing,
};

/// Country codes of one, two and three digits (ITU-T E.164, list of assigned codes).
const TWO: [&str; 44] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
    "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

fn look(value: &Value) -> Look {
    let Some(digits) = value.digits.as_deref() else { return Look::Other };
    let digits = match (value.has_plus, digits.strip_prefix("00")) {
        (true, _) => digits,
        (false, Some(rest)) if rest.len() >= 10 => rest,
        _ => return Look::Other,
    };
    if !(7..=15).contains(&digits.len()) {
        return Look::Form;
    }
    let two = digits.get(..2).unwrap_or_default();
    let one = digits.get(..1).unwrap_or_default();
    Look::of(match one {
        "1" => digits.len() == 11,
        "7" => digits.len() == 11,
        "0" => false,
        _ if TWO.contains(&two) => (9..=14).contains(&digits.len()),
        _ => is_three(digits.get(..3).unwrap_or_default()) && (9..=15).contains(&digits.len()),
    })
}

fn is_three(code: &str) -> bool {
    let Ok(code) = code.parse::<u32>() else { return false };
    matches!(code, 211..=213 | 216 | 218 | 220..=269 | 290 | 291 | 297..=299 | 350..=359 | 370..=389 | 420 | 421 | 423
        | 500..=509 | 590..=599 | 670..=692 | 850 | 852 | 853 | 855 | 856 | 880 | 886 | 960..=968 | 970..=977 | 992..=998)
}
