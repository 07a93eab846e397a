//! Taiwan identity cards: a letter for the place, 1 or 2 for the sex (8 and 9 for residents), a check digit (modulo 10).

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::{Value, numbers, weighted};

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::TwIdentity,
    // The check digit, and four of ten digits for the sex.
    chance: 0.04,
    share_min: 0.6,
    share_hinted_min: 0.3,
    look,
    against: nothing,
};

/// Numbers of the letters, from A on.
const LETTERS: [u32; 26] =
    [10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33];

fn look(value: &Value) -> Look {
    let text = value.bare.as_str();
    let Some((first, rest)) = text.bytes().next().zip(text.get(1..)) else { return Look::Other };
    let Some(digits) = numbers(rest).filter(|digits| digits.len() == 9) else { return Look::Other };
    let place = first.checked_sub(b'A').and_then(|place| LETTERS.get(usize::from(place)));
    let Some(place) = place else { return Look::Other };
    let sum = place / 10 + (place % 10) * 9 + weighted(&digits, &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
    let sex = digits.first().is_some_and(|sex| matches!(sex, 1 | 2 | 8 | 9));
    Look::of(sex && sum.is_multiple_of(10))
}
