//! UUIDs: of devices and installations, and of anything else. The name and the repetition decide.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser};
use crate::detect::shape::Shape;
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser =
    Recogniser { kind: Kind::Uuid, chance: 0.001, share_min: 0.4, share_hinted_min: 0.2, look, against };

fn look(value: &Value) -> Look {
    let text = value.text.trim_start_matches('{').trim_end_matches('}');
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let hex = text.chars().all(|letter| letter.is_ascii_hexdigit() || letter == '-');
    if hex && lengths == [8, 4, 4, 4, 12] { Look::Match } else { Look::Other }
}

/// A row's own number is of the row; what stands in several rows is of something that has several rows.
pub(super) fn against(shape: &Shape) -> Option<&'static str> {
    (shape.distinctness() > 0.9).then_some("each row has its own, so they number rows, not devices or people")
}
