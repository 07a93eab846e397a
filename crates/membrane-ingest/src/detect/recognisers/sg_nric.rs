//! Singapore NRIC and FIN: `S`, `T`, `F`, `G` or `M`, seven digits and a letter (modulo 11).

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::{Value, numbers, weighted};

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::SgNric,
    // One of eleven letters for each number, and no other letters of the alphabet.
    chance: 0.04,
    share_min: 0.6,
    share_hinted_min: 0.3,
    look,
    against: nothing,
};

fn look(value: &Value) -> Look {
    let text = value.bare.as_str();
    let (Some(first), Some(middle), Some(last)) = (text.get(..1), text.get(1..8), text.get(8..)) else {
        return Look::Other;
    };
    let Some(digits) = numbers(middle).filter(|_| last.len() == 1) else { return Look::Other };
    let (letters, more) = match first {
        "S" => ("JZIHGFEDCBA", 0),
        "T" => ("JZIHGFEDCBA", 4),
        "F" => ("XWUTRQPNMLK", 0),
        "G" => ("XWUTRQPNMLK", 4),
        "M" => ("KLJNPQRTUWX", 3),
        _ => return Look::Other,
    };
    let rest = (weighted(&digits, &[2, 7, 6, 5, 4, 3, 2]) + more) % 11;
    let place = usize::try_from(if first == "M" { 10 - rest } else { rest }).unwrap_or(usize::MAX);
    Look::of(letters.get(place..place.saturating_add(1)) == Some(last))
}
