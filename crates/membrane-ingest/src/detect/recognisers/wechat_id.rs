//! WeChat openids and unionids: `o` and 27 letters of base64 for URLs.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::WechatId,
    // One of 64 letters in front.
    chance: 0.0157,
    share_min: 0.4,
    share_hinted_min: 0.1,
    look,
    against: nothing,
};

fn look(value: &Value) -> Look {
    let text = value.text.as_str();
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let mixed = text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.bytes().any(|byte| byte.is_ascii_uppercase());
    if text.len() != 28 || !text.bytes().all(letter) || !mixed {
        return Look::Other;
    }
    Look::of(text.starts_with('o'))
}
