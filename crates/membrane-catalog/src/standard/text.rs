//! Any text: width, spaces and, where the contract asks, case.

use unicode_normalization::{IsNormalized, is_nfkc_quick};

use super::width;

/// What becomes of capital and small letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Case {
    /// They stay.
    Kept,
    /// All are small.
    Lower,
    /// All are capital.
    Upper,
}

pub(super) fn standard(text: &str, case: Case) -> Option<String> {
    let folded = width::fold(text);
    let cased = match case {
        Case::Kept => folded,
        Case::Lower => folded.to_lowercase(),
        Case::Upper => folded.to_uppercase(),
    };
    (!cased.is_empty()).then_some(cased)
}

pub(super) fn is_standard(text: &str, case: Case) -> bool {
    let mut after_space = true;
    for letter in text.chars() {
        let fits = match letter {
            ' ' => !after_space,
            '!'..='~' => match case {
                Case::Kept => true,
                Case::Lower => !letter.is_ascii_uppercase(),
                Case::Upper => !letter.is_ascii_lowercase(),
            },
            _ if letter.is_whitespace() || width::is_invisible(letter) => false,
            _ => match case {
                Case::Kept => true,
                Case::Lower => letter.to_lowercase().eq([letter]),
                Case::Upper => letter.to_uppercase().eq([letter]),
            },
        };
        if !fits {
            return false;
        }
        after_space = letter == ' ';
    }
    !after_space && (text.is_ascii() || is_nfkc_quick(text.chars()) == IsNormalized::Yes)
}
