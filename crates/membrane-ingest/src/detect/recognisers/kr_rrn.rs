//! Korean resident registration numbers: `YYMMDD-SNNNNNN`. The check digit was given up in 2020, so the day and the digit of
//! the century decide.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser};
use crate::detect::shape::Shape;
use crate::detect::value::{Value, is_day, part};

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::KrRrn,
    // Days of one century in a million, eight of ten digits.
    chance: 0.03,
    share_min: 0.7,
    share_hinted_min: 0.3,
    look,
    against,
};

fn look(value: &Value) -> Look {
    let Some(text) = value.national().filter(|digits| digits.len() == 13) else { return Look::Other };
    // Written with its hyphen, or it is one of many numbers of 13 digits.
    if value.text.split('-').map(str::len).collect::<Vec<_>>() != [6, 7] {
        return Look::Other;
    }
    let century = match part(text, 6, 7) {
        Some(1 | 2 | 5 | 6) => 1900,
        Some(3 | 4 | 7 | 8) => 2000,
        _ => return Look::Form,
    };
    let number = |from: usize| part(text, from, from + 2);
    Look::of(matches!((number(0), number(2), number(4)), (Some(year), Some(month), Some(day))
        if is_day(century + year, month, day)))
}

fn against(shape: &Shape) -> Option<&'static str> {
    (shape.share(shape.dated) > 0.9 && shape.starts.len() < 4)
        .then_some("they start with days of the last years")
}
