//! Comma-separated values with a header line. An empty field is no value.
//!
//! A record that names all of the contract's columns that the header named is a header again: of a file that was
//! put behind another, or of a source whose columns changed. It is set aside, and from there on its columns count.

use std::ops::Range;

use membrane_model::Limits;

use super::judge::Judge;
use super::record::{Fields, Parsed, first_line};
use super::window::Window;
use super::{Decode, Delivered, Drift, Found, TextBatch, Wanted, opened, require_columns};
use crate::reason::Broken;
use crate::source::Text;
use crate::{Format, IngestError};

/// Delimiters that are tried on the header; the first that names most columns is taken.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

pub(super) struct CsvDecoder {
    window: Window<Text>,
    fields: Fields,
    batch: TextBatch,
    judge: Judge,
    header: Header,
    wanted: Wanted,
    record_bytes_max: usize,
    /// Whether what was cut off is set aside.
    has_tail: bool,
}

impl CsvDecoder {
    pub(super) fn open(text: Text, wanted: impl Into<Wanted>, limits: &Limits) -> Result<Self, IngestError> {
        let wanted = wanted.into();
        let encoding = text.encoding();
        let mut window = opened(text)?;
        let record_bytes_max = limits.record_bytes_max;
        let header = read_header(&mut window, &wanted, record_bytes_max)?;
        Ok(Self {
            window,
            fields: Fields::default(),
            batch: TextBatch::new(wanted.columns.len()),
            judge: Judge::new(Format::Csv, encoding),
            header,
            wanted,
            record_bytes_max,
            has_tail: false,
        })
    }

    /// Takes one step: a record, a blank line, more bytes. Returns false at the end.
    fn step(&mut self) -> Result<bool, IngestError> {
        // What was cut off does not end a record.
        let ended = self.window.has_ended() && !self.window.reader().is_cut();
        let window = self.window.bytes();
        let mut parsed = self.fields.parse(window, ended, self.header.delimiter);
        let mut broken = None;
        if let Parsed::Record(length) = parsed
            && (self.fields.len() != self.header.width || length > self.record_bytes_max)
        {
            if self.is_header() {
                self.begin_anew(length);
                return Ok(true);
            }
            broken = (length > self.record_bytes_max).then_some(Broken::TooLarge);
            parsed = first_line(window, true);
        }
        if parsed == Parsed::More && window.len() > self.record_bytes_max {
            parsed = first_line(window, false);
            broken = Some(Broken::TooLarge);
            if parsed == Parsed::More {
                self.refuse(window.len(), broken);
                self.window.skip_line().map_err(IngestError::read)?;
                return Ok(true);
            }
        }
        match parsed {
            Parsed::Record(length) => {
                self.accept(length);
                self.window.consume(length);
            }
            Parsed::Bad(length) => {
                self.refuse(length, broken.filter(|_| length > self.record_bytes_max));
                self.window.consume(length);
            }
            Parsed::Blank(0) => return Ok(false),
            Parsed::Blank(length) => self.window.consume(length),
            Parsed::More if self.window.has_ended() => return Ok(self.cut_off()),
            Parsed::More => self.window.fill().map_err(IngestError::read)?,
        }
        Ok(true)
    }

    fn accept(&mut self, length: usize) {
        let Ok(text) = std::str::from_utf8(self.fields.text(self.window.bytes())) else {
            return self.refuse(length, None);
        };
        let ranges = self.fields.ranges();
        // One look at the first field tells nearly every row from a header.
        let first = ranges.first().and_then(|range| text.get(range.clone())).unwrap_or_default();
        if self.header.name_bits & name_bit(first.trim_start_matches(MARK)) != 0 && self.is_header() {
            return self.repeat_header(length);
        }
        let position = self.judge.record();
        for (builder, source) in self.batch.columns.iter_mut().zip(&self.header.sources) {
            let field = source.and_then(|field| ranges.get(field)).and_then(|range| cell(text, range));
            builder.append_option(field);
        }
        self.batch.positions.push(position);
        self.batch.bytes += text.len();
    }

    fn refuse(&mut self, length: usize, broken: Option<Broken>) {
        let raw = self.window.bytes().get(..length).unwrap_or_default();
        let broken = broken.unwrap_or_else(|| Broken::of(raw));
        let position = self.judge.record();
        self.judge.malformed(raw, broken);
        self.batch.malformed(position, raw.strip_suffix(b"\n").unwrap_or(raw), broken);
    }

    /// Sets what was cut off aside, once. Returns false after that.
    fn cut_off(&mut self) -> bool {
        let is_first = !std::mem::replace(&mut self.has_tail, true);
        if is_first {
            let length = self.window.bytes().len();
            self.refuse(length, Some(Broken::Truncated));
            self.window.consume(length);
        }
        is_first
    }

    /// Tells whether the record that was parsed last names the columns again.
    fn is_header(&self) -> bool {
        let known = self.header.sources.iter().zip(&self.wanted.columns);
        let mut known = known.filter(|(source, _)| source.is_some());
        let text = self.fields.text(self.window.bytes());
        let has = |name: &str| {
            let mut fields = self.fields.ranges().iter().filter_map(|range| text.get(range.clone()));
            fields.any(|field| std::str::from_utf8(field).is_ok_and(|field| as_name(field) == name))
        };
        known.all(|(_, column)| has(column.name.as_str()))
    }

    /// Sets a header aside, and reads what follows by it.
    fn repeat_header(&mut self, length: usize) {
        let (header, _) = named(&self.fields, self.window.bytes(), &self.wanted, self.header.delimiter);
        self.refuse(length, Some(Broken::Header));
        // One that names a column twice leaves the columns as they were.
        if let Ok(header) = header {
            let before = std::mem::replace(&mut self.header, header);
            if before.drift.columns > self.header.drift.columns {
                self.header.drift = before.drift;
            }
        }
    }

