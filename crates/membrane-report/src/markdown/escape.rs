//! Text in Markdown.
//!
//! Every text is written on one line of source; a newline in it is `<br>`. So what Markdown reads at the
//! beginning of a line matters once, and no text can end a table, a quote or a list.

use crate::visible::{Piece, code_point, pieces};

/// Escapes a text that may have lines.
pub(super) fn text(text: &str) -> String {
    escape(text.trim(), "<br>")
}

/// Escapes a text that has one line: headings, labels.
pub(super) fn line(text: &str) -> String {
    escape(text.trim(), " ")
}

/// Writes a cell of code. A span of code has no escapes, so what would need one is text in `<code>` instead.
pub(super) fn code_cell(code: &str) -> String {
    let code = code.trim();
    let plain = |piece| matches!(piece, Piece::Char(c) if !matches!(c, '`' | '|' | '\\'));
    match code.is_empty() {
        true => String::new(),
        false if pieces(code).all(plain) => format!("`{code}`"),
        false => format!("<code>{}</code>", escape(code, "<br>")),
    }
}

/// Escapes a text without blanks around it.
fn escape(text: &str, newline: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    // Digits alone so far: a dot or a bracket behind them may begin a numbered list.
    let mut digits = false;
    let mut pieces = pieces(text).peekable();
    let mut begins = true;
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Newline => out.push_str(newline),
            Piece::Tab => out.push(' '),
            Piece::Hidden(c) => {
                out.push('\\');
                out.push_str(&code_point(c));
            }
            Piece::Char('<') => out.push_str("&lt;"),
            Piece::Char('>') => out.push_str("&gt;"),
            Piece::Char('&') => out.push_str("&amp;"),
            Piece::Char(c) => {
                let next = pieces.peek().copied();
                let always = matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$');
                let first = begins && begins_block(c, next);
                let numbers = digits && matches!(c, '.' | ')') && !is_word(next);
                if always || first || numbers || links(&out, c) {
                    out.push('\\');
                }
                out.push(c);
            }
        }
        digits = (begins || digits) && matches!(piece, Piece::Char(c) if c.is_ascii_digit());
        begins = false;
    }
    out
}

/// Says whether a sign at the beginning of a text would begin a list, a rule or a definition. `-5` does not.
fn begins_block(c: char, next: Option<Piece>) -> bool {
    matches!(c, '=' | ':') || (matches!(c, '-' | '+') && !is_word(next))
}

/// Says whether a piece is of a word.
fn is_word(piece: Option<Piece>) -> bool {
    matches!(piece, Some(Piece::Char(c)) if c.is_alphanumeric())
}

/// Says whether a character would make GitHub turn what is before it into a link: `http:`, `www.`.
fn links(before: &str, c: char) -> bool {
    let ends = |ending: &str| {
        before
            .len()
            .checked_sub(ending.len())
            .and_then(|start| before.get(start..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(ending))
    };
    match c {
        ':' => ["http", "https", "ftp", "mailto", "xmpp"].into_iter().any(ends),
        '.' => ends("www"),
        _ => false,
    }
}
