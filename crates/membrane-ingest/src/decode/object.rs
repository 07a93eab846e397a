//! One JSON object (RFC 8259), scanned without building a tree.
//!
//! The values of wanted fields are noted as ranges: of the line when they stand there as they are, of a
//! scratch text when they had escapes. Numbers keep their letters, so that a decimal is never rounded.
//! Nested values are only checked and noted. A field that occurs twice makes the object malformed: which
//! of the two values counts would be a guess.

use std::ops::Range;

use serde::de::IgnoredAny;

use super::drift::Unknown;

/// What a wanted field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// The field is not there.
    Absent,
    /// `null`.
    Null,
    /// A string that stands in the line as it is.
    Text(Range<usize>),
    /// A string with its escapes resolved, in the scratch text.
    Unescaped(Range<usize>),
    /// A number, `true` or `false`, as it stands in the line.
    Scalar(Range<usize>),
    /// An object or an array, as it stands in the line.
    Nested(Range<usize>),
}

/// Reads objects; keeps its buffers between lines.
pub(super) struct ObjectReader {
    names: Vec<String>,
    cells: Vec<Cell>,
    scratch: String,
    /// The wanted field that probably comes next: lines tend to repeat one order.
    next: usize,
    /// Fields that nobody wants.
    unknown: Unknown,
}

/// The line is not a JSON object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotAnObject;

type Scan<T> = Result<T, NotAnObject>;

impl ObjectReader {
    pub(super) fn new(names: Vec<String>) -> Self {
        let cells = vec![Cell::Absent; names.len()];
        Self { names, cells, scratch: String::new(), next: 0, unknown: Unknown::default() }
    }

    /// Returns what the last object had, one cell for each wanted field.
    pub(super) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Returns the text that [`Cell::Unescaped`] refers to.
    pub(super) fn scratch(&self) -> &str {
        &self.scratch
    }

    /// Returns the fields that nobody wants, of all objects so far.
    pub(super) const fn unknown(&self) -> &Unknown {
        &self.unknown
    }

    /// Reads one line.
    pub(super) fn read(&mut self, line: &str) -> Result<(), NotAnObject> {
        self.cells.fill(Cell::Absent);
        self.scratch.clear();
        self.next = 0;
        self.unknown.start();
        let mut cursor = Cursor { text: line, at: 0 };
        cursor.skip_space();
        cursor.expect(b'{')?;
        cursor.skip_space();
        if cursor.take(b'}') {
            return cursor.end();
        }
        loop {
            let wanted = self.field(&mut cursor)?;
            cursor.skip_space();
            cursor.expect(b':')?;
            cursor.skip_space();
            let cell = cursor.value(&mut self.scratch)?;
            if let Some(slot) = wanted.and_then(|wanted| self.cells.get_mut(wanted)) {
                if *slot != Cell::Absent {
                    return Err(NotAnObject);
                }
                *slot = cell;
            }
            cursor.skip_space();
            if cursor.take(b'}') {
                return cursor.end();
            }
            cursor.expect(b',')?;
            cursor.skip_space();
        }
    }

    /// Reads a field's name and finds it among the wanted.
    fn field(&mut self, cursor: &mut Cursor<'_>) -> Scan<Option<usize>> {
        let kept = self.scratch.len();
        let name = match cursor.string(&mut self.scratch)? {
            Cell::Unescaped(range) => self.scratch.get(range),
            Cell::Text(range) => cursor.text.get(range),
            _ => None,
        };
        let name = name.ok_or(NotAnObject)?;
        let guess = self.names.get(self.next).is_some_and(|next| next == name).then_some(self.next);
        let found = guess.or_else(|| self.names.iter().position(|wanted| wanted == name));
        match found {
            Some(found) => self.next = found + 1,
            None => self.unknown.saw(name),
        }
        self.scratch.truncate(kept);
        Ok(found)
    }
}

