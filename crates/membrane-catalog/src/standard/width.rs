//! Width and spaces: NFKC, nothing invisible, single spaces.

use unicode_normalization::UnicodeNormalization as _;

/// Writes a text in NFKC (full-width letters and digits become plain ones), without invisible characters, and with one space
/// where there was any white space between other characters.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut space = false;
    for letter in text.nfkc() {
        if letter.is_whitespace() {
            space = !folded.is_empty();
        } else if !is_invisible(letter) {
            if space {
                folded.push(' ');
                space = false;
            }
            folded.push(letter);
        }
    }
    folded
}

/// Tells whether nothing of a text can be seen.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|letter| letter.is_whitespace() || is_invisible(letter))
}

/// Characters that only say how others are shown, and controls.
pub(super) fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{E0000}'..='\u{E0FFF}')
}

/// Tells whether a character is written for a hyphen.
pub(super) const fn is_dash(letter: char) -> bool {
    matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' | '\u{FE58}' | '\u{2E3A}'..='\u{2E3B}')
}

/// Takes spaces and hyphens out of a number that is written in groups.
pub(super) fn ungrouped(text: &str) -> String {
    fold(text).chars().filter(|letter| *letter != ' ' && !is_dash(*letter)).collect()
}

/// Tells whether a character is Chinese.
pub(super) const fn is_han(letter: char) -> bool {
    matches!(letter,
        '\u{3005}' | '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFD}')
}
