//! MAC addresses: six pairs of hexadecimal digits with colons or hyphens between, or three groups of four with points.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::Mac,
    chance: 0.01,
    share_min: 0.4,
    share_hinted_min: 0.1,
    look,
    against: nothing,
};

fn look(value: &Value) -> Look {
    let lengths = |separator: char| -> Vec<usize> { value.text.split(separator).map(str::len).collect() };
    let form = lengths(':') == [2; 6] || lengths('-') == [2; 6] || lengths('.') == [4; 3];
    if !form {
        return Look::Other;
    }
    Look::of(value.text.chars().all(|letter| letter.is_ascii_hexdigit() || matches!(letter, ':' | '-' | '.')))
}
