//! Identifiers within longer texts: what somebody wrote into a remark.

use membrane_catalog::FormatCheck;

/// Tells whether a text of several words has an e-mail address, a Chinese mobile number or an identity number in it.
pub(crate) fn has_identifier(text: &str) -> bool {
    let part_of_one =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '@' | '.' | '_' | '+' | '-');
    let mut words = text.split(|letter: char| !part_of_one(letter)).filter(|word| word.len() >= 6);
    let others = text.chars().count();
    words.any(|word| {
        let word = word.trim_matches(['.', '-', '+']);
        // The whole text is for the recognisers.
        word.chars().count() < others
            && [FormatCheck::Email, FormatCheck::MobileChina, FormatCheck::ChineseIdentityNumber]
                .into_iter()
                .any(|check| check.accepts(word))
    })
}
