//! The statement of a tag, as far as it can be read without running it: words, texts, and where the time stands.

use std::borrow::Cow;
use std::ops::Range;

use chrono::{DateTime, Utc};

use super::{AS_OF, AsOfParam, Tag};

/// A piece of a statement. Comments and spaces are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A key word or a name in lower case letters, or a name in double quotes, without them.
    Word(&'a str),
    /// A text in single quotes, without them.
    Text(&'a str),
    /// [`AS_OF`].
    AsOf,
    /// Any other letter.
    Sign(char),
}

/// Cuts a statement into pieces, each with the bytes where it stands. A quote or a comment that does not end goes to the end.
pub(crate) fn pieces(sql: &str) -> Vec<(Range<usize>, Piece<'_>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, piece) = first_piece(rest);
        // No piece is empty, and each ends where a letter begins.
        let end = at + length.max(1);
        found.extend(piece.map(|piece| (at..end, piece)));
        at = end;
    }
    found
}

/// Returns the length of what stands first, and what it is.
fn first_piece(rest: &str) -> (usize, Option<Piece<'_>>) {
    let Some(first) = rest.chars().next() else { return (0, None) };
    let until = |end: &str, from: usize| {
        let found = rest.get(from..).and_then(|inner| inner.find(end));
        found.map_or(rest.len(), |place| from + place + end.len())
    };
    let inside = |length: usize| rest.get(1..length.saturating_sub(1)).unwrap_or_default();
    if rest.starts_with("--") {
        return (until("\n", 2), None);
    }
    if rest.starts_with("/*") {
        return (until("*/", 2), None);
    }
    if rest.starts_with("::") {
        return (2, Some(Piece::Sign(':')));
    }
    if let Some(after) = rest.strip_prefix(AS_OF)
        && !after.starts_with(is_of_word)
    {
        return (AS_OF.len(), Some(Piece::AsOf));
    }
    match first {
        // A doubled quote makes two texts of one, which no reader here minds.
        '\'' => {
            let length = until("'", 1);
            (length, Some(Piece::Text(inside(length))))
        }
        '"' => {
            let length = until("\"", 1);
            (length, Some(Piece::Word(inside(length))))
        }
        first if first.is_whitespace() => (first.len_utf8(), None),
        first if is_of_word(first) => {
            let length = rest.find(|letter| !is_of_word(letter)).unwrap_or(rest.len());
            (length, rest.get(..length).map(Piece::Word))
        }
        first => (first.len_utf8(), Some(Piece::Sign(first))),
    }
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

impl Tag {
    /// Returns the statement for an instant: with a literal in place of [`AS_OF`], wherever that is not part of a text or a
    /// comment. The day of an instant is that of the tag's clock.
    ///
    /// Nothing where the instant is too far off to have a day.
    #[must_use]
    pub fn statement(&self, at: DateTime<Utc>) -> Option<Cow<'_, str>> {
        let literal = match self.as_of.param {
            AsOfParam::None => return Some(Cow::Borrowed(&self.sql)),
            AsOfParam::Day => format!("DATE '{}'", self.as_of.day_of(at)?),
            AsOfParam::Instant => format!("TIMESTAMP '{}'", at.format("%Y-%m-%d %H:%M:%S%.6f")),
        };
        let mut statement = String::with_capacity(self.sql.len());
        let mut done = 0;
        for (place, piece) in pieces(&self.sql) {
            if piece == Piece::AsOf {
                statement.push_str(self.sql.get(done..place.start).unwrap_or_default());
                statement.push_str(&literal);
                done = place.end;
            }
        }
        statement.push_str(self.sql.get(done..).unwrap_or_default());
        Some(Cow::Owned(statement))
    }
}

#[cfg(test)]
mod tests;
