//! A sheet of an Excel workbook (`.xlsx`): its first row that is not empty names the columns, each further one is a
//! record. Rows without any value are none.
//!
//! Read here and not by a library, because those hold a whole sheet, believe what a file says of its size, and make
//! floats of all numbers. Here a sheet is read cell by cell; only the texts that cells share are held, up to a bound,
//! and nothing unpacks to more than was agreed. Of a formula the value counts that was computed when the workbook was
//! saved. Of cells that were merged the first has the value, the others have none.
//!
//! A number is what its digits say, as far as a float of Excel has them; a date is a number of days with the format
//! of one. A cell that is an error, or of another kind than its column, is of the wrong type.

mod book;
mod cell;
mod said;
mod xml;

use std::collections::HashMap;

use membrane_model::{Limits, LogicalType};
use parquet::file::reader::{ChunkReader as _, Length as _};
use quick_xml::events::Event;

use super::zip::Archive;
use super::{Decode, Delivered, Drift, Found, TextBatch, Wanted, require_columns};
use crate::reason::Broken;
use crate::source::{Content, Seekable};
use crate::{Format, IngestError};

use book::{Book, NumberStyle, Texts};
use cell::{Cell, CellKind};
use xml::{Xml, append, attribute};

/// Bytes that a sheet unpacks to at most.
const SHEET_BYTES_MAX: u64 = 4 << 30;
/// Columns that a sheet has.
const COLUMNS_MAX: usize = 16_384;
/// How the old workbooks begin, and those under a password.
const COMPOUND_FILE: [u8; 4] = [0xd0, 0xcf, 0x11, 0xe0];

pub(super) struct ExcelDecoder {
    sheet: Sheet,
    /// For each column of the sheet: that of the contract.
    columns: HashMap<usize, usize>,
    types: Vec<LogicalType>,
    is_1904: bool,
    batch: TextBatch,
    position: i64,
    drift: Drift,
}

impl ExcelDecoder {
    pub(super) fn open(
        content: Content,
        columns: impl Into<Wanted>,
        limits: &Limits,
        name: Option<&str>,
    ) -> Result<Self, IngestError> {
        let wanted = columns.into();
        let Opened { sheet, named, is_1904 } = open_sheet(content, limits, name)?;
        let mut columns = HashMap::new();
        for (at, column) in wanted.columns.iter().enumerate() {
            let mut found = named.iter().filter(|(_, name)| name == column.name.as_str());
            columns.extend(found.next().map(|(place, _)| (*place, at)));
            if found.next().is_some() {
                return Err(IngestError::DoubleColumn { column: column.name.clone() });
            }
        }
        require_columns(&wanted, |name| named.iter().any(|(_, found)| found == name))?;
        Ok(Self {
            sheet,
            columns,
            types: wanted.columns.iter().map(|column| column.logical_type).collect(),
            is_1904,
            batch: TextBatch::new(wanted.columns.len()),
            position: 0,
            drift: Drift::of_columns(&wanted, named.iter().map(|(_, name)| name.as_str())),
        })
    }

    fn record(&mut self, row: Vec<(usize, Cell)>) {
        self.position += 1;
        let bytes: usize = row.iter().map(|(_, cell)| cell.text.len()).sum();
        if bytes > self.sheet.record_bytes_max {
            let texts: Vec<&str> = row.iter().map(|(_, cell)| cell.text.as_str()).collect();
            return self.batch.malformed(self.position, texts.join("\t").as_bytes(), Broken::TooLarge);
        }
        let mut cells: Vec<Option<Cell>> = self.types.iter().map(|_| None).collect();
        for (column, cell) in row {
            if let Some(slot) = self.columns.get(&column).and_then(|column| cells.get_mut(*column)) {
                *slot = Some(cell);
            }
        }
        let number = self.batch.positions.len();
        let cells = cells.into_iter().zip(&self.types).zip(&mut self.batch.columns);
        for (column, ((cell, logical), builder)) in cells.enumerate() {
            let Some(cell) = cell else {
                builder.append_null();
                continue;
            };
            let (text, fits) = cell.delivered(*logical, self.is_1904);
            builder.append_option((!text.is_empty()).then_some(text.as_ref()));
            if !fits {
                self.batch.mistyped.push((number, column));
            }
        }
        self.batch.positions.push(self.position);
        self.batch.bytes += bytes;
    }
}

impl Decode for ExcelDecoder {
    fn next(&mut self) -> Result<Option<Delivered>, IngestError> {
        while !self.batch.is_full() {
            match self.sheet.next_row()? {
                Some(row) => self.record(row),
                None => return Ok((!self.batch.is_empty()).then(|| self.batch.take())),
            }
        }
        Ok(Some(self.batch.take()))
    }

    fn found(&self) -> Found {
        Found { is_cut: false, drift: self.drift.clone() }
    }
}

/// A sheet of which the names of the columns were read.
struct Opened {
    sheet: Sheet,
    /// The columns that have a name, by their place.
    named: Vec<(usize, String)>,
    is_1904: bool,
}

fn open_sheet(content: Content, limits: &Limits, name: Option<&str>) -> Result<Opened, IngestError> {
    let bytes = content.into_seekable()?;
    require_new(&bytes)?;
    let book = Book::open(Archive::open(bytes).map_err(damaged)?)?;
    let mut sheet = Sheet {
        xml: book.sheet(name)?,
        texts: book.texts()?,
        styles: book.styles()?,
        row: 0,
        has_ended: false,
        record_bytes_max: limits.record_bytes_max,
    };
    let header = sheet.next_row()?.ok_or_else(|| damaged("its sheet is empty"))?;
    let named = header.into_iter().map(|(column, cell)| (column, cell.text.trim().to_owned())).collect();
    Ok(Opened { sheet, named, is_1904: book.is_1904 })
}

