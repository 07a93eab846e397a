//! What a workbook is made of: which part is which sheet, its shared texts, and which numbers are dates.

use quick_xml::events::Event;

use super::super::zip::Archive;
use super::xml::{Xml, append, attribute};
use super::{SHEET_BYTES_MAX, damaged};
use crate::IngestError;

/// Bytes of any part but a sheet, unpacked.
const PART_BYTES_MAX: u64 = 128 << 20;
/// Bytes that a sheet may unpack to whatever its size.
const SHEET_FREE: u64 = 64 << 20;
/// A larger one unpacks to this many times its size at most.
const RATIO_MAX: u64 = 250;

/// A workbook.
pub(super) struct Book {
    archive: Archive,
    folder: String,
    sheets: Vec<Sheet>,
    related: Vec<Related>,
    /// Whether days are counted from 1904.
    pub(super) is_1904: bool,
}

struct Sheet {
    name: String,
    id: String,
    is_shown: bool,
}

struct Related {
    id: String,
    kind: String,
    target: String,
}

/// What the number of a cell is, by its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberStyle {
    Number,
    /// Days, and a part of a day.
    Date,
}

impl Book {
    pub(super) fn open(archive: Archive) -> Result<Self, IngestError> {
        let roots = related(&archive, "_rels/.rels")?;
        let root = roots.iter().find(|related| related.kind.ends_with("/officeDocument"));
        let workbook = root.map_or("xl/workbook.xml".to_owned(), |related| absolute("", &related.target));
        let (folder, file) = workbook.rsplit_once('/').unwrap_or(("", &workbook));
        let folder = folder.to_owned();
        let related = related(&archive, &absolute(&folder, &format!("_rels/{file}.rels")))?;
        let mut book = Self { archive, folder, sheets: Vec::new(), related, is_1904: false };
        book.read_workbook(&workbook)?;
        Ok(book)
    }

