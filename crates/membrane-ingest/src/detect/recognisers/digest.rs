//! Hashes in hexadecimal digits: of 16, 20 and 32 bytes. A hash of a telephone number is a telephone number to whoever tries all
//! of them.

use super::uuid;
use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser};
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::Digest,
    chance: 0.001,
    share_min: 0.4,
    share_hinted_min: 0.2,
    look,
    against: uuid::against,
};

fn look(value: &Value) -> Look {
    let text = value.text.as_str();
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mixed = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    if hex && mixed && matches!(text.len(), 32 | 40 | 64) { Look::Match } else { Look::Other }
}