/// Reads the names of the columns, and the types that the cells of the first rows say they have: what a date is, only the
/// format of its cell tells.
pub(super) fn own_columns(
    content: Content,
    limits: &Limits,
    name: Option<&str>,
) -> Result<Vec<(String, Option<LogicalType>)>, IngestError> {
    let Opened { mut sheet, named, is_1904 } = open_sheet(content, limits, name)?;
    let mut seen: HashMap<usize, said::Said> = HashMap::new();
    for _ in 0..said::ROWS {
        let Some(row) = sheet.next_row()? else { break };
        for (column, cell) in row {
            seen.entry(column).or_default().see(&cell, is_1904);
        }
    }
    let logical = |column: &usize| seen.get(column).and_then(said::Said::logical_type);
    Ok(named.into_iter().map(|(column, name)| (name, logical(&column))).collect())
}

/// The rows of a sheet.
struct Sheet {
    xml: Xml,
    texts: Texts,
    styles: Vec<NumberStyle>,
    /// The number of the row that was read last.
    row: u64,
    has_ended: bool,
    record_bytes_max: usize,
}

impl Sheet {
    /// Reads the next row that has a value: its cells that have one, with their columns. None at the end. Of a row
    /// that is longer than a record may be, only so much is kept that this can be seen.
    fn next_row(&mut self) -> Result<Option<Vec<(usize, Cell)>>, IngestError> {
        if self.has_ended {
            return Ok(None);
        }
        let mut cells: Vec<(usize, Cell)> = Vec::new();
        let (mut column, mut bytes) = (0, 0);
        loop {
            let cell = match self.xml.next()? {
                Event::Start(tag) if tag.local_name().as_ref() == b"row" => {
                    let number = attribute(&tag, "r").and_then(|number| number.parse().ok());
                    let number = number.unwrap_or(self.row + 1);
                    if number <= self.row {
                        return Err(damaged("its rows are not in their order"));
                    }
                    self.row = number;
                    (cells, column, bytes) = (Vec::new(), 0, 0);
                    continue;
                }
                Event::End(tag) if tag.local_name().as_ref() == b"row" && !cells.is_empty() => {
                    return Ok(Some(cells));
                }
                Event::End(tag) if tag.local_name().as_ref() == b"sheetData" => {
                    self.has_ended = true;
                    return Ok(None);
                }
                Event::Start(tag) if tag.local_name().as_ref() == b"c" => {
                    if let Some(place) = attribute(&tag, "r") {
                        column = cell::column(&place).ok_or_else(|| damaged("a cell of it has no place"))?;
                    }
                    let style =
                        attribute(&tag, "s").and_then(|style| style.parse::<usize>().ok()).unwrap_or(0);
                    let style = self.styles.get(style).copied().unwrap_or(NumberStyle::Number);
                    (attribute(&tag, "t"), style)
                }
                Event::Eof => return Err(damaged("its sheet has no end")),
                _ => continue,
            };
            if column >= COLUMNS_MAX || cells.last().is_some_and(|(last, _)| *last >= column) {
                return Err(damaged("the cells of a row are not in their order"));
            }
            let (kind, style) = cell;
            let cell = self.cell(kind.as_deref(), style)?;
            if !cell.text.is_empty() && bytes <= self.record_bytes_max {
                bytes += cell.text.len();
                cells.push((column, cell));
            }
            column += 1;
        }
    }

    /// Reads what is in a cell, up to its end.
    fn cell(&mut self, kind: Option<&str>, style: NumberStyle) -> Result<Cell, IngestError> {
        let (mut text, mut is_text, mut is_reading_aid) = (String::new(), false, false);
        loop {
            let event = self.xml.next()?;
            match &event {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    b"v" => {
                        text.clear();
                        is_text = kind != Some("inlineStr");
                    }
                    b"t" => is_text = !is_reading_aid,
                    b"rPh" => is_reading_aid = true,
                    _ => {}
                },
                Event::End(tag) => match tag.local_name().as_ref() {
                    b"v" | b"t" => is_text = false,
                    b"rPh" => is_reading_aid = false,
                    b"c" => break,
                    _ => {}
                },
                Event::Eof => return Err(damaged("its sheet has no end")),
                piece if is_text && text.len() <= self.record_bytes_max => append(piece, &mut text)?,
                _ => {}
            }
        }
        let kind = match kind {
            Some("s") => {
                let number = text.trim().parse().ok().and_then(|number| self.texts.get(number));
                let shared = if text.is_empty() { Some("") } else { number };
                text = shared.ok_or_else(|| damaged("a text that cells share is not there"))?.to_owned();
                CellKind::Text
            }
            Some("str" | "inlineStr") => CellKind::Text,
            Some("b") => CellKind::Boolean,
            Some("e") => CellKind::Error,
            Some("d") => CellKind::Instant,
            _ => CellKind::Number(style),
        };
        if kind == CellKind::Text {
            text = cell::unescaped(text);
        }
        Ok(Cell { text, kind })
    }
}

/// Refuses what ends in `.xls`, or is one under a new name.
fn require_new(bytes: &Seekable) -> Result<(), IngestError> {
    let start = bytes.get_bytes(0, usize::try_from(bytes.len().min(4)).unwrap_or_default());
    if start.is_ok_and(|start| *start == COMPOUND_FILE) {
        return Err(damaged(
            "it is one of Excel 97 to 2003, or under a password; save it as .xlsx without one",
        ));
    }
    Ok(())
}

fn damaged(detail: &str) -> IngestError {
    IngestError::NotTheFormat { format: Format::Excel, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests;
