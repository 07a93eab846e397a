//! One JSON object a line. A field that is `null`, empty text or not there is no value.
//!
//! A column of type string takes JSON strings only. The other types take the JSON value that fits, or a
//! string with the text that CSV would have. A number is a number however it is written: `12.0` and `1.2e1`
//! are the integer 12, as a float of Parquet is.

use std::borrow::Cow;
use std::collections::HashSet;

use membrane_model::{Limits, LogicalType};

use super::judge::{Judge, byte_order_mark};
use super::object::{self, Cell, ObjectReader};
use super::window::Window;
use super::{Decode, Delivered, TextBatch, Wanted};
use crate::source::Delivery;
use crate::value::whole_number;
use crate::{Format, IngestError};

/// Records in which names of fields are looked for.
const NAMED_RECORDS: usize = 20_000;

pub(super) struct NdjsonDecoder {
    window: Window<Delivery>,
    reader: ObjectReader,
    /// The types of the contract's columns.
    types: Vec<LogicalType>,
    batch: TextBatch,
    judge: Judge,
    record_bytes_max: usize,
}

impl NdjsonDecoder {
    pub(super) fn open(
        delivery: Delivery,
        wanted: impl Into<Wanted>,
        limits: &Limits,
    ) -> Result<Self, IngestError> {
        let wanted = wanted.into();
        let mut window = Window::new(delivery);
        while window.bytes().len() < 3 && !window.has_ended() {
            window.fill().map_err(IngestError::read)?;
        }
        let mark = byte_order_mark(window.bytes())?;
        window.consume(mark);
        if window.bytes().iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
            return Err(IngestError::NotTheFormat {
                format: Format::Ndjson,
                detail: "it is one JSON array; put one object on each line".to_owned(),
            });
        }
        let names = wanted.columns.iter().map(|column| column.name.clone()).collect();
        let types = wanted.columns.iter().map(|column| column.logical_type).collect();
        Ok(Self {
            window,
            reader: ObjectReader::new(names),
            types,
            batch: TextBatch::new(wanted.columns.len()),
            judge: Judge::new(Format::Ndjson),
            record_bytes_max: limits.record_bytes_max,
        })
    }

    /// Returns the next line that is text and not too long; none at the end.
    fn own_line(&mut self) -> Result<Option<String>, IngestError> {
        loop {
            let window = self.window.bytes();
            let end = window.iter().position(|byte| *byte == b'\n');
            let length = match end {
                Some(end) => end,
                None if self.window.has_ended() && window.is_empty() => return Ok(None),
                None if self.window.has_ended() => window.len(),
                None if window.len() > self.record_bytes_max => {
                    self.window.skip_line().map_err(IngestError::read)?;
                    continue;
                }
                None => {
                    self.window.fill().map_err(IngestError::read)?;
                    continue;
                }
            };
            let line = window.get(..length).and_then(|line| std::str::from_utf8(line).ok());
            let line = line.filter(|line| !line.trim().is_empty()).map(str::to_owned);
            self.window.consume(length + usize::from(end.is_some()));
            if line.is_some() {
                return Ok(line);
            }
        }
    }

    /// Takes one step: a line or more bytes. Returns false at the end.
    fn step(&mut self) -> Result<bool, IngestError> {
        let window = self.window.bytes();
        let end = window.iter().position(|byte| *byte == b'\n');
        match end {
            Some(end) => {
                self.line(end);
                self.window.consume(end + 1);
            }
            None if self.window.has_ended() => {
                let end = window.len();
                if end == 0 {
                    return Ok(false);
                }
                self.line(end);
                self.window.consume(end);
            }
            None if window.len() > self.record_bytes_max => {
                self.refuse(window.len());
                self.window.skip_line().map_err(IngestError::read)?;
            }
            None => self.window.fill().map_err(IngestError::read)?,
        }
        Ok(true)
    }

    fn line(&mut self, end: usize) {
        let Some(line) = self.window.bytes().get(..end) else { return };
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let line = std::str::from_utf8(line).ok().filter(|line| line.len() <= self.record_bytes_max);
        let Some(line) = line.filter(|line| self.reader.read(line).is_ok()) else {
            return self.refuse(end);
        };
        let position = self.judge.record();
        let row = self.batch.positions.len();
        let scratch = self.reader.scratch();
        let cells = self.reader.cells().iter().zip(&self.types).zip(&mut self.batch.columns);
        for (column, ((cell, logical), builder)) in cells.enumerate() {
            let (text, fits) = match cell {
                Cell::Absent | Cell::Null => (None, true),
                Cell::Text(range) => (line.get(range.clone()), true),
                Cell::Unescaped(range) => (scratch.get(range.clone()), true),
                Cell::Scalar(range) => (line.get(range.clone()), *logical != LogicalType::String),
                Cell::Nested(range) => (line.get(range.clone()), false),
            };
            let is_number = *logical == LogicalType::Integer && matches!(cell, Cell::Scalar(_));
            match text.filter(|text| !text.is_empty()) {
                Some(text) if is_number => builder.append_value(as_integer(text).as_ref()),
                text => builder.append_option(text),
            }
            if !fits {
                self.batch.mistyped.push((row, column));
            }
        }
        self.batch.positions.push(position);
        self.batch.bytes += line.len();
    }

    fn refuse(&mut self, length: usize) {
        let raw = self.window.bytes().get(..length).unwrap_or_default();
        let position = self.judge.record();
        self.judge.malformed(raw);
        self.batch.malformed(position, raw);
    }
}

/// Reads the names of all fields of the first records, in the order in which they come.
pub(super) fn own_names(
    delivery: Delivery,
    limits: &Limits,
    names_max: usize,
) -> Result<Vec<String>, IngestError> {
    let mut decoder = NdjsonDecoder::open(delivery, Wanted { columns: Vec::new() }, limits)?;
    let mut names: Vec<String> = Vec::new();
    let mut known: HashSet<String> = HashSet::new();
    for _ in 0..NAMED_RECORDS {
        let Some(line) = decoder.own_line()? else { break };
        let mut told = |name: &str| {
            if names.len() < names_max && !known.contains(name) {
                known.insert(name.to_owned());
                names.push(name.to_owned());
            }
        };
        // A line that is no object is counted when it is decoded.
        let _ = object::names(&line, &mut told);
    }
    Ok(names)
}

/// Writes a whole number as integers are written; what is none stays as it is, and is of the wrong type.
fn as_integer(text: &str) -> Cow<'_, str> {
    if !text.contains(['.', 'e', 'E']) {
        return Cow::Borrowed(text);
    }
    match whole_number(text) {
        Some(number) => Cow::Owned(number.to_string()),
        None => Cow::Borrowed(text),
    }
}

impl Decode for NdjsonDecoder {
    fn next(&mut self) -> Result<Option<Delivered>, IngestError> {
        while !self.batch.is_full() {
            if !self.step()? {
                self.judge.judge(true)?;
                return Ok((!self.batch.is_empty()).then(|| self.batch.take()));
            }
        }
        self.judge.judge(false)?;
        Ok(Some(self.batch.take()))
    }
}

#[cfg(test)]
mod tests;
