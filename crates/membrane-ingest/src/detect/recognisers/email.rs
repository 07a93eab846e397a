//! E-mail addresses.

use membrane_catalog::FormatCheck;

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::Email,
    // What has an `@` between two parts and is no address: `3@2`, a handle.
    chance: 0.01,
    share_min: 0.3,
    share_hinted_min: 0.05,
    look,
    against: nothing,
};

fn look(value: &Value) -> Look {
    let text = value.text.strip_prefix("mailto:").unwrap_or(&value.text);
    if !text.contains('@') {
        return Look::Other;
    }
    Look::of(FormatCheck::Email.accepts(text))
}
