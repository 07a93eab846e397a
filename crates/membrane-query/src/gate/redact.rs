//! Removes everything from a statement that could be somebody's data, before it is recorded.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use crate::functions;
use crate::information;
use crate::plain_name::is_plain_name;

/// Stands for whatever was removed.
const REMOVED: &str = "?";

/// A statement in pieces: what may be recorded of any statement, and names, of which it depends on who knows them.
#[derive(Clone)]
pub(super) struct Redacted(Vec<Piece>);

#[derive(Clone)]
enum Piece {
    /// Recorded as it stands.
    Text(String),
    /// A name that looks like one. Recorded when it is known: somebody may have forgotten the quotes of a value.
    Name { name: String, quoted: bool },
}

impl Redacted {
    /// Takes a statement apart.
    ///
    /// It works on tokens and not on the syntax tree, and by a list of what may stay, not of what must go:
    /// a kind of literal that a later parser learns is removed without anyone thinking of it.
    pub(super) fn new(tokens: &[TokenWithSpan]) -> Self {
        let introduced = introduced(tokens);
        let mut pieces = Vec::new();
        let mut space = false;
        for token in tokens {
            match &token.token {
                Token::EOF => break,
                // PRIVACY: comments are white space here, so they vanish with it.
                Token::Whitespace(_) => space = true,
                other => {
                    if std::mem::take(&mut space) && !pieces.is_empty() {
                        pieces.push(Piece::Text(" ".to_owned()));
                    }
                    pieces.push(piece(other, &introduced));
                }
            }
        }
        Self(pieces)
    }

    /// Writes the statement again, with the names that are known.
    pub(super) fn text(&self, known: &dyn Fn(&str) -> bool) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(kept) => text.push_str(kept),
                Piece::Name { name, .. } if !known(&name.to_ascii_lowercase()) => text.push_str(REMOVED),
                Piece::Name { name, quoted: false } => text.push_str(name),
                Piece::Name { name, quoted: true } => text.extend(["\"", name, "\""]),
            }
        }
        while text.ends_with([';', ' ']) {
            text.pop();
        }
        text
    }
}

/// The names that the statement itself gives: `AS name`, `name AS (`.
fn introduced(tokens: &[TokenWithSpan]) -> BTreeSet<String> {
    let words: Vec<&Token> = tokens
        .iter()
        .map(|token| &token.token)
        .filter(|token| !matches!(token, Token::Whitespace(_)))
        .collect();
    let is_as = |token: &Token| matches!(token, Token::Word(word) if word.keyword == Keyword::AS);
    let mut names = BTreeSet::new();
    for three in words.windows(3) {
        match three {
            [before, Token::Word(word), _] if is_as(before) => names.insert(word.value.to_ascii_lowercase()),
            [Token::Word(word), between, Token::LParen] if is_as(between) => {
                names.insert(word.value.to_ascii_lowercase())
            }
            _ => false,
        };
    }
    names
}

fn piece(token: &Token, introduced: &BTreeSet<String>) -> Piece {
    match token {
        Token::Word(word) => word_piece(word, introduced),
        kept if is_punctuation(kept) => Piece::Text(kept.to_string()),
        _ => Piece::Text(REMOVED.to_owned()),
    }
}

fn word_piece(word: &Word, introduced: &BTreeSet<String>) -> Piece {
    if !is_plain_name(&word.value) {
        return Piece::Text(REMOVED.to_owned());
    }
    let lower = word.value.to_ascii_lowercase();
    let of_the_language = word.quote_style.is_none()
        && (word.keyword != Keyword::NoKeyword
            || functions::is_known_name(&lower)
            || information::NAME == lower
            || information::has(&lower));
    let quoted = word.quote_style.is_some();
    match (of_the_language, introduced.contains(&lower)) {
        (true, _) | (false, true) if !quoted => Piece::Text(word.value.clone()),
        (false, true) => Piece::Text(format!("\"{}\"", word.value)),
        _ => Piece::Name { name: word.value.clone(), quoted },
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
