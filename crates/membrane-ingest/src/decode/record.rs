//! One CSV record (RFC 4180), parsed where it lies.
//!
//! A quote opens a quoted field only at the field's start; elsewhere it is a letter. A quoted field may
//! hold delimiters, line ends and doubled quotes; after its closing quote only a delimiter or a line end
//! may follow. When that does not hold, only the record's first line is lost: a stray quote never
//! swallows the rest of a file.

use std::ops::Range;

/// The fields of one record.
#[derive(Default)]
pub(super) struct Fields {
    ranges: Vec<Range<usize>>,
    /// The unquoted text, when a field was quoted; else fields lie in the window.
    scratch: Option<Vec<u8>>,
    spare: Vec<u8>,
}

/// What lies at the start of the window.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// A record, this long with its line end.
    Record(usize),
    /// An empty line, this long.
    Blank(usize),
    /// The start of a record: read more.
    More,
    /// No record; its first line is this long.
    Bad(usize),
}

impl Fields {
    pub(super) fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Returns the bytes in which the fields lie.
    pub(super) fn text<'a>(&'a self, window: &'a [u8]) -> &'a [u8] {
        match &self.scratch {
            Some(scratch) => scratch,
            None => window.get(..self.ranges.last().map_or(0, |range| range.end)).unwrap_or_default(),
        }
    }

    /// Returns where the fields lie in [`Fields::text`].
    pub(super) fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// Parses the record at the start of the window.
    pub(super) fn parse(&mut self, window: &[u8], ended: bool, delimiter: u8) -> Parsed {
        self.ranges.clear();
        if let Some(scratch) = self.scratch.take() {
            self.spare = scratch;
        }
        let mut start = 0;
        for (at, &byte) in window.iter().enumerate() {
            if byte == delimiter {
                self.ranges.push(start..at);
                start = at + 1;
            } else if byte == b'\n' {
                return self.end_of_line(window, start, at, at + 1);
            } else if byte == b'"' && at == start {
                return self.parse_quoted(window, ended, delimiter);
            }
        }
        match (ended, window.is_empty()) {
            (false, _) => Parsed::More,
            (true, true) => Parsed::Blank(0),
            (true, false) => self.end_of_line(window, start, window.len(), window.len()),
        }
    }

    fn end_of_line(&mut self, window: &[u8], start: usize, end: usize, consumed: usize) -> Parsed {
        let end = if end > start && window.get(end - 1) == Some(&b'\r') { end - 1 } else { end };
        if self.ranges.is_empty() && start == end {
            return Parsed::Blank(consumed);
        }
        self.ranges.push(start..end);
        Parsed::Record(consumed)
    }

    /// Parses a record with quotes into the scratch buffer.
    fn parse_quoted(&mut self, window: &[u8], ended: bool, delimiter: u8) -> Parsed {
        self.ranges.clear();
        let mut text = std::mem::take(&mut self.spare);
        text.clear();
        let mut at = 0;
        let parsed = loop {
            let start = text.len();
            let next = if window.get(at) == Some(&b'"') {
                quoted(window, at + 1, ended, delimiter, &mut text)
            } else {
                unquoted(window, at, ended, delimiter, &mut text)
            };
            self.ranges.push(start..text.len());
            match next {
                Next::Field(after) => at = after,
                Next::End(after) => break Parsed::Record(after),
                Next::More => break Parsed::More,
                Next::Bad => break first_line(window, ended),
            }
        };
        self.scratch = Some(text);
        parsed
    }
}

/// Returns the length of the first line, as that of a bad record.
pub(super) fn first_line(window: &[u8], ended: bool) -> Parsed {
    match window.iter().position(|byte| *byte == b'\n') {
        Some(end) => Parsed::Bad(end + 1),
        None if ended => Parsed::Bad(window.len()),
        None => Parsed::More,
    }
}

/// What follows a field.
enum Next {
    Field(usize),
    End(usize),
    More,
    Bad,
}

fn quoted(window: &[u8], mut at: usize, ended: bool, delimiter: u8, text: &mut Vec<u8>) -> Next {
    let incomplete = if ended { Next::Bad } else { Next::More };
    loop {
        let Some(length) = window.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'"'))
        else {
            return incomplete;
        };
        text.extend_from_slice(window.get(at..at + length).unwrap_or_default());
        at += length + 1;
        match (window.get(at), window.get(at + 1)) {
            (Some(b'"'), _) => {
                text.push(b'"');
                at += 1;
            }
            (Some(byte), _) if *byte == delimiter => return Next::Field(at + 1),
            (Some(b'\n'), _) => return Next::End(at + 1),
            (Some(b'\r'), Some(b'\n')) => return Next::End(at + 2),
            (Some(b'\r'), None) | (None, _) if !ended => return Next::More,
            (Some(b'\r'), None) => return Next::End(at + 1),
            (None, _) => return Next::End(at),
            _ => return Next::Bad,
        }
    }
}

fn unquoted(window: &[u8], start: usize, ended: bool, delimiter: u8, text: &mut Vec<u8>) -> Next {
    let rest = window.get(start..).unwrap_or_default();
    let length = rest.iter().position(|byte| *byte == delimiter || *byte == b'\n');
    let Some(length) = length else {
        if !ended {
            return Next::More;
        }
        text.extend_from_slice(rest.strip_suffix(b"\r").unwrap_or(rest));
        return Next::End(window.len());
    };
    let field = rest.get(..length).unwrap_or_default();
    let after = start + length + 1;
    if rest.get(length) == Some(&b'\n') {
        text.extend_from_slice(field.strip_suffix(b"\r").unwrap_or(field));
        Next::End(after)
    } else {
        text.extend_from_slice(field);
        Next::Field(after)
    }
}

#[cfg(test)]
mod tests;