/// Tells the names of one line's fields in their order.
pub(super) fn names(line: &str, told: &mut dyn FnMut(&str)) -> Result<(), NotAnObject> {
    let mut scratch = String::new();
    let mut cursor = Cursor { text: line, at: 0 };
    cursor.skip_space();
    cursor.expect(b'{')?;
    cursor.skip_space();
    if cursor.take(b'}') {
        return cursor.end();
    }
    loop {
        scratch.clear();
        let name = match cursor.string(&mut scratch)? {
            Cell::Unescaped(range) => scratch.get(range),
            Cell::Text(range) => line.get(range),
            _ => None,
        };
        told(name.ok_or(NotAnObject)?);
        cursor.skip_space();
        cursor.expect(b':')?;
        cursor.skip_space();
        scratch.clear();
        cursor.value(&mut scratch)?;
        cursor.skip_space();
        if cursor.take(b'}') {
            return cursor.end();
        }
        cursor.expect(b',')?;
        cursor.skip_space();
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8) -> Scan<()> {
        if self.take(byte) { Ok(()) } else { Err(NotAnObject) }
    }

    fn end(mut self) -> Scan<()> {
        self.skip_space();
        if self.peek().is_none() { Ok(()) } else { Err(NotAnObject) }
    }

    fn value(&mut self, scratch: &mut String) -> Scan<Cell> {
        match self.peek() {
            Some(b'"') => self.string(scratch),
            Some(b'{' | b'[') => self.nested(),
            Some(b'n') => self.word("null").map(|_| Cell::Null),
            Some(b't') => self.word("true").map(Cell::Scalar),
            Some(b'f') => self.word("false").map(Cell::Scalar),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(NotAnObject),
        }
    }

    fn word(&mut self, word: &str) -> Scan<Range<usize>> {
        let start = self.at;
        let rest = self.text.get(start..).ok_or(NotAnObject)?;
        if !rest.starts_with(word) {
            return Err(NotAnObject);
        }
        self.at += word.len();
        Ok(start..self.at)
    }

    fn digits(&mut self) -> Scan<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(NotAnObject) }
    }

    fn number(&mut self) -> Scan<Cell> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(Cell::Scalar(start..self.at))
    }

    fn nested(&mut self) -> Scan<Cell> {
        let start = self.at;
        let rest = self.text.get(start..).ok_or(NotAnObject)?;
        // Nesting is rare. However deep it is, what is ignored is stepped over without recursion.
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        match values.next() {
            Some(Ok(_)) => self.at += values.byte_offset(),
            _ => return Err(NotAnObject),
        }
        Ok(Cell::Nested(start..self.at))
    }

    fn string(&mut self, scratch: &mut String) -> Scan<Cell> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cell::Text(start..self.at - 1));
                }
                Some(b'\\') => return self.escaped(start, scratch),
                Some(byte) if byte >= 0x20 => self.at += 1,
                _ => return Err(NotAnObject),
            }
        }
    }

    /// Goes on with a string at its first backslash.
    fn escaped(&mut self, start: usize, scratch: &mut String) -> Scan<Cell> {
        let first = scratch.len();
        let mut from = start;
        loop {
            match self.peek() {
                Some(b'"') => {
                    scratch.push_str(self.text.get(from..self.at).ok_or(NotAnObject)?);
                    self.at += 1;
                    return Ok(Cell::Unescaped(first..scratch.len()));
                }
                Some(b'\\') => {
                    scratch.push_str(self.text.get(from..self.at).ok_or(NotAnObject)?);
                    self.at += 1;
                    scratch.push(self.escape()?);
                    from = self.at;
                }
                Some(byte) if byte >= 0x20 => self.at += 1,
                _ => return Err(NotAnObject),
            }
        }
    }

    fn escape(&mut self) -> Scan<char> {
        let letter = self.peek().ok_or(NotAnObject)?;
        self.at += 1;
        Ok(match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(NotAnObject),
        })
    }

    fn unicode(&mut self) -> Scan<char> {
        let high = self.hex()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high).ok_or(NotAnObject);
        }
        self.word("\\u")?;
        let low = self.hex()?;
        if !(0xdc00..0xe000).contains(&low) {
            return Err(NotAnObject);
        }
        char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)).ok_or(NotAnObject)
    }

    fn hex(&mut self) -> Scan<u32> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(NotAnObject)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotAnObject);
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| NotAnObject)
    }
}

#[cfg(test)]
mod tests;
