//! One JSON object a line. A field that is `null`, empty text or not there is no value.

use membrane_model::Limits;

use super::objects::Objects;
use super::window::Window;
use super::{Decode, Delivered, Found, Wanted, first_letter};
use crate::reason::Broken;
use crate::source::Text;
use crate::{Format, IngestError};

pub(super) struct NdjsonDecoder {
    window: Window<Text>,
    objects: Objects,
    /// Whether what was cut off is set aside.
    has_tail: bool,
}

impl NdjsonDecoder {
    pub(super) fn open(
        mut window: Window<Text>,
        format: Format,
        wanted: impl Into<Wanted>,
        limits: &Limits,
    ) -> Result<Self, IngestError> {
        if first_letter(&mut window)? == Some(b'[') {
            return Err(IngestError::NotTheFormat {
                format: Format::Ndjson,
                detail: "it is one JSON array; say that it is JSON, or put one object on each line"
                    .to_owned(),
            });
        }
        let objects = Objects::new(format, window.reader().encoding(), &wanted.into(), limits);
        Ok(Self { window, objects, has_tail: false })
    }

    /// Reads the names of all fields of the first records, in the order in which they come.
    pub(super) fn own_names(mut self, names_max: usize) -> Result<Vec<String>, IngestError> {
        self.objects.note_names(names_max);
        while self.objects.wants_names() && self.next()?.is_some() {}
        Ok(self.objects.into_names())
    }

    /// Takes one step: a line or more bytes. Returns false at the end.
    fn step(&mut self) -> Result<bool, IngestError> {
        let window = self.window.bytes();
        match memchr::memchr(b'\n', window) {
            Some(end) => {
                self.line(end);
                self.window.consume(end + 1);
            }
            None if self.window.has_ended() => {
                let end = window.len();
                if self.window.reader().is_cut() && !self.has_tail {
                    self.has_tail = true;
                    self.objects.refuse(window, Broken::Truncated);
                } else if end > 0 {
                    self.line(end);
                } else {
                    return Ok(false);
                }
                self.window.consume(end);
            }
            None if window.len() > self.objects.record_bytes_max() => {
                self.objects.refuse(window, Broken::TooLarge);
                self.window.skip_line().map_err(IngestError::read)?;
            }
            None => self.window.fill().map_err(IngestError::read)?,
        }
        Ok(true)
    }

    fn line(&mut self, end: usize) {
        let Some(line) = self.window.bytes().get(..end) else { return };
        if !line.iter().all(u8::is_ascii_whitespace) {
            self.objects.record(line);
        }
    }
}

impl Decode for NdjsonDecoder {
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
