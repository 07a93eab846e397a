//! Removes everything from a statement that could be somebody's data, before it is recorded.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use crate::plain_name::is_plain_name;

/// Stands for whatever was removed.
const REMOVED: &str = "?";

/// Writes the statement again from its tokens.
///
/// It works on tokens and not on the syntax tree, and by a list of what may stay, not of what must go:
/// a kind of literal that a later parser learns is removed without anyone thinking of it.
pub(super) fn redact(tokens: &[TokenWithSpan]) -> String {
    let mut text = String::new();
    let mut space = false;
    for token in tokens {
        match &token.token {
            Token::EOF => break,
            // PRIVACY: comments are white space here, so they vanish with it.
            Token::Whitespace(_) => space = true,
            other => {
                if std::mem::take(&mut space) && !text.is_empty() {
                    text.push(' ');
                }
                push(&mut text, other);
            }
        }
    }
    while text.ends_with([';', ' ']) {
        text.pop();
    }
    text
}

fn push(text: &mut String, token: &Token) {
    match token {
        Token::Word(word) => push_word(text, word),
        kept if is_punctuation(kept) => text.push_str(&kept.to_string()),
        _ => text.push_str(REMOVED),
    }
}

fn push_word(text: &mut String, word: &Word) {
    match (word.quote_style, is_plain_name(&word.value)) {
        (None, true) => text.push_str(&word.value),
        (Some(_), true) => {
            text.push('"');
            text.push_str(&word.value);
            text.push('"');
        }
        (_, false) => text.push_str(REMOVED),
    }
}

const fn is_punctuation(token: &Token) -> bool {
    matches!(
        token,
        Token::Comma
            | Token::Eq
            | Token::DoubleEq
            | Token::Neq
            | Token::Lt
            | Token::Gt
            | Token::LtEq
            | Token::GtEq
            | Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::Mod
            | Token::StringConcat
            | Token::LParen
            | Token::RParen
            | Token::LBracket
            | Token::RBracket
            | Token::Period
            | Token::DoubleColon
            | Token::SemiColon
            | Token::Ampersand
            | Token::Pipe
            | Token::Caret
            | Token::Tilde
            | Token::TildeAsterisk
            | Token::ExclamationMarkTilde
            | Token::ExclamationMarkTildeAsterisk
            | Token::ShiftLeft
            | Token::ShiftRight
    )
}
