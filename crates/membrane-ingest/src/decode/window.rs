//! A sliding window over a reader: records are parsed where they lie, without a copy.

use std::io::{self, Read};

const ROOM: usize = 256 << 10;

/// A sliding window over a reader.
pub(super) struct Window<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
}

impl<R: Read> Window<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, buffer: vec![0; ROOM], start: 0, end: 0, ended: false }
    }

    /// Returns what was read and not consumed.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Returns the reader.
    pub(super) const fn reader(&self) -> &R {
        &self.reader
    }

    /// Returns the reader, to tell it something.
    pub(super) const fn reader_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// Tells whether the reader has no more.
    pub(super) const fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Reads some more. The window grows when it is full: callers bound what they leave in it.
    pub(super) fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        loop {
            match self.reader.read(room) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(());
                }
                Ok(count) => {
                    self.end += count;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Drops the rest of a line that is too long to hold, its end included.
    pub(super) fn skip_line(&mut self) -> io::Result<()> {
        loop {
            if let Some(end) = self.bytes().iter().position(|byte| *byte == b'\n') {
                self.consume(end + 1);
                return Ok(());
            }
            self.consume(self.end - self.start);
            if self.ended {
                return Ok(());
            }
            self.fill()?;
        }
    }
}
