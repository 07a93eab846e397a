//! Polish PESEL: eleven digits, the day of birth with the century in the month, a check digit (modulo 10).

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::{Value, is_day, numbers, part, weighted};

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::PlPesel,
    // Five centuries of days in a million, a tenth of which pass.
    chance: 0.0183,
    share_min: 0.6,
    share_hinted_min: 0.3,
    look,
    against: nothing,
};

fn look(value: &Value) -> Look {
    let Some(text) = value.national().filter(|digits| digits.len() == 11) else { return Look::Other };
    let Some(digits) = numbers(text) else { return Look::Other };
    let (Some(year), Some(month), Some(day)) = (part(text, 0, 2), part(text, 2, 4), part(text, 4, 6)) else {
        return Look::Other;
    };
    let century = match month / 20 {
        4 => 1800,
        after => 1900 + after * 100,
    };
    let sum = weighted(&digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    Look::of(is_day(century + year, month % 20, day) && sum.is_multiple_of(10))
}
