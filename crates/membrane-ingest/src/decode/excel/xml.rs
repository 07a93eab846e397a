//! The XML of a workbook, piece by piece. No piece is longer than a cell can be.

use std::io::{self, BufRead, BufReader, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::super::zip::Part;
use super::damaged;
use crate::{IngestError, xml};

/// Bytes of one tag, or of one text. Excel's cells have 32,767 characters at most.
const PIECE_BYTES_MAX: usize = 1 << 20;

/// XML that is being read.
pub(super) struct Xml {
    reader: Reader<Pieces>,
    buffer: Vec<u8>,
}

impl Xml {
    pub(super) fn new(part: Part) -> Self {
        let mut reader =
            Reader::from_reader(Pieces { part: BufReader::with_capacity(64 << 10, part), left: 0 });
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: Vec::new() }
    }

    /// Reads the next piece.
    pub(super) fn next(&mut self) -> Result<Event<'_>, IngestError> {
        self.buffer.clear();
        self.reader.get_mut().left = PIECE_BYTES_MAX;
        self.reader.read_event_into(&mut self.buffer).map_err(|error| match error {
            quick_xml::Error::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => too_large(),
            quick_xml::Error::Io(error) if error.kind() == io::ErrorKind::QuotaExceeded => {
                damaged("a tag or a text in it is longer than a cell can be")
            }
            quick_xml::Error::Io(_) => damaged("a part of it cannot be unpacked"),
            _ => damaged("a part of it is no XML"),
        })
    }
}

/// Appends what a piece of text says. What is no text is left out.
pub(super) fn append(event: &Event<'_>, to: &mut String) -> Result<(), IngestError> {
    xml::append(event, to).ok_or_else(bad_text)
}

/// Returns an attribute, whatever its prefix.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag
        .attributes()
        .with_checks(false)
        .flatten()
        .find(|found| found.key.local_name().as_ref() == name.as_bytes());
    let value = found?.value;
    let text = std::str::from_utf8(&value).ok()?;
    Some(quick_xml::escape::unescape(text).ok()?.into_owned())
}

const fn too_large() -> IngestError {
    IngestError::TooLarge {
        bytes_max: super::SHEET_BYTES_MAX,
        advice: "deliver what is in the workbook as CSV",
    }
}

fn bad_text() -> IngestError {
    damaged("a text in it cannot be read")
}

/// Gives out so many bytes between two pieces at most.
struct Pieces {
    part: BufReader<Part>,
    left: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let count = bytes.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Pieces {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = self.left;
        let bytes = self.part.fill_buf()?;
        match bytes.get(..left.min(bytes.len())) {
            Some([]) if !bytes.is_empty() => Err(io::ErrorKind::QuotaExceeded.into()),
            piece => Ok(piece.unwrap_or_default()),
        }
    }

    fn consume(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count);
        self.part.consume(count);
    }
}
