//! UK NHS numbers: ten digits, the last one a check digit (modulo 11). ISBN-10 has the same check, and `X`.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser};
use crate::detect::shape::Shape;
use crate::detect::value::{Value, numbers, part, weighted};

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::UkNhs,
    // The check digit, and the ranges that are given out.
    chance: 0.063,
    share_min: 0.6,
    share_hinted_min: 0.3,
    look,
    against,
};

fn look(value: &Value) -> Look {
    let Some(digits) = value.national().filter(|digits| digits.len() == 10).and_then(numbers) else {
        return Look::Other;
    };
    let sum = weighted(&digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    let given_out = part(value.digits.as_deref().unwrap_or_default(), 0, 3)
        .is_some_and(|start| matches!(start, 10..=311 | 320..=399 | 400..=499 | 600..=799));
    Look::of(given_out && sum.is_multiple_of(11))
}

fn against(shape: &Shape) -> Option<&'static str> {
    if shape.share(shape.book_numbers) > 0.015 {
        return Some("some end with X, as ISBN-10 do");
    }
    (shape.starts_in_use() < 4 && shape.digits >= 40)
        .then_some("they all start alike, as numbers of one publisher do")
}
