//! Numbers of bank cards: an issuer's range, the length that goes with it, and the Luhn check digit.
//!
//! The check digit alone passes 10 % of random numbers.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser};
use crate::detect::shape::Shape;
use crate::detect::value::{Value, is_luhn, part};

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::BankCard,
    // A third of random numbers start in a range, a tenth of these pass.
    chance: 0.1,
    share_min: 0.5,
    share_hinted_min: 0.15,
    look,
    against,
};

fn look(value: &Value) -> Look {
    let Some(digits) = value.national().filter(|digits| (13..=19).contains(&digits.len())) else {
        return Look::Other;
    };
    // Among numbers that start as cards do, the check digit tells cards from others.
    if !is_issued(digits) {
        return Look::Other;
    }
    Look::of(is_luhn(digits))
}

/// UnionPay, Visa, Mastercard, American Express, Diners, JCB, Discover, Maestro; domestic Chinese ranges that start with 9 are not
/// told from others.
fn is_issued(digits: &str) -> bool {
    let two = part(digits, 0, 2).unwrap_or_default();
    let four = part(digits, 0, 4).unwrap_or_default();
    match digits.len() {
        13 => two / 10 == 4,
        14 => matches!(two, 36 | 38 | 39) || matches!(four, 3000..=3059 | 3095),
        15 => matches!(two, 34 | 37),
        16 => {
            two / 10 == 4
                || matches!(two, 51..=55 | 62 | 65 | 81)
                || matches!(four, 2221..=2720 | 3528..=3589 | 6011 | 6440..=6499)
        }
        17 | 18 => matches!(two, 62),
        19 => {
            two / 10 == 4
                || matches!(two, 62 | 81)
                || matches!(four, 5018 | 5020 | 5038 | 6011 | 6304 | 6759..=6763)
        }
        _ => false,
    }
}

fn against(shape: &Shape) -> Option<&'static str> {
    shape.is_counted().then_some("they are counted up")
}
