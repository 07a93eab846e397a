//! IMSI: fifteen digits that start with a country and network: here those of China, 460 and 461.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::Imsi,
    chance: 0.002,
    share_min: 0.6,
    share_hinted_min: 0.3,
    look,
    against: nothing,
};

fn look(value: &Value) -> Look {
    match value.national() {
        Some(digits) if digits.len() == 15 => Look::of(matches!(digits.get(..3), Some("460" | "461"))),
        _ => Look::Other,
    }
}
