//! `mask-alphanum`, `show-first-4` and `show-last-4`: the shape of a text, with four characters of it or none.
//!
//! They are the actions of those names in the read restrictions of the Iceberg REST catalog specification: code point
//! by code point, `n` stands for a digit 0 to 9 and `x` for everything else but `(`, `)`, `,`, `.`, `-` and `@`, which
//! stay. Where the specification shows a value of up to four characters whole, a partial mask does not: as in
//! [`super::partial`], at least two characters and half of the value are always hidden.

use super::partial;
use crate::mask::doc::MaskDoc;

pub(crate) const DOCS: [MaskDoc; 3] = [
    MaskDoc {
        name: "mask-alphanum",
        level: "partial",
        types: "text",
        shows: "the shape: `n` for a digit, `x` for any other character but `( ) , . - @`",
        examples: &[
            ("prashant010696@gmail.com", Some("xxxxxxxxnnnnnn@xxxxx.xxx")),
            ("(555) 123-4567", Some("(nnn)xnnn-nnnn")),
            ("a.b,c", Some("x.x,x")),
            ("欧阳修", Some("xxx")),
            ("", Some("")),
        ],
    },
    MaskDoc {
        name: "show-first-4",
        level: "partial",
        types: "text",
        shows: "the first four characters, fewer of a short value, and the shape of the rest",
        examples: &[
            ("prashant010696@gmail.com", Some("prasxxxxnnnnnn@xxxxx.xxx")),
            ("abcd", Some("abxx")),
            ("张伟", Some("xx")),
        ],
    },
    MaskDoc {
        name: "show-last-4",
        level: "partial",
        types: "text",
        shows: "the last four characters, fewer of a short value, and the shape of the rest",
        examples: &[
            ("4111-1111-1111-4444", Some("nnnn-nnnn-nnnn-4444")),
            ("13800138000", Some("nnnnnnn8000")),
            ("1234", Some("nn34")),
        ],
    },
];

/// Characters that are always hidden.
const HIDDEN_MIN: usize = 2;

/// Appends the shape of `text` to `out`, with up to this many of its first and last characters. Marks that stay are shown:
/// where too much would be, fewer characters are, and of what is mostly marks, no marks.
pub(super) fn shape(text: &str, mut first: u8, mut last: u8, out: &mut String) {
    loop {
        let (head, hidden, tail) = partial::split(text, first, last);
        let masked = hidden.chars().filter(|letter| !is_mark(*letter)).count();
        let enough = masked >= HIDDEN_MIN && masked * 2 >= text.chars().count();
        if enough || (first == 0 && last == 0) {
            out.push_str(head);
            out.extend(hidden.chars().map(|letter| if enough { shape_of(letter) } else { covered(letter) }));
            out.push_str(tail);
            return;
        }
        if last > 0 { last -= 1 } else { first -= 1 }
    }
}

const fn shape_of(letter: char) -> char {
    if is_mark(letter) { letter } else { covered(letter) }
}

const fn covered(letter: char) -> char {
    if letter.is_ascii_digit() { 'n' } else { 'x' }
}

const fn is_mark(letter: char) -> bool {
    matches!(letter, '(' | ')' | ',' | '.' | '-' | '@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, first: u8, last: u8) -> String {
        let mut out = String::new();
        shape(text, first, last, &mut out);
        out
    }

    #[test]
    fn marks_that_stay_count_as_shown() {
        assert_eq!(shown("ab..", 0, 4), "xx..");
        assert_eq!(shown("12()", 4, 0), "nn()");
        assert_eq!(shown("a.b@c-d", 4, 0), "x.x@x-x");
        assert_eq!(shown("Anna(--)", 4, 0), "xxxx(--)");
        assert_eq!(shown("A.", 0, 0), "xx");
        assert_eq!(shown("--", 0, 0), "xx");
        assert_eq!(shown("", 4, 0), "");
    }

    #[test]
    fn at_least_half_and_two_are_hidden_whatever_the_window() {
        let texts = [
            "a",
            "1.",
            "ab",
            "a.b",
            "(1)",
            "ab..",
            "abcd",
            "1-2-3-4",
            "张伟",
            "a.b,c.d",
            "abc@d.ef",
            "..a..b..c..",
        ];
        for text in texts {
            for window in 0..6 {
                for (first, last) in [(window, 0), (0, window), (window, window)] {
                    let out = shown(text, first, last);
                    let same =
                        out.chars().zip(text.chars()).filter(|(shown, letter)| shown == letter).count();
                    let all = text.chars().count();
                    assert!(same * 2 <= all, "{text} {first} {last}: {out}");
                    assert!(same == 0 || all - same >= HIDDEN_MIN, "{text} {first} {last}: {out}");
                }
            }
        }
    }
}