    fn begin_anew(&mut self, length: usize) {
        self.repeat_header(length);
        self.window.consume(length);
    }
}

fn cell<'a>(text: &'a str, range: &Range<usize>) -> Option<&'a str> {
    text.get(range.clone()).filter(|cell| !cell.is_empty())
}

impl Decode for CsvDecoder {
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

    fn found(&self) -> Found {
        Found { is_cut: self.window.reader().is_cut(), drift: self.header.drift.clone() }
    }
}

struct Header {
    delimiter: u8,
    /// Fields of a record.
    width: usize,
    /// For each contract column, its field.
    sources: Vec<Option<usize>>,
    /// A bit for each name, see [`name_bit`].
    name_bits: u64,
    drift: Drift,
}

/// The mark that some writers put in front of a file.
const MARK: char = '\u{feff}';

/// Returns one of 64 bits, the same for the same name: most rows are told from a header by their first field's.
fn name_bit(name: &str) -> u64 {
    let first = name.bytes().next().unwrap_or_default();
    1 << (name.len().wrapping_mul(7).wrapping_add(first.into()) % 64)
}

fn read_header(
    window: &mut Window<Text>,
    wanted: &Wanted,
    record_bytes_max: usize,
) -> Result<Header, IngestError> {
    let mut fields = first_record(window, record_bytes_max)?;
    let candidates = DELIMITERS.into_iter().filter_map(|delimiter| {
        let parsed = fields.parse(window.bytes(), window.has_ended(), delimiter);
        let Parsed::Record(length) = parsed else { return None };
        Some((length, named(&fields, window.bytes(), wanted, delimiter)))
    });
    let mut best: Option<(usize, Result<Header, IngestError>, usize)> = None;
    for (length, (header, known)) in candidates {
        if best.as_ref().is_none_or(|(_, _, most)| known > *most) {
            best = Some((length, header, known));
        }
    }
    let (length, header, _) = best.ok_or_else(no_header)?;
    let header = header?;
    require_columns(wanted, |name| {
        let column = wanted.columns.iter().position(|column| column.name.as_str() == name);
        column.and_then(|column| header.sources.get(column)).is_some_and(Option::is_some)
    })?;
    window.consume(length);
    Ok(header)
}

/// Finds the contract's columns in a header, and how many of them there are.
fn named(
    fields: &Fields,
    window: &[u8],
    wanted: &Wanted,
    delimiter: u8,
) -> (Result<Header, IngestError>, usize) {
    let names = header_names(fields, window);
    let mut sources = Vec::with_capacity(wanted.columns.len());
    for column in &wanted.columns {
        let mut found = names.iter().enumerate().filter(|(_, name)| **name == Some(column.name.as_str()));
        sources.push(found.next().map(|(at, _)| at));
        if found.next().is_some() {
            return (Err(IngestError::DoubleColumn { column: column.name.clone() }), usize::MAX);
        }
    }
    let known = sources.iter().flatten().count();
    let drift = Drift::of_columns(wanted, names.iter().map(|name| name.unwrap_or_default()));
    let name_bits = names.iter().flatten().fold(0, |bits, name| bits | name_bit(name));
    (Ok(Header { delimiter, width: names.len(), sources, name_bits, drift }), known)
}

/// Fills the window until the first record is there, whatever its delimiter.
fn first_record(window: &mut Window<Text>, record_bytes_max: usize) -> Result<Fields, IngestError> {
    let mut fields = Fields::default();
    loop {
        let ended = window.has_ended() && !window.reader().is_cut();
        match fields.parse(window.bytes(), ended, b',') {
            // A header that is none with commas may be one with another delimiter.
            Parsed::Record(_) | Parsed::Bad(_) => return Ok(fields),
            Parsed::Blank(0) => return Err(no_header()),
            Parsed::Blank(length) => window.consume(length),
            Parsed::More if window.bytes().len() > record_bytes_max => return Err(no_header()),
            Parsed::More if window.has_ended() => return Err(IngestError::CutOff),
            Parsed::More => window.fill().map_err(IngestError::read)?,
        }
    }
}

/// Returns the fields of a header, where they are text.
fn header_names<'a>(fields: &'a Fields, window: &'a [u8]) -> Vec<Option<&'a str>> {
    let text = fields.text(window);
    let name = |range: &Range<usize>| {
        text.get(range.clone()).and_then(|name| std::str::from_utf8(name).ok()).map(as_name)
    };
    fields.ranges().iter().map(name).collect()
}

/// Reads the names in the header of a text, by the delimiter that gives most of them; none where one is no text.
pub(super) fn own_names(text: Text, limits: &Limits) -> Result<Vec<Option<String>>, IngestError> {
    let mut window = opened(text)?;
    let mut fields = first_record(&mut window, limits.record_bytes_max)?;
    let mut best: Vec<Option<String>> = Vec::new();
    for delimiter in DELIMITERS {
        if let Parsed::Record(_) = fields.parse(window.bytes(), window.has_ended(), delimiter)
            && fields.len() > best.len()
        {
            let names = header_names(&fields, window.bytes());
            best = names.into_iter().map(|name| name.map(str::to_owned)).collect();
        }
    }
    if best.is_empty() { Err(no_header()) } else { Ok(best) }
}

/// Returns a field of a header as a name.
fn as_name(field: &str) -> &str {
    field.trim_start_matches(MARK).trim()
}

fn no_header() -> IngestError {
    IngestError::NotTheFormat { format: Format::Csv, detail: "it has no header line".to_owned() }
}

#[cfg(test)]
mod tests;
