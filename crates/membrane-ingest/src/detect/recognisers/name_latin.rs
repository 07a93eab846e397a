//! Names of people in Latin letters: words with a known given name or family name among them.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::lists::{LATIN_FAMILY, LATIN_GIVEN};
use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser};
use crate::detect::shape::Shape;
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::NameLatin,
    // Goods are called after people as well: Grace, Max, Ruby.
    chance: 0.1,
    share_min: 0.25,
    share_hinted_min: 0.05,
    look,
    against,
};

/// All given and family names of the lists.
static KNOWN: LazyLock<HashSet<&str>> =
    LazyLock::new(|| LATIN_GIVEN.split(' ').chain(LATIN_FAMILY.split(' ')).collect());

fn look(value: &Value) -> Look {
    let text = value.text.as_str();
    let letter = |letter: char| letter.is_alphabetic() && !('\u{2e80}'..).contains(&letter);
    if !text.chars().all(|it| letter(it) || matches!(it, ' ' | '-' | '\'' | '.' | ',' | '’')) {
        return Look::Other;
    }
    let words: Vec<String> =
        text.split([' ', ',', '.', '-']).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    if !(1..=5).contains(&words.len()) || !text.chars().next().is_some_and(char::is_alphabetic) {
        return Look::Other;
    }
    let known = |word: &&String| word.len() > 1 && KNOWN.contains(word.as_str());
    Look::of(words.iter().filter(known).count() > 0)
}

fn against(shape: &Shape) -> Option<&'static str> {
    (shape.looked_at < 15).then_some("there are too few different ones")
}
