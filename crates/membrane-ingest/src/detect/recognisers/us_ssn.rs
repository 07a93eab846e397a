//! US social security numbers: `AAA-GG-SSSS`. There is no check digit; some areas and groups do not exist.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::{Value, part};

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::UsSsn,
    // Nearly all numbers in this form are possible, but few other things are written in it.
    chance: 0.5,
    share_min: 0.7,
    share_hinted_min: 0.3,
    look,
    against: nothing,
};

fn look(value: &Value) -> Look {
    let text = value.text.as_str();
    let parts: Vec<&str> = text.split(['-', ' ']).collect();
    let [area, group, serial] = parts.as_slice() else { return Look::Other };
    if (area.len(), group.len(), serial.len()) != (3, 2, 4) {
        return Look::Other;
    }
    let number = |text: &str| part(text, 0, text.len());
    let (Some(area), Some(group), Some(serial)) = (number(area), number(group), number(serial)) else {
        return Look::Other;
    };
    Look::of(area != 0 && area != 666 && area < 900 && group != 0 && serial != 0)
}
