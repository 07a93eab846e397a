//! Brazilian CPF: eleven digits, the last two check digits (modulo 11).

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::{Value, numbers};

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::BrCpf,
    chance: 0.01,
    share_min: 0.6,
    share_hinted_min: 0.3,
    look,
    against: nothing,
};

fn look(value: &Value) -> Look {
    let digits = value.national().filter(|digits| digits.len() == 11).and_then(numbers);
    let Some(digits) = digits else { return Look::Other };
    let check = |length: u32| {
        let weights = (2..=length + 1).rev();
        let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
        (sum * 10 % 11) % 10
    };
    let same = digits.windows(2).all(|pair| pair.first() == pair.last());
    Look::of(!same && digits.get(9) == Some(&check(9)) && digits.get(10) == Some(&check(10)))
}
