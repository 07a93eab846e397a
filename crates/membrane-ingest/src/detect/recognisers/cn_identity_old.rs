//! Chinese identity numbers of 15 digits, given out until 1999: province and day, no check digit.

use super::cn_identity::{is_province, is_short_day};
use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser};
use crate::detect::shape::Shape;
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::CnIdentityOld,
    // 35 of 100 provinces, 36,525 of a million days.
    chance: 0.0128,
    share_min: 0.5,
    share_hinted_min: 0.2,
    look,
    against,
};

fn look(value: &Value) -> Look {
    match value.national() {
        Some(digits) if digits.len() == 15 => Look::of(is_province(digits) && is_short_day(digits, 6)),
        _ => Look::Other,
    }
}

fn against(shape: &Shape) -> Option<&'static str> {
    (shape.starts_in_use() < 4 && shape.digits >= 40)
        .then_some("they all start alike, which people from many places do not")
}
