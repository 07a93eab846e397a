//! `ff1`: digits replaced by other digits, so that the value keeps its format.
//!
//! It is a token: equal values show equal digits within one scope and domain, and nobody without the key can try values
//! against them. All ASCII digits of the value are encrypted as one number (FF1, NIST SP 800-38G); spaces and marks
//! between them stay, and any other character shows as `x`. What is not a digit is part of the tweak, so that two values
//! that differ in it do not show the same digits. Fewer than six digits are no domain to encrypt in, and more than 64 are no
//! number of anybody (the time it takes grows with their square): all shows as `**`.
//!
//! PRIVACY: the library's big numbers hold parts of the value, and their memory is freed but not wiped.

use std::fmt::Write as _;

use membrane_vault::{FORMAT_DIGITS_MAX, FORMAT_DIGITS_MIN};
use zeroize::Zeroizing;

use crate::fault::ScanFault;
use crate::mask::doc::MaskDoc;
use crate::rules::FormatMask;

pub(crate) const DOC: MaskDoc = MaskDoc {
    name: "ff1",
    level: "token",
    types: "text",
    shows: "other digits in the same places, the same ones for equal values; `**` for fewer than six digits or more than 64",
    examples: &[("12345", Some("**")), ("no digits", Some("**"))],
};

const HIDDEN: &str = "**";

/// Appends the masked form of `text` to `out`.
pub(super) fn show(text: &str, mask: &FormatMask, out: &mut String) -> Result<(), ScanFault> {
    let count = text.bytes().filter(u8::is_ascii_digit).count();
    if !(FORMAT_DIGITS_MIN..=FORMAT_DIGITS_MAX).contains(&count) {
        out.push_str(HIDDEN);
        return Ok(());
    }
    // Of its length from the start: nothing is left behind in memory that it has outgrown.
    let mut digits = Zeroizing::new(Vec::with_capacity(count));
    digits.extend(text.bytes().filter(u8::is_ascii_digit).map(|digit| u16::from(digit - b'0')));
    let tweak = Zeroizing::new(tweak(text, &mask.domain));
    let made = mask.cipher.encrypt(&tweak, &digits).map_err(|_| ScanFault::Cell)?;
    let mut made = made.into_iter();
    for letter in text.chars() {
        match letter {
            '0'..='9' => {
                write!(out, "{}", made.next().ok_or(ScanFault::Shape)?).map_err(|_| ScanFault::Shape)?
            }
            ' ' | '-' | '+' | '(' | ')' | '.' | '/' => out.push(letter),
            _ => out.push('x'),
        }
    }
    Ok(())
}

/// The domain, and the value with each digit left out: a domain's name has no byte 0.
fn tweak(text: &str, domain: &str) -> Vec<u8> {
    let mut tweak = Vec::with_capacity(domain.len() + 1 + text.len());
    tweak.extend_from_slice(domain.as_bytes());
    tweak.push(0);
    tweak.extend(text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte }));
    tweak
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::vault;

    fn mask(scope: &str) -> FormatMask {
        FormatMask { cipher: vault().shown_format(scope).unwrap(), domain: "phone".to_owned() }
    }

    fn shown(text: &str, scope: &str) -> String {
        let mut out = String::new();
        show(text, &mask(scope), &mut out).unwrap();
        out
    }

    fn check(text: &str, format: &str) {
        let out = shown(text, "purpose:test");
        let found: String =
            out.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
        assert_eq!(found, format, "{text:?}");
        assert_ne!(out, text);
    }

    #[test]
    fn formats_are_kept() {
        check("13800138000", "00000000000");
        check("+86 138-0013-8000", "+00 000-0000-0000");
        check("11010519491231002X", "00000000000000000x");
        check("沪A123456", "xx000000");
    }

    #[test]
    fn small_domains_are_hidden() {
        for text in ["", "1", "12345", "abc", "张伟"] {
            assert_eq!(shown(text, "purpose:test"), HIDDEN, "{text:?}");
        }
        check(&"7".repeat(FORMAT_DIGITS_MAX), &"0".repeat(FORMAT_DIGITS_MAX));
        assert_eq!(shown(&"7".repeat(FORMAT_DIGITS_MAX + 1), "purpose:test"), HIDDEN);
    }

    #[test]
    fn equal_values_and_only_those_show_the_same_digits() {
        let one = shown("13800138000", "purpose:test");
        assert_eq!(one, shown("13800138000", "purpose:test"));
        assert_ne!(one, shown("13800138001", "purpose:test"));
        assert_ne!(one, shown("13800138000", "partner:acme"));
        assert_ne!(shown("1101051949123100A", "purpose:test"), shown("1101051949123100B", "purpose:test"));
    }
}