    fn read_workbook(&mut self, path: &str) -> Result<(), IngestError> {
        let mut xml = part(&self.archive, path)?.ok_or_else(|| damaged("it has no workbook in it"))?;
        loop {
            match xml.next()? {
                Event::Start(tag) if tag.local_name().as_ref() == b"sheet" => {
                    let state = attribute(&tag, "state");
                    self.sheets.push(Sheet {
                        name: attribute(&tag, "name").unwrap_or_default(),
                        id: attribute(&tag, "id").unwrap_or_default(),
                        is_shown: state.is_none_or(|state| state == "visible"),
                    });
                }
                Event::Start(tag) if tag.local_name().as_ref() == b"workbookPr" => {
                    let counted = attribute(&tag, "date1904");
                    self.is_1904 = counted.is_some_and(|counted| matches!(counted.as_str(), "1" | "true"));
                }
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    /// Opens the sheet of a name, or the only one that is shown.
    pub(super) fn sheet(&self, name: Option<&str>) -> Result<Xml, IngestError> {
        let shown: Vec<&Sheet> = self.sheets.iter().filter(|sheet| sheet.is_shown).collect();
        let refused = |detail| IngestError::Sheet { sheets: shown.len(), detail };
        let sheet = match (name, shown.as_slice()) {
            (Some(name), _) => {
                let named = self.sheets.iter().find(|sheet| sheet.name == name);
                named.ok_or_else(|| refused("none of all has the name that was given"))?
            }
            (None, [only]) => *only,
            (None, _) => return Err(refused("which one is meant was not said")),
        };
        let place = self.related.iter().find(|related| related.id == sheet.id);
        let place = place.ok_or_else(|| damaged("a sheet of it is not there"))?;
        let bytes_max = |packed: u64| packed.saturating_mul(RATIO_MAX).clamp(SHEET_FREE, SHEET_BYTES_MAX);
        let part = self.archive.part(&absolute(&self.folder, &place.target), bytes_max).map_err(damaged)?;
        part.map(Xml::new).ok_or_else(|| damaged("a sheet of it is not there"))
    }

    fn part_of(&self, kind: &str) -> Result<Option<Xml>, IngestError> {
        match self.related.iter().find(|related| related.kind.ends_with(kind)) {
            Some(related) => part(&self.archive, &absolute(&self.folder, &related.target)),
            None => Ok(None),
        }
    }

    /// Reads the texts that cells share.
    pub(super) fn texts(&self) -> Result<Texts, IngestError> {
        let mut texts = Texts::default();
        let Some(mut xml) = self.part_of("/sharedStrings")? else { return Ok(texts) };
        let (mut is_text, mut is_reading_aid) = (false, false);
        loop {
            let event = xml.next()?;
            match &event {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    b"t" => is_text = !is_reading_aid,
                    b"rPh" => is_reading_aid = true,
                    _ => {}
                },
                Event::End(tag) => match tag.local_name().as_ref() {
                    b"si" => texts.ends.push(texts.all.len()),
                    b"t" => is_text = false,
                    b"rPh" => is_reading_aid = false,
                    _ => {}
                },
                Event::Eof => return Ok(texts),
                piece if is_text => append(piece, &mut texts.all)?,
                _ => {}
            }
        }
    }

    /// Reads which formats of cells are dates.
    pub(super) fn styles(&self) -> Result<Vec<NumberStyle>, IngestError> {
        let (mut styles, mut own) = (Vec::new(), Vec::new());
        let Some(mut xml) = self.part_of("/styles")? else { return Ok(styles) };
        let mut is_of_cells = false;
        loop {
            match xml.next()? {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    b"cellXfs" => is_of_cells = true,
                    b"numFmt" => {
                        let id = attribute(&tag, "numFmtId").and_then(|id| id.parse::<u32>().ok());
                        let code = attribute(&tag, "formatCode").unwrap_or_default();
                        own.extend(id.filter(|_| is_date_code(&code)));
                    }
                    b"xf" if is_of_cells => {
                        let id = attribute(&tag, "numFmtId").and_then(|id| id.parse::<u32>().ok());
                        let is_date = id.is_some_and(|id| is_date_id(id) || own.contains(&id));
                        styles.push(if is_date { NumberStyle::Date } else { NumberStyle::Number });
                    }
                    _ => {}
                },
                Event::End(tag) if tag.local_name().as_ref() == b"cellXfs" => is_of_cells = false,
                Event::Eof => return Ok(styles),
                _ => {}
            }
        }
    }
}

/// Texts that cells share, one behind the other.
#[derive(Default)]
pub(super) struct Texts {
    all: String,
    ends: Vec<usize>,
}

impl Texts {
    pub(super) fn get(&self, number: usize) -> Option<&str> {
        let end = *self.ends.get(number)?;
        let start =
            number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.all.get(start..end)
    }
}

fn part(archive: &Archive, path: &str) -> Result<Option<Xml>, IngestError> {
    Ok(archive.part(path, |_| PART_BYTES_MAX).map_err(damaged)?.map(Xml::new))
}

/// Reads what a part refers to.
fn related(archive: &Archive, path: &str) -> Result<Vec<Related>, IngestError> {
    let mut found = Vec::new();
    let Some(mut xml) = part(archive, path)? else { return Ok(found) };
    loop {
        match xml.next()? {
            Event::Start(tag) if tag.local_name().as_ref() == b"Relationship" => {
                found.push(Related {
                    id: attribute(&tag, "Id").unwrap_or_default(),
                    kind: attribute(&tag, "Type").unwrap_or_default(),
                    target: attribute(&tag, "Target").unwrap_or_default(),
                });
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

/// Returns a path in the archive, from one that starts at a folder of it.
fn absolute(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join("/")
}

/// Tells whether a format that Excel numbers itself is of dates (ECMA-376, 18.8.30, those of East Asia included).
const fn is_date_id(id: u32) -> bool {
    matches!(id, 14..=22 | 27..=36 | 45 | 47 | 50..=58)
}

/// Tells whether a format code is of dates: it has a letter of one outside of quotes and brackets. Times that are
/// counted on past a day, `[h]:mm`, are none.
fn is_date_code(code: &str) -> bool {
    let mut letters = code.chars();
    let mut is_date = false;
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                letters.by_ref().find(|letter| *letter == '"');
            }
            '\\' | '_' | '*' => {
                letters.next();
            }
            '[' => {
                let within: String = letters.by_ref().take_while(|letter| *letter != ']').collect();
                if !within.is_empty()
                    && within.chars().all(|letter| matches!(letter, 'h' | 'H' | 'm' | 'M' | 's' | 'S'))
                {
                    return false;
                }
            }
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' => is_date = true,
            _ => {}
        }
    }
    is_date
}

#[cfg(test)]
mod tests;
