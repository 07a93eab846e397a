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

/// Appends the shape of `text` to `out`, with up to this many of its first and last characters.
pub(super) fn shape(text: &str, first: u8, last: u8, out: &mut String) {
    let (head, hidden, tail) = partial::split(text, first, last);
    out.push_str(head);
    out.extend(hidden.chars().map(shape_of));
    out.push_str(tail);
}

const fn shape_of(letter: char) -> char {
    match letter {
        '0'..='9' => 'n',
        '(' | ')' | ',' | '.' | '-' | '@' => letter,
        _ => 'x',
    }
}
