//! Writes JSON with the escapes that a report needs.
//!
//! Characters that cannot be seen are valid in JSON as they are. They are written as escapes here, so that a
//! person who opens the file sees what a program reads.

use std::fmt::Write as _;

use crate::visible::is_hidden;

/// Writes JSON, one field or element to a line.
#[derive(Default)]
pub(super) struct Writer {
    out: String,
    depth: usize,
    /// Something stands before the next element in this array or object.
    behind: bool,
    /// The next value stands behind its key.
    keyed: bool,
}

impl Writer {
    /// Begins an object or an array.
    pub(super) fn open(&mut self, bracket: char) {
        self.next();
        self.out.push(bracket);
        self.depth += 1;
        self.behind = false;
    }

    /// Ends an object or an array.
    pub(super) fn close(&mut self, bracket: char) {
        self.depth = self.depth.saturating_sub(1);
        if self.behind {
            self.new_line();
        }
        self.out.push(bracket);
        self.behind = true;
    }

    /// Writes a key; its value comes next.
    pub(super) fn key(&mut self, key: &str) {
        self.next();
        write_text(&mut self.out, key);
        self.out.push_str(": ");
        self.keyed = true;
    }

    /// Writes a field that holds a text.
    pub(super) fn field(&mut self, key: &str, text: &str) {
        self.key(key);
        self.text(text);
    }

    /// Writes a field that holds a number or `null`.
    pub(super) fn raw_field(&mut self, key: &str, value: &str) {
        self.key(key);
        self.next();
        self.out.push_str(value);
    }

    /// Writes a text.
    pub(super) fn text(&mut self, text: &str) {
        self.next();
        write_text(&mut self.out, text);
    }

    /// Writes an object of texts on one line.
    pub(super) fn flat(&mut self, fields: &[(&str, &str)]) {
        self.row(fields.iter().map(|(key, text)| (*key, Some((*text, true)))));
    }

    /// Writes an object on one line: texts, numbers as they are, and `null`.
    pub(super) fn row<'a>(&mut self, fields: impl Iterator<Item = (&'a str, Option<(&'a str, bool)>)>) {
        self.next();
        self.out.push('{');
        for (place, (key, value)) in fields.enumerate() {
            if place > 0 {
                self.out.push_str(", ");
            }
            write_text(&mut self.out, key);
            self.out.push_str(": ");
            match value {
                None => self.out.push_str("null"),
                Some((text, true)) => write_text(&mut self.out, text),
                Some((number, false)) => self.out.push_str(number),
            }
        }
        self.out.push('}');
    }

    /// Returns the text, with a newline at its end.
    pub(super) fn finish(mut self) -> String {
        self.out.push('\n');
        self.out
    }

    /// Goes to where the next key, element or value stands.
    fn next(&mut self) {
        if std::mem::take(&mut self.keyed) || self.depth == 0 {
            self.behind = true;
            return;
        }
        if self.behind {
            self.out.push(',');
        }
        self.new_line();
        self.behind = true;
    }

    /// Begins a line.
    fn new_line(&mut self) {
        self.out.push('\n');
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
    }
}

/// Writes a text in quotes.
fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a text cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
