//! Chinese names of people: a family name of the list and one or two characters, in part masked (`王*`) or not.
//!
//! Characters that are family names start goods and places too: 金, 高, 马, 白. Two things tell a column of people: nearly all of it
//! has a family name, and these are as frequent as in the country: about two fifths of all people have one of ten.

use super::lists::{FREQUENT_SURNAMES, SURNAMES, SURNAMES_OF_TWO};
use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser};
use crate::detect::shape::Shape;
use crate::detect::value::{Value, is_han};

pub(crate) const RECOGNISER: Recogniser =
    Recogniser { kind: Kind::NameCn, chance: 0.3, share_min: 0.65, share_hinted_min: 0.2, look, against };

/// What ends names of places, shops and goods.
const ENDS: &str = "省市区县镇乡村路街店部厅馆院站厂局寺款装盒瓶袋号";

fn look(value: &Value) -> Look {
    let letters: Vec<char> = value.text.chars().filter(|letter| !matches!(letter, ' ' | '·')).collect();
    let masked = |letter: char| matches!(letter, '*' | '某' | 'X' | 'x' | '×');
    let plain =
        letters.iter().enumerate().all(|(place, letter)| is_han(*letter) || (place > 0 && masked(*letter)));
    if !plain || !(2..=4).contains(&letters.len()) {
        return Look::Other;
    }
    let first = letters.first().copied().unwrap_or_default();
    let two: String = letters.iter().take(2).collect();
    let known = match letters.len() {
        4 => SURNAMES_OF_TWO.contains(&two.as_str()),
        3 => SURNAMES.contains(first) || SURNAMES_OF_TWO.contains(&two.as_str()),
        _ => SURNAMES.contains(first),
    };
    let ends = letters.last().is_some_and(|last| ENDS.contains(*last));
    Look::of(known && !(ends && letters.len() > 2))
}

fn against(shape: &Shape) -> Option<&'static str> {
    let frequent: u32 = FREQUENT_SURNAMES.chars().filter_map(|name| shape.first_han.get(&name)).sum();
    if f64::from(frequent) < 0.2 * f64::from(shape.han) {
        return Some("they do not start as often with the frequent family names as people do");
    }
    if shape.looked_at < 15 || (shape.distinctness() < 0.02 && shape.looked_at < 60) {
        return Some("there are too few different ones");
    }
    None
}
