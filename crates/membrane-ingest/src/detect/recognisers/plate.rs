//! Chinese number plates: a province, a letter, five or six letters and digits.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::Plate,
    chance: 0.02,
    share_min: 0.4,
    share_hinted_min: 0.1,
    look,
    against: nothing,
};

const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领";

fn look(value: &Value) -> Look {
    let letters: Vec<char> = value.bare.chars().filter(|letter| *letter != '·' && *letter != '•').collect();
    let [province, office, rest @ ..] = letters.as_slice() else { return Look::Other };
    if !matches!(rest.len(), 5 | 6) {
        return Look::Other;
    }
    let (body, last) = rest.split_at_checked(rest.len() - 1).unwrap_or_default();
    let plain = |letter: &char| {
        letter.is_ascii_digit() || (letter.is_ascii_uppercase() && !matches!(letter, 'I' | 'O'))
    };
    let end = last.iter().all(|letter| plain(letter) || "学警港澳挂试超".contains(*letter));
    if !office.is_ascii_uppercase() || !body.iter().all(plain) || !end {
        return Look::Other;
    }
    Look::of(PROVINCES.contains(*province))
}
