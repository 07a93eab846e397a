//! JSON objects in an array, on as many lines as they like; also several arrays one behind the other.
//!
//! The array is never held as a whole: the end of each of its elements is found by its brackets and quotes, then the
//! element is read as a line of NDJSON is. An element that is no object is set aside and the rest goes on. An array
//! that is not closed was cut off.

mod element;

use membrane_model::Limits;

use super::objects::Objects;
use super::window::Window;
use super::{Decode, Delivered, Found, Wanted};
use crate::reason::Broken;
use crate::source::Text;
use crate::{Format, IngestError};

use element::Element;

pub(super) struct ArrayDecoder {
    window: Window<Text>,
    objects: Objects,
    place: Place,
    has_ended: bool,
}

/// Where in the input the window starts.
enum Place {
    /// Outside of an array.
    Outside,
    /// Inside, between two elements.
    Between,
    /// At an element, of which so many bytes were looked at.
    At(Element),
    /// In an element that was set aside as too long.
    Skipping(Element),
}

impl ArrayDecoder {
    pub(super) fn open(window: Window<Text>, wanted: impl Into<Wanted>, limits: &Limits) -> Self {
        let objects = Objects::new(Format::Json, window.reader().encoding(), &wanted.into(), limits);
        Self { window, objects, place: Place::Outside, has_ended: false }
    }

    /// Reads the names of all fields of the first records, in the order in which they come.
    pub(super) fn own_names(mut self, names_max: usize) -> Result<Vec<String>, IngestError> {
        self.objects.note_names(names_max);
        while self.objects.wants_names() && self.next()?.is_some() {}
        Ok(self.objects.into_names())
    }

    /// Takes one step: an element, what stands between two, more bytes. Returns false at the end.
    fn step(&mut self) -> Result<bool, IngestError> {
        if self.has_ended {
            return Ok(false);
        }
        match std::mem::replace(&mut self.place, Place::Between) {
            Place::Outside => self.outside(),
            Place::Between => self.between(),
            Place::At(element) => self.element(element),
            Place::Skipping(element) => self.skip(element),
        }
    }

    fn outside(&mut self) -> Result<bool, IngestError> {
        match self.letter(b"")? {
            Some(b'[') => {
                self.window.consume(1);
                self.place = Place::Between;
                Ok(true)
            }
            Some(_) => Err(IngestError::NotTheFormat {
                format: Format::Json,
                detail: "something other than a JSON array stands before or behind one".to_owned(),
            }),
            None if self.window.reader().is_cut() => self.tail(),
            None => {
                self.has_ended = true;
                Ok(false)
            }
        }
    }

    fn between(&mut self) -> Result<bool, IngestError> {
        match self.letter(b",")? {
            Some(b']') => {
                self.window.consume(1);
                self.place = Place::Outside;
                Ok(true)
            }
            Some(_) => {
                self.place = Place::At(Element::default());
                Ok(true)
            }
            None => self.tail(),
        }
    }

    fn element(&mut self, mut element: Element) -> Result<bool, IngestError> {
        let bytes = self.window.bytes();
        match element.end(bytes) {
            Some(end) => {
                self.objects.record(bytes.get(..end).unwrap_or_default());
                self.window.consume(end);
            }
            None if bytes.len() > self.objects.record_bytes_max() => {
                self.objects.refuse(bytes, Broken::TooLarge);
                self.drop_window(&mut element);
                self.place = Place::Skipping(element);
            }
            None if self.window.has_ended() => return self.tail(),
            None => {
                self.window.fill().map_err(IngestError::read)?;
                self.place = Place::At(element);
            }
        }
        Ok(true)
    }

    fn skip(&mut self, mut element: Element) -> Result<bool, IngestError> {
        match element.end(self.window.bytes()) {
            Some(end) => self.window.consume(end),
            None if self.window.has_ended() => return self.tail(),
            None => {
                self.drop_window(&mut element);
                self.window.fill().map_err(IngestError::read)?;
                self.place = Place::Skipping(element);
            }
        }
        Ok(true)
    }

    fn drop_window(&mut self, element: &mut Element) {
        let looked_at = self.window.bytes().len();
        self.window.consume(looked_at);
        element.moved(looked_at);
    }

    /// Sets what was cut off aside. The input ended where an array is open, or its packing did.
    fn tail(&mut self) -> Result<bool, IngestError> {
        if !self.window.reader().is_cut() {
            self.window.reader_mut().end_early()?;
        }
        let rest = self.window.bytes();
        self.objects.refuse(rest, Broken::Truncated);
        let length = rest.len();
        self.window.consume(length);
        self.has_ended = true;
        Ok(true)
    }

    /// Goes to the next byte that is no space and none of those that separate.
    fn letter(&mut self, separators: &[u8]) -> Result<Option<u8>, IngestError> {
        let is_letter =
            |byte: u8| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') && !separators.contains(&byte);
        loop {
            let bytes = self.window.bytes();
            if let Some(at) = bytes.iter().position(|byte| is_letter(*byte)) {
                let found = bytes.get(at).copied();
                self.window.consume(at);
                return Ok(found);
            }
            let length = bytes.len();
            self.window.consume(length);
            if self.window.has_ended() {
                return Ok(None);
            }
            self.window.fill().map_err(IngestError::read)?;
        }
    }
}

impl Decode for ArrayDecoder {
    fn next(&mut self) -> Result<Option<Delivered>, IngestError> {
        while !self.objects.is_full() {
            if !self.step()? {
                return self.objects.take(true);
            }
        }
        self.objects.take(false)
    }

    fn found(&self) -> Found {
        self.objects.found(self.window.reader().is_cut())
    }
}

#[cfg(test)]
mod tests;
