//! Text in HTML. It stands between tags, where `<` and `&` are all that matters; the others are escaped so
//! that a change of place does no harm.

use crate::visible::{Piece, code_point, pieces};

/// Adds a text. The style sheet keeps its newlines and spaces.
pub(super) fn push_text(out: &mut String, text: &str) {
    push(out, text, '\n');
}

/// Adds a text on one line.
pub(super) fn push_line(out: &mut String, text: &str) {
    push(out, text, ' ');
}

/// Adds a text with what stands for its newlines.
fn push(out: &mut String, text: &str, newline: char) {
    for piece in pieces(text) {
        match piece {
            Piece::Newline => out.push(newline),
            Piece::Tab => out.push_str("    "),
            Piece::Hidden(c) => out.push_str(&code_point(c)),
            Piece::Char('&') => out.push_str("&amp;"),
            Piece::Char('<') => out.push_str("&lt;"),
            Piece::Char('>') => out.push_str("&gt;"),
            Piece::Char('"') => out.push_str("&quot;"),
            Piece::Char('\'') => out.push_str("&#39;"),
            Piece::Char(c) => out.push(c),
        }
    }
}
