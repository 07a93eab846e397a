//! Chinese unified social credit codes (GB 32100): of businesses, and of people who trade in their own name.
//!
//! 18 characters: the registry (`9` is for business), the kind of holder, six digits of the place, nine of the organisation, a
//! check character (modulo 31). `92` is a sole trader: somebody's.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::CreditCode,
    // A check character of 31, where registry and place are possible.
    chance: 0.033,
    share_min: 0.5,
    share_hinted_min: 0.3,
    look,
    against: nothing,
};

const LETTERS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

fn look(value: &Value) -> Look {
    let text = value.bare.as_str();
    let numbers: Option<Vec<usize>> = text.chars().map(|letter| LETTERS.find(letter)).collect();
    let Some(numbers) = numbers.filter(|numbers| numbers.len() == 18) else { return Look::Other };
    let place = text.get(2..8).is_some_and(|place| place.bytes().all(|byte| byte.is_ascii_digit()));
    let registry =
        matches!(text.get(..1), Some("1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "A" | "N" | "Y"));
    if !place || !registry {
        return Look::Other;
    }
    // Weights are powers of 3 modulo 31.
    let mut weight = 1_usize;
    let mut sum = 0_usize;
    for number in numbers.iter().take(17) {
        sum += number * weight;
        weight = weight * 3 % 31;
    }
    Look::of(numbers.last() == Some(&((31 - sum % 31) % 31)))
}

/// Tells whether a code is that of a sole trader.
pub(crate) fn is_sole_trader(value: &Value) -> bool {
    value.bare.starts_with("92") && look(value) == Look::Match
}
