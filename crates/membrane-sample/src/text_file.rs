//! CSV and NDJSON files, row by row, with their dirt.

use std::fmt::{self, Write as _};
use std::io::Write as _;

use crate::dirt::{Dirt, DirtyKind, Faults};
use crate::out_file::{Monitor, OutFile};
use crate::world::World;
use crate::{FileReport, SampleError};

/// Rows between two words of progress.
const TELL_ROWS: u64 = 4_096;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Ndjson,
}

/// What a file is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextSpec {
    pub(crate) dataset: &'static str,
    /// The file's name.
    pub(crate) name: &'static str,
    pub(crate) format: Format,
    pub(crate) columns: &'static [&'static str],
    pub(crate) faults: Faults<Spoil>,
    /// Numbers the files, for their dirt.
    pub(crate) number: u64,
}

/// How a row is spoiled: which column, and what becomes of its value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Spoil {
    /// Nothing in the row: it is a line that breaks off, or a repeated row.
    Line,
    /// Another text.
    Text(&'static str, &'static str),
    /// A bare word or number, unquoted in JSON.
    Bare(&'static str, &'static str),
    /// No value.
    Empty(&'static str),
    /// The last digit is another one.
    LastDigit(&'static str),
    /// A timestamp of the year before.
    YearBefore(&'static str),
}

impl Spoil {
    const fn column(self) -> Option<&'static str> {
        match self {
            Self::Line => None,
            Self::Text(column, _)
            | Self::Bare(column, _)
            | Self::Empty(column)
            | Self::LastDigit(column)
            | Self::YearBefore(column) => Some(column),
        }
    }
}

/// One row: its cells' texts in one buffer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    text: String,
    cells: Vec<(usize, Form)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Null,
    Text,
    Bare,
}

impl Row {
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self.end(Form::Text)
    }

    /// Adds a text, or no value.
    pub(crate) fn maybe(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(text),
            None => self.end(Form::Null),
        }
    }

    /// Adds a number or a boolean.
    pub(crate) fn bare(&mut self, value: impl fmt::Display) -> &mut Self {
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{value}");
        self.end(Form::Bare)
    }

    /// Adds an amount, as text with two digits after the point.
    pub(crate) fn money(&mut self, cents: Option<i64>) -> &mut Self {
        let Some(cents) = cents else { return self.end(Form::Null) };
        let _ = write!(self.text, "{}.{:02}", cents / 100, cents % 100);
        self.end(Form::Text)
    }

    /// Adds a text that is written by a function.
    pub(crate) fn with(&mut self, write: impl FnOnce(&mut String)) -> &mut Self {
        write(&mut self.text);
        self.end(Form::Text)
    }

    fn end(&mut self, form: Form) -> &mut Self {
        self.cells.push((self.text.len(), form));
        self
    }

    fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
    }

    fn cells(&self) -> impl Iterator<Item = (&str, Form)> {
        let starts = std::iter::once(0).chain(self.cells.iter().map(|(end, _)| *end));
        starts.zip(&self.cells).map(|(start, (end, form))| (self.text.get(start..*end).unwrap_or(""), *form))
    }
}

/// A text file that grows row by row.
#[derive(Debug)]
pub(crate) struct TextFile<'a> {
    spec: TextSpec,
    out: OutFile,
    monitor: &'a Monitor<'a>,
    dirt: Dirt<Spoil>,
    row: Row,
    kept: Option<Row>,
    line: Vec<u8>,
    rows: u64,
}

impl<'a> TextFile<'a> {
    /// Opens a file in the sample's folder or in a folder of it.
    pub(crate) fn create(
        world: &World,
        folder: Option<&str>,
        monitor: &'a Monitor<'a>,
        spec: TextSpec,
    ) -> Result<Self, SampleError> {
        let folder = folder.map_or_else(|| world.out.clone(), |name| world.out.join(name));
        let mut file = Self {
            spec,
            out: OutFile::create(&folder, spec.name)?,
            monitor,
            dirt: Dirt::new(world.seeds, spec.number, world.dirty_rate, spec.faults),
            row: Row::default(),
            kept: None,
            line: Vec::new(),
            rows: 0,
        };
        if spec.format == Format::Csv {
            file.line.extend_from_slice(spec.columns.join(",").as_bytes());
            file.put_line()?;
        }
        Ok(file)
    }

