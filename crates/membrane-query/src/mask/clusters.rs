//! What a reader takes for one character.
//!
//! `é` may be two code points and a family of emoji seven; a mask that cuts between them shows half a
//! letter. This is a close approximation of Unicode's extended grapheme clusters (UAX 29) by ranges: marks,
//! selectors and skin tones belong to what stands before them, a joiner binds both sides, and two regional
//! indicators are a flag. How much a mask hides does not rest on it: see [`super::partial`].

const JOINER: char = '\u{200D}';

/// Returns the byte offsets at which clusters begin.
pub(super) fn starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::with_capacity(text.len().min(64));
    let mut before: Option<char> = None;
    let mut open_flag = false;
    for (offset, letter) in text.char_indices() {
        let flag_letter = is_regional(letter);
        let second_of_flag = flag_letter && open_flag;
        let crlf = before == Some('\r') && letter == '\n';
        let joined = before == Some(JOINER) || extends(letter) || second_of_flag || crlf;
        if before.is_none() || !joined {
            starts.push(offset);
        }
        open_flag = flag_letter && !second_of_flag;
        before = Some(letter);
    }
    starts
}

const fn is_regional(letter: char) -> bool {
    matches!(letter, '\u{1F1E6}'..='\u{1F1FF}')
}

const fn extends(letter: char) -> bool {
    matches!(letter,
        JOINER
        | '\u{200C}'
        // Combining marks of Latin, Cyrillic, Hebrew, Arabic, Syriac.
        | '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{0591}'..='\u{05BD}' | '\u{0610}'..='\u{061A}'
        | '\u{064B}'..='\u{065F}' | '\u{0670}' | '\u{06D6}'..='\u{06DC}' | '\u{06DF}'..='\u{06E4}'
        | '\u{0711}' | '\u{0730}'..='\u{074A}'
        // Vowel signs of the scripts of India, Thai, Lao, Tibetan, Burmese, Khmer.
        | '\u{0900}'..='\u{0903}' | '\u{093A}'..='\u{093C}' | '\u{093E}'..='\u{094F}' | '\u{0962}'..='\u{0963}'
        | '\u{0981}'..='\u{0983}' | '\u{09BC}' | '\u{09BE}'..='\u{09CD}' | '\u{0A3C}'..='\u{0A51}'
        | '\u{0ABC}' | '\u{0ABE}'..='\u{0ACD}' | '\u{0BBE}'..='\u{0BCD}' | '\u{0C3E}'..='\u{0C56}'
        | '\u{0CBC}' | '\u{0CBE}'..='\u{0CD6}' | '\u{0D3E}'..='\u{0D4D}' | '\u{0E31}' | '\u{0E34}'..='\u{0E3A}'
        | '\u{0E47}'..='\u{0E4E}' | '\u{0EB1}' | '\u{0EB4}'..='\u{0EBC}' | '\u{0EC8}'..='\u{0ECE}'
        | '\u{0F71}'..='\u{0F84}' | '\u{102B}'..='\u{103E}' | '\u{17B4}'..='\u{17D3}'
        // Hangul vowels and finals that follow a leading consonant.
        | '\u{1160}'..='\u{11FF}'
        | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{302A}'..='\u{302F}'
        | '\u{3099}'..='\u{309A}'
        // Variation selectors, skin tones, tags.
        | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}' | '\u{1F3FB}'..='\u{1F3FF}'
        | '\u{E0020}'..='\u{E007F}' | '\u{E0100}'..='\u{E01EF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: usize) {
        assert_eq!(starts(text).len(), expected, "{text:?}");
    }

    #[test]
    fn clusters_are_counted_as_people_count() {
        check("", 0);
        check("abc", 3);
        check("欧阳修", 3);
        check("e\u{301}a", 2);
        check("👨\u{200D}👩\u{200D}👧", 1);
        check("👍🏽!", 2);
        check("🇨🇳🇫🇷", 2);
        check("❤\u{FE0F}x", 2);
        check("นี้", 1);
    }
}
