//! IMEI: fifteen digits, a body that gives them out in front, a Luhn check digit behind.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser};
use crate::detect::shape::Shape;
use crate::detect::value::{Value, is_luhn, part};

pub(crate) const RECOGNISER: Recogniser =
    Recogniser { kind: Kind::Imei, chance: 0.1, share_min: 0.5, share_hinted_min: 0.2, look, against };

fn look(value: &Value) -> Look {
    let Some(digits) = value.national().filter(|digits| digits.len() == 15) else { return Look::Other };
    // Reporting bodies of 3GPP and GSMA.
    let body = part(digits, 0, 2)
        .is_some_and(|body| matches!(body, 1 | 10 | 30 | 33 | 35 | 44 | 45 | 49..=54 | 86 | 91 | 98 | 99));
    if !body {
        return Look::Other;
    }
    Look::of(is_luhn(digits))
}

fn against(shape: &Shape) -> Option<&'static str> {
    shape.is_counted().then_some("they are counted up")
}
