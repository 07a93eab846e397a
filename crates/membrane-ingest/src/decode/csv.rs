//! Comma-separated values with a header line. An empty field is no value.

use std::ops::Range;

use membrane_model::Limits;

use super::judge::{Judge, byte_order_mark};
use super::record::{Fields, Parsed, first_line};
use super::window::Window;
use super::{Decode, Delivered, TextBatch, Wanted, require_columns};
use crate::source::Delivery;
use crate::{Format, IngestError};

/// Delimiters that are tried on the header; the first that names most columns is taken.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

pub(super) struct CsvDecoder {
    window: Window<Delivery>,
    fields: Fields,
    batch: TextBatch,
    judge: Judge,
    delimiter: u8,
    /// Fields of a record.
    width: usize,
    /// For each contract column, its field.
    sources: Vec<Option<usize>>,
    record_bytes_max: usize,
}

impl CsvDecoder {
    pub(super) fn open(
        delivery: Delivery,
        wanted: impl Into<Wanted>,
        limits: &Limits,
    ) -> Result<Self, IngestError> {
        let wanted = wanted.into();
        let mut window = Window::new(delivery);
        let record_bytes_max = limits.record_bytes_max;
        let header = read_header(&mut window, &wanted, record_bytes_max)?;
        Ok(Self {
            window,
            fields: Fields::default(),
            batch: TextBatch::new(wanted.columns.len()),
            judge: Judge::new(Format::Csv),
            delimiter: header.delimiter,
            width: header.width,
            sources: header.sources,
            record_bytes_max,
        })
    }

    /// Takes one step: a record, a blank line, more bytes. Returns false at the end.
    fn step(&mut self) -> Result<bool, IngestError> {
        let ended = self.window.has_ended();
        let window = self.window.bytes();
        let mut parsed = self.fields.parse(window, ended, self.delimiter);
        if let Parsed::Record(length) = parsed
            && (self.fields.len() != self.width || length > self.record_bytes_max)
        {
            parsed = first_line(window, true);
        }
        if parsed == Parsed::More && window.len() > self.record_bytes_max {
            parsed = first_line(window, false);
            if parsed == Parsed::More {
                self.refuse(window.len());
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
                self.refuse(length);
                self.window.consume(length);
            }
            Parsed::Blank(0) => return Ok(false),
            Parsed::Blank(length) => self.window.consume(length),
            Parsed::More => self.window.fill().map_err(IngestError::read)?,
        }
        Ok(true)
    }

    fn accept(&mut self, length: usize) {
        let Ok(text) = std::str::from_utf8(self.fields.text(self.window.bytes())) else {
            return self.refuse(length);
        };
        let position = self.judge.record();
        let ranges = self.fields.ranges();
        for (builder, source) in self.batch.columns.iter_mut().zip(&self.sources) {
            let field = source.and_then(|field| ranges.get(field)).and_then(|range| cell(text, range));
            builder.append_option(field);
        }
        self.batch.positions.push(position);
        self.batch.bytes += text.len();
    }

    fn refuse(&mut self, length: usize) {
        let raw = self.window.bytes().get(..length).unwrap_or_default();
        let position = self.judge.record();
        self.judge.malformed(raw);
        self.batch.malformed(position, raw.strip_suffix(b"\n").unwrap_or(raw));
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
}

struct Header {
    delimiter: u8,
    width: usize,
    sources: Vec<Option<usize>>,
}

fn read_header(
    window: &mut Window<Delivery>,
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
    (Ok(Header { delimiter, width: names.len(), sources }), known)
}

/// Fills the window until the first record is there, whatever its delimiter.
fn first_record(window: &mut Window<Delivery>, record_bytes_max: usize) -> Result<Fields, IngestError> {
    while window.bytes().len() < 3 && !window.has_ended() {
        window.fill().map_err(IngestError::read)?;
    }
    let mark = byte_order_mark(window.bytes())?;
    window.consume(mark);

    let mut fields = Fields::default();
    loop {
        match fields.parse(window.bytes(), window.has_ended(), b',') {
            // A header that is none with commas may be one with another delimiter.
            Parsed::Record(_) | Parsed::Bad(_) => return Ok(fields),
            Parsed::Blank(0) => return Err(no_header()),
            Parsed::Blank(length) => window.consume(length),
            Parsed::More if window.bytes().len() > record_bytes_max => return Err(no_header()),
            Parsed::More => window.fill().map_err(IngestError::read)?,
        }
    }
}

/// Returns the fields of a header, where they are text.
fn header_names<'a>(fields: &'a Fields, window: &'a [u8]) -> Vec<Option<&'a str>> {
    let text = fields.text(window);
    let name = |range: &Range<usize>| {
        text.get(range.clone()).and_then(|name| std::str::from_utf8(name).ok()).map(str::trim)
    };
    fields.ranges().iter().map(name).collect()
}

/// Reads the names in the header of a delivery, by the delimiter that gives most of them; none where one is no text.
pub(super) fn own_names(delivery: Delivery, limits: &Limits) -> Result<Vec<Option<String>>, IngestError> {
    let mut window = Window::new(delivery);
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

fn no_header() -> IngestError {
    IngestError::NotTheFormat { format: Format::Csv, detail: "it has no header line".to_owned() }
}

#[cfg(test)]
mod tests;
