//! Which names may be written down.
//!
//! People put values where names belong: a phone number as an alias, a member's name without quotes.
//! What goes into the record, a log or an error is a name only if it looks like one.

const LENGTH_MAX: usize = 63;
const DIGITS_MAX: usize = 4;

/// Tells whether a word looks like a name: ASCII letters, digits and `_`, no digit first, at most 63
/// characters, and no more than four digits in a row (which may be part of an identifier of a person).
pub(crate) fn is_plain_name(word: &str) -> bool {
    let first_fits = word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let letters_fit = word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    word.len() <= LENGTH_MAX && first_fits && letters_fit && has_few_digits(word)
}

/// Tells whether a text has no more than four digits in a row, of any script.
pub(crate) fn has_few_digits(text: &str) -> bool {
    let mut digits = 0;
    text.chars().all(|letter| {
        digits = if letter.is_numeric() { digits + 1 } else { 0 };
        digits <= DIGITS_MAX
    })
}

/// Returns the word if it looks like a name.
pub(crate) fn plain_name(word: &str) -> Option<String> {
    is_plain_name(word).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_pass_and_values_do_not() {
        for name in ["region", "ordered_month", "_subject", "y2026", "Total"] {
            assert!(is_plain_name(name), "{name}");
        }
        for value in [
            "",
            "13800138000",
            "p13800138000",
            "张伟",
            "a@b.c",
            "a b",
            "1st",
            "id_310101199003",
            &"a".repeat(64),
        ] {
            assert!(!is_plain_name(value), "{value}");
        }
    }
}
