//! The content of a text format, as UTF-8 whatever it came in.
//!
//! Nothing is guessed: it is UTF-8 unless somebody says otherwise, or a byte order mark does. Bytes that are no text
//! in the encoding become a byte that is none in UTF-8 either, so that the record with them is set aside as any
//! other that is no text; nothing is replaced unseen.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult};

use super::Content;
use crate::{Encoding, IngestError};

/// Bytes of the longest byte order mark.
const MARK: usize = 3;
/// Bytes that are converted at once.
const CHUNK: usize = 64 << 10;
/// Room for what they become: at most three times as many.
const ROOM: usize = CHUNK * 3 + 16;
/// No byte of UTF-8.
const NO_TEXT: u8 = 0xff;

/// The content of a text format, as UTF-8.
pub(crate) struct Text {
    content: Content,
    /// The first bytes, which were looked at, and how many of them were given out.
    head: Vec<u8>,
    given: usize,
    encoding: Option<Encoding>,
    converter: Option<Box<Converter>>,
}

struct Converter {
    decoder: Decoder,
    source: Vec<u8>,
    /// The bytes of `source` that are to be converted.
    from: usize,
    to: usize,
    /// Converted bytes, and which of them are to be given out.
    out: Vec<u8>,
    out_from: usize,
    out_to: usize,
    source_ended: bool,
    ended: bool,
}

impl Text {
    /// Opens a content in the encoding that is stated, or that a byte order mark tells.
    pub(crate) fn open(mut content: Content, stated: Option<Encoding>) -> Result<Self, IngestError> {
        let mut head = Vec::with_capacity(MARK);
        (&mut content).take(MARK as u64).read_to_end(&mut head).map_err(IngestError::read)?;
        let marked = match head.as_slice() {
            [0xff, 0xfe, ..] => Some(Encoding::UTF_16_LE),
            [0xfe, 0xff, ..] => Some(Encoding::UTF_16_BE),
            _ => None,
        };
        let encoding = match (stated, marked) {
            (None, marked) => marked,
            (Some(stated), Some(marked)) if stated.is_utf_16() => Some(marked),
            (stated, _) => stated,
        };
        let mut text = Self { content, head, given: 0, encoding, converter: None };
        if let Some(encoding) = encoding.filter(|encoding| *encoding != Encoding::UTF_8) {
            text.converter = Some(Box::new(Converter::new(encoding, std::mem::take(&mut text.head))));
        }
        Ok(text)
    }

    /// Returns the encoding, when it was stated or a mark told it.
    pub(crate) const fn encoding(&self) -> Option<Encoding> {
        self.encoding
    }

    /// Tells whether the delivery ended before its end.
    pub(crate) const fn is_cut(&self) -> bool {
        self.content.is_cut()
    }

    /// Takes note that the delivery ended before its end, see [`Content::end_early`].
    pub(crate) fn end_early(&mut self) -> Result<(), IngestError> {
        self.content.end_early()
    }
}

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(converter) = &mut self.converter {
            return converter.read(&mut self.content, buffer);
        }
        let head = self.head.get(self.given..).unwrap_or_default();
        if head.is_empty() {
            return self.content.read(buffer);
        }
        let count = copy(head, buffer);
        self.given += count;
        Ok(count)
    }
}

impl Converter {
    fn new(encoding: Encoding, head: Vec<u8>) -> Self {
        let to = head.len();
        let mut source = head;
        source.resize(CHUNK, 0);
        Self {
            decoder: encoding.decoder(),
            source,
            from: 0,
            to,
            out: vec![0; ROOM],
            out_from: 0,
            out_to: 0,
            source_ended: false,
            ended: false,
        }
    }

    fn read(&mut self, content: &mut Content, buffer: &mut [u8]) -> io::Result<usize> {
        while self.out_from == self.out_to && !self.ended {
            if self.from == self.to && !self.source_ended {
                (self.from, self.to) = (0, content.read(&mut self.source)?);
                self.source_ended = self.to == 0;
            }
            self.convert();
        }
        let count = copy(self.out.get(self.out_from..self.out_to).unwrap_or_default(), buffer);
        self.out_from += count;
        Ok(count)
    }

    /// Converts what was read, up to bytes that are no text.
    fn convert(&mut self) {
        let source = self.source.get(self.from..self.to).unwrap_or_default();
        // The last byte stays free for a mark.
        let room = self.out.get_mut(..ROOM - 1).unwrap_or_default();
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(source, room, self.source_ended);
        self.from += read;
        (self.out_from, self.out_to) = (0, written);
        match result {
            DecoderResult::InputEmpty => self.ended = self.source_ended,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => {
                if let Some(place) = self.out.get_mut(written) {
                    *place = NO_TEXT;
                    self.out_to += 1;
                }
            }
        }
    }
}

/// Copies as much as there is room for, and returns how much that was.
fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let count = from.len().min(to.len());
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    count
}

#[cfg(test)]
mod tests;
