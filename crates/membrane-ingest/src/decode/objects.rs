//! JSON objects become rows, however they stand in the input.
//!
//! A column of type string takes JSON strings only. The other types take the JSON value that fits, or a
//! string with the text that CSV would have. A number is a number however it is written: `12.0` and `1.2e1`
//! are the integer 12, as a float of Parquet is.

use std::borrow::Cow;
use std::collections::HashSet;

use membrane_model::{Limits, LogicalType};

use super::judge::Judge;
use super::object::{self, Cell, ObjectReader};
use super::{Delivered, Found, TextBatch, Wanted};
use crate::reason::Broken;
use crate::value::whole_number;
use crate::{Encoding, Format, IngestError};

/// Records in which names of fields are looked for.
const NAMED_RECORDS: u64 = 20_000;

/// Collects the rows of an input of objects.
pub(super) struct Objects {
    reader: ObjectReader,
    /// The types of the contract's columns.
    types: Vec<LogicalType>,
    batch: TextBatch,
    judge: Judge,
    record_bytes_max: usize,
    /// The names of all fields, when somebody wants to know them.
    names: Option<OwnNames>,
}

/// The names of all fields so far, in the order in which they came.
#[derive(Default)]
struct OwnNames {
    names: Vec<String>,
    known: HashSet<String>,
    names_max: usize,
}

impl OwnNames {
    fn note(&mut self, name: &str) {
        if self.names.len() < self.names_max && !self.known.contains(name) {
            self.known.insert(name.to_owned());
            self.names.push(name.to_owned());
        }
    }
}

impl Objects {
    pub(super) fn new(format: Format, encoding: Option<Encoding>, wanted: &Wanted, limits: &Limits) -> Self {
        let names = wanted.columns.iter().map(|column| column.name.clone()).collect();
        Self {
            reader: ObjectReader::new(names),
            types: wanted.columns.iter().map(|column| column.logical_type).collect(),
            batch: TextBatch::new(wanted.columns.len()),
            judge: Judge::new(format, encoding),
            record_bytes_max: limits.record_bytes_max,
            names: None,
        }
    }

    /// Notes the names of all fields from now on, so many at most.
    pub(super) fn note_names(&mut self, names_max: usize) {
        self.names = Some(OwnNames { names_max, ..OwnNames::default() });
    }

    /// Tells whether so few records were seen that others may have other fields.
    pub(super) const fn wants_names(&self) -> bool {
        self.judge.records() < NAMED_RECORDS
    }

    /// Returns the names that were noted.
    pub(super) fn into_names(self) -> Vec<String> {
        self.names.map(|own| own.names).unwrap_or_default()
    }

    /// Returns the bytes that a record may have.
    pub(super) const fn record_bytes_max(&self) -> usize {
        self.record_bytes_max
    }

    /// Tells whether no more records should come before [`Objects::take`].
    pub(super) fn is_full(&self) -> bool {
        self.batch.is_full()
    }

    /// Takes the text of a record in: a row when it is an object.
    pub(super) fn record(&mut self, raw: &[u8]) {
        if raw.len() > self.record_bytes_max {
            return self.refuse(raw, Broken::TooLarge);
        }
        let Some(text) = std::str::from_utf8(raw).ok().filter(|text| self.reader.read(text).is_ok()) else {
            return self.refuse(raw, Broken::of(raw));
        };
        if let Some(own) = &mut self.names {
            // It was read as an object before.
            let _ = object::names(text, &mut |name| own.note(name));
        }
        let position = self.judge.record();
        let row = self.batch.positions.len();
        let scratch = self.reader.scratch();
        let cells = self.reader.cells().iter().zip(&self.types).zip(&mut self.batch.columns);
        for (column, ((cell, logical), builder)) in cells.enumerate() {
            let (value, fits) = match cell {
                Cell::Absent | Cell::Null => (None, true),
                Cell::Text(range) => (text.get(range.clone()), true),
                Cell::Unescaped(range) => (scratch.get(range.clone()), true),
                Cell::Scalar(range) => (text.get(range.clone()), *logical != LogicalType::String),
                Cell::Nested(range) => (text.get(range.clone()), false),
            };
            let is_number = *logical == LogicalType::Integer && matches!(cell, Cell::Scalar(_));
            match value.filter(|value| !value.is_empty()) {
                Some(value) if is_number => builder.append_value(as_integer(value).as_ref()),
                value => builder.append_option(value),
            }
            if !fits {
                self.batch.mistyped.push((row, column));
            }
        }
        self.batch.positions.push(position);
        self.batch.bytes += text.len();
    }

    /// Sets a record aside.
    pub(super) fn refuse(&mut self, raw: &[u8], broken: Broken) {
        let position = self.judge.record();
        self.judge.malformed(raw, broken);
        self.batch.malformed(position, raw, broken);
    }

    /// Gives out what was collected: none when nothing was and nothing more will come.
    pub(super) fn take(&mut self, at_end: bool) -> Result<Option<Delivered>, IngestError> {
        self.judge.judge(at_end)?;
        Ok((!at_end || !self.batch.is_empty()).then(|| self.batch.take()))
    }

    pub(super) fn found(&self, is_cut: bool) -> Found {
        Found { is_cut, drift: self.reader.unknown().drift(self.judge.records()) }
    }
}

/// Writes a whole number as integers are written; what is none stays as it is, and is of the wrong type.
pub(super) fn as_integer(text: &str) -> Cow<'_, str> {
    if !text.contains(['.', 'e', 'E']) {
        return Cow::Borrowed(text);
    }
    match whole_number(text) {
        Some(number) => Cow::Owned(number.to_string()),
        None => Cow::Borrowed(text),
    }
}
