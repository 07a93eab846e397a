//! Bytes that can be read at any place: a delivered file, the sealed copy of a stream, or what is held.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::spool::Spooled;

/// Bytes that are read ahead: most reads are of a page's head.
const AHEAD: usize = 4 << 10;

/// Bytes that can be read at any place, by several readers at once.
#[derive(Clone)]
pub(crate) enum Seekable {
    /// The delivered file.
    File(Arc<File>),
    /// A sealed copy of a stream.
    Spool(Arc<Spooled>),
    /// What was unpacked, when it is only looked at.
    Memory(Bytes),
}

impl Seekable {
    /// Reads from some place on.
    pub(crate) fn cursor(&self, place: u64) -> SeekableCursor {
        SeekableCursor { bytes: self.clone(), place }
    }

    fn read_at(&self, place: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read_at(buffer, place),
            Self::Spool(spooled) => spooled.read_at(place, buffer),
            Self::Memory(bytes) => {
                let place = usize::try_from(place).unwrap_or(usize::MAX);
                bytes.get(place..).unwrap_or_default().read(buffer)
            }
        }
    }
}

impl Length for Seekable {
    fn len(&self) -> u64 {
        match self {
            Self::File(file) => file.metadata().map(|seen| seen.len()).unwrap_or_default(),
            Self::Spool(spooled) => spooled.length(),
            Self::Memory(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        }
    }
}

impl ChunkReader for Seekable {
    type T = BufReader<SeekableCursor>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(BufReader::with_capacity(AHEAD, self.cursor(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        // The length comes from the input: room is made only for what is there.
        let there = self.len().saturating_sub(start);
        if u64::try_from(length).is_ok_and(|length| length > there) {
            return Err(ParquetError::EOF("the input ends before what it says is in it".to_owned()));
        }
        let mut bytes = vec![0; length];
        let mut cursor = self.cursor(start);
        cursor.read_exact(&mut bytes).map_err(|error| ParquetError::External(Box::new(error)))?;
        Ok(Bytes::from(bytes))
    }
}

/// Reads from some place on.
pub(crate) struct SeekableCursor {
    bytes: Seekable,
    place: u64,
}

impl Read for SeekableCursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read_at(self.place, buffer)?;
        self.place = self.place.saturating_add(u64::try_from(count).unwrap_or_default());
        Ok(count)
    }
}
