//! `email`: the first character of the local part, and the domain: `z***@example.com`.
//!
//! The number of stars does not follow the value. A local part of one or two characters is hidden whole, as
//! with every partial mask. What is not an address shows nothing.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::mask::doc::MaskDoc;

pub(crate) const DOC: MaskDoc = MaskDoc {
    name: "email",
    level: "partial",
    types: "text",
    shows: "the first character of the local part, and the domain",
    examples: &[
        ("zhang.wei@example.com", Some("z***@example.com")),
        ("ab@example.com", Some("***@example.com")),
        ("no address", Some("***")),
    ],
};

const STARS: &str = "***";

/// Fewest characters of a local part of which the first is shown.
const LOCAL_MIN: usize = 3;

/// Appends the masked form of `text` to `out`.
pub(super) fn email(text: &str, out: &mut String) {
    let Some((local, domain)) = text.rsplit_once('@') else {
        out.push_str(STARS);
        return;
    };
    if !is_domain(domain) || local.is_empty() {
        out.push_str(STARS);
        return;
    }
    if local.graphemes(true).take(LOCAL_MIN).count() == LOCAL_MIN
        && let Some(first) = local.graphemes(true).next()
        && first.chars().count() * 2 <= local.chars().count()
    {
        out.push_str(first);
    }
    out.push_str(STARS);
    out.push('@');
    out.push_str(domain);
}

/// Tells whether the text after `@` is a host name: what else stands there may be more of the address.
fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let mut out = String::new();
        email(text, &mut out);
        assert_eq!(out, expected, "{text:?}");
    }

    #[test]
    fn addresses_keep_their_domain() {
        check("zhang.wei@example.com", "z***@example.com");
        check("abc@mail.example.cn", "a***@mail.example.cn");
        check("张伟丽@例子.中国", "张***@例子.中国");
    }

    #[test]
    fn short_local_parts_are_hidden_whole() {
        check("a@example.com", "***@example.com");
        check("ab@example.com", "***@example.com");
    }

    #[test]
    fn what_is_no_address_shows_nothing() {
        for text in [
            "",
            "zhangwei",
            "@example.com",
            "zhang@",
            "zhang@localhost",
            "zhang@ex ample.com",
            "a@b@c",
            "a@.com",
        ] {
            check(text, STARS);
        }
        check("\"a@b\"@example.com", "\"***@example.com");
    }
}
