//! Characters that cannot be seen, made visible.
//!
//! A report is evidence. An override that turns `gpj.exe` around, or a zero-width space that makes two names
//! look like one, would make it say something else than the ledger does. So what has no shape of its own is
//! written as its code point. JSON keeps the characters, as escapes.

/// A character as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A character that shows itself.
    Char(char),
    /// The end of a line.
    Newline,
    /// A tab: four spaces everywhere.
    Tab,
    /// A character that is shown as its code point.
    Hidden(char),
}

/// Splits a text into what is shown.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = Piece> {
    let mut chars = text.chars().peekable();
    std::iter::from_fn(move || {
        Some(match chars.next()? {
            '\n' => Piece::Newline,
            '\r' => match chars.next_if_eq(&'\n') {
                Some(_) => Piece::Newline,
                None => Piece::Hidden('\r'),
            },
            '\t' => Piece::Tab,
            c if is_hidden(c) => Piece::Hidden(c),
            c => Piece::Char(c),
        })
    })
}

/// Returns a text as lines in which everything can be seen.
pub(crate) fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Char(c) => line.push(c),
            Piece::Newline => lines.push(std::mem::take(&mut line)),
            Piece::Tab => line.push_str("    "),
            Piece::Hidden(c) => line.push_str(&code_point(c)),
        }
    }
    lines.push(line);
    lines
}

/// Returns a text on one line: titles, headings, labels.
pub(crate) fn one_line(text: &str) -> String {
    lines(text).join(" ")
}

/// Returns how a hidden character is shown.
pub(crate) fn code_point(c: char) -> String {
    c.escape_unicode().to_string()
}

/// Says whether a character has no shape of its own, or none that everyone agrees on: controls, the
/// default-ignorable code points of Unicode, separators of lines, private use, non-characters.
pub(crate) fn is_hidden(c: char) -> bool {
    let code = u32::from(c);
    c.is_control()
        || matches!(code,
            0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164
            | 0xE000..=0xF8FF | 0xFDD0..=0xFDEF | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB
            | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0x10_FFFF)
        || code & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests;