    /// Writes the row that `fill` makes, or what dirt makes of it.
    pub(crate) fn write(&mut self, fill: impl FnOnce(&mut Row)) -> Result<(), SampleError> {
        self.row.clear();
        fill(&mut self.row);
        debug_assert_eq!(self.row.cells.len(), self.spec.columns.len(), "a row has another number of cells");
        match self.dirt.roll() {
            None => {
                encode(&self.row, &self.spec, Spoil::Line, &mut self.line);
                if self.dirt.keeps() {
                    self.kept = Some(self.row.clone());
                }
            }
            Some((DirtyKind::Duplicate, _)) => {
                encode(&self.row, &self.spec, Spoil::Line, &mut self.line);
                self.put_row()?;
                encode(self.kept.as_ref().unwrap_or(&self.row), &self.spec, Spoil::Line, &mut self.line);
            }
            Some((DirtyKind::BrokenLine, _)) => {
                encode(&self.row, &self.spec, Spoil::Line, &mut self.line);
                break_off(self.spec.format, &mut self.line);
            }
            Some((_, spoil)) => encode(&self.row, &self.spec, spoil, &mut self.line),
        }
        self.put_row()
    }

    /// Finishes the file.
    pub(crate) fn finish(self) -> Result<FileReport, SampleError> {
        self.monitor.tell(self.spec.name, self.rows)?;
        Ok(FileReport {
            dataset: self.spec.dataset.to_owned(),
            name: self.spec.name.to_owned(),
            rows: self.rows,
            bytes: self.out.finish()?,
            dirty: self.dirt.into_counts(),
        })
    }

    fn put_row(&mut self) -> Result<(), SampleError> {
        self.put_line()?;
        self.rows += 1;
        if self.rows.is_multiple_of(TELL_ROWS) {
            self.monitor.tell(self.spec.name, self.rows)
        } else {
            Ok(())
        }
    }

    fn put_line(&mut self) -> Result<(), SampleError> {
        self.line.push(b'\n');
        let put = self.out.write_all(&self.line);
        self.line.clear();
        put.map_err(|source| SampleError::Write { path: self.out.path().to_owned(), source })
    }
}

/// Appends a row as a line without its end.
fn encode(row: &Row, spec: &TextSpec, spoil: Spoil, line: &mut Vec<u8>) {
    let spoilt_column = spoil.column();
    for (index, ((text, form), column)) in row.cells().zip(spec.columns).enumerate() {
        let mut spoilt = String::new();
        let (text, form) = if spoilt_column == Some(column) {
            let form = spoil_cell(spoil, text, &mut spoilt);
            (spoilt.as_str(), form)
        } else {
            (text, form)
        };
        match spec.format {
            Format::Csv => csv_cell(index, text, form, line),
            Format::Ndjson => json_member(index, column, text, form, line),
        }
    }
    if spec.format == Format::Ndjson {
        line.push(b'}');
    }
}

fn spoil_cell(spoil: Spoil, text: &str, out: &mut String) -> Form {
    match spoil {
        Spoil::Line | Spoil::Empty(_) => return Form::Null,
        Spoil::Text(_, other) => out.push_str(other),
        Spoil::Bare(_, other) => {
            out.push_str(other);
            return Form::Bare;
        }
        Spoil::LastDigit(_) => {
            let mut text = if text.is_empty() { "110101199003070000".to_owned() } else { text.to_owned() };
            let last = text.pop();
            out.push_str(&text);
            out.push(if last == Some('7') { '8' } else { '7' });
        }
        Spoil::YearBefore(_) => out.push_str(&text.replacen("2025", "2024", 1)),
    }
    Form::Text
}

fn csv_cell(index: usize, text: &str, form: Form, line: &mut Vec<u8>) {
    if index > 0 {
        line.push(b',');
    }
    if form == Form::Null {
        return;
    }
    if text.contains([',', '"', '\n', '\r']) {
        line.push(b'"');
        line.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        line.push(b'"');
    } else {
        line.extend_from_slice(text.as_bytes());
    }
}

fn json_member(index: usize, column: &str, text: &str, form: Form, line: &mut Vec<u8>) {
    line.extend_from_slice(if index == 0 { b"{\"" } else { b",\"" });
    line.extend_from_slice(column.as_bytes());
    line.extend_from_slice(b"\":");
    match form {
        Form::Null => line.extend_from_slice(b"null"),
        Form::Bare => line.extend_from_slice(text.as_bytes()),
        // Writing to a vector cannot fail.
        Form::Text => drop(serde_json::to_writer(line, text)),
    }
}

/// Cuts a line in two: a JSON object in the middle, a CSV record at the last comma before the middle,
/// so that no quote stays open and swallows the lines after it.
fn break_off(format: Format, line: &mut Vec<u8>) {
    let middle = line.len() / 2;
    let cut = match format {
        Format::Ndjson => String::from_utf8_lossy(line).floor_char_boundary(middle),
        Format::Csv => {
            let before_quote = line.iter().position(|byte| *byte == b'"').unwrap_or(middle).min(middle);
            line.iter().take(before_quote).rposition(|byte| *byte == b',').unwrap_or(0)
        }
    };
    line.truncate(cut);
}

#[cfg(test)]
mod tests;
