//! Chinese landlines: an area code that starts with 0, seven or eight digits, and an extension or not.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser};
use crate::detect::shape::Shape;
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::CnLandline,
    // Of numbers that start with 0, those whose area exists and whose own part starts with 2 to 8.
    chance: 0.43,
    share_min: 0.6,
    share_hinted_min: 0.2,
    look,
    against,
};

/// The first two digits of area codes of three.
const AREAS: [&str; 49] = [
    "31", "33", "34", "35", "37", "39", "41", "42", "43", "45", "46", "47", "48", "51", "52", "53", "54",
    "55", "56", "57", "58", "59", "63", "66", "69", "70", "71", "72", "73", "74", "75", "76", "77", "79",
    "81", "82", "83", "85", "86", "87", "88", "89", "90", "91", "93", "94", "95", "97", "99",
];

fn look(value: &Value) -> Look {
    // The extension does not count.
    let text = value.text.split(['转', 'x', '#', '*']).next().unwrap_or_default();
    let plain: String = text.chars().filter(char::is_ascii_digit).collect();
    let between =
        text.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, ' ' | '-' | '(' | ')' | '+'));
    if !between {
        return Look::Other;
    }
    let national = match plain.strip_prefix("86") {
        Some(rest) if value.has_plus => format!("0{}", rest.trim_start_matches('0')),
        _ => plain,
    };
    if !national.starts_with('0') || !(10..=12).contains(&national.len()) {
        return Look::Other;
    }
    let two = matches!(
        national.get(..3),
        Some("010" | "020" | "021" | "022" | "023" | "024" | "025" | "027" | "028" | "029")
    );
    let number = national.get(if two { 3 } else { 4 }..).unwrap_or_default();
    let area = two || national.get(1..3).is_some_and(|area| AREAS.contains(&area));
    let length = matches!((two, number.len()), (true, 8) | (false, 7 | 8));
    Look::of(area && length && matches!(number.as_bytes(), [b'2'..=b'8', ..]))
}

fn against(shape: &Shape) -> Option<&'static str> {
    shape.is_counted().then_some("they are counted up")
}
