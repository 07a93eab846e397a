//! Names of people: width, spaces, the middle dot, capital letters.
//!
//! A dot between the parts of a name is written `·` (U+00B7), as GB/T 36344 has it, whichever of the dozen dots was typed; a
//! full stop between two Chinese characters is one. Chinese characters have no space between them; letters are capital, so
//! that `Li Wei` and `LI WEI` are one.

use super::width::{self, is_han};

/// What is written for the dot between parts of a name.
const fn is_dot(letter: char) -> bool {
    matches!(
        letter,
        '\u{00B7}'
            | '\u{0387}'
            | '\u{2022}'
            | '\u{2027}'
            | '\u{2219}'
            | '\u{22C5}'
            | '\u{25CF}'
            | '\u{25E6}'
            | '\u{2E31}'
            | '\u{2E33}'
            | '\u{30FB}'
            | '\u{16EB}'
            | '\u{02D1}'
            | '\u{FF65}'
    )
}

/// Two signs are one where a name is written by hand.
const fn sign(letter: char) -> char {
    match letter {
        '\u{2018}' | '\u{2019}' | '\u{02BC}' | '\u{0060}' | '\u{00B4}' => '\'',
        dash if width::is_dash(dash) && dash != '\u{30FC}' => '-',
        dot if is_dot(dot) => '·',
        other => other,
    }
}

pub(super) fn standard(text: &str) -> Option<String> {
    let folded = width::fold(text).to_uppercase();
    let letters: Vec<char> = folded.chars().map(sign).collect();
    let mut name = String::with_capacity(folded.len());
    for (at, &letter) in letters.iter().enumerate() {
        let before = name.chars().next_back();
        let after = letters.get(at + 1).copied();
        let between_han = before.is_some_and(is_han) && after.is_some_and(is_han);
        match letter {
            '.' if between_han => name.push('·'),
            ' ' if between_han || before == Some('·') || after == Some('·') => {}
            '·' if before.is_none() || before == Some('·') => {}
            other => name.push(other),
        }
    }
    let name = name.trim_end_matches('·');
    name.chars().any(char::is_alphabetic).then(|| name.to_owned())
}

pub(super) fn is_standard(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| matches!(letter, '\u{4E00}'..='\u{9FFF}'))
}
