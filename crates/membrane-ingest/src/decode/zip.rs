//! The parts of a ZIP archive, unpacked while they are read. No more is unpacked than was agreed.

use std::io::{self, BufReader, Read};

use flate2::bufread::DeflateDecoder;
use parquet::file::reader::{ChunkReader as _, Length as _};

use crate::source::{Seekable, SeekableCursor};

/// Bytes of the directory, which is read whole.
const DIRECTORY_BYTES_MAX: u64 = 4 << 20;
/// Bytes of the record that ends an archive, and of the comment in it.
const END: u64 = 22;
const COMMENT_MAX: u64 = 65_535;
const END_MARK: [u8; 4] = *b"PK\x05\x06";
const ENTRY_MARK: [u8; 4] = *b"PK\x01\x02";
const PART_MARK: [u8; 4] = *b"PK\x03\x04";
/// Bytes of the record in front of a part, without its name.
const PART_HEAD: usize = 30;
/// Bytes of an entry of the directory, without its name.
const ENTRY_HEAD: usize = 46;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// An archive.
pub(super) struct Archive {
    bytes: Seekable,
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    method: u16,
    is_encrypted: bool,
    packed: u64,
    place: u64,
}

/// What is wrong with an archive.
pub(super) type Fault = &'static str;

const NO_ARCHIVE: Fault = "it is no whole ZIP archive; it may be cut off";
const DIRECTORY: Fault = "the directory of its ZIP archive cannot be read";

impl Archive {
    /// Reads the directory.
    pub(super) fn open(bytes: Seekable) -> Result<Self, Fault> {
        let length = bytes.len();
        let tail = length.min(END + COMMENT_MAX);
        let tail_bytes = read(&bytes, length - tail, tail).ok_or(NO_ARCHIVE)?;
        let end =
            tail_bytes.windows(END_MARK.len()).rposition(|window| window == END_MARK).ok_or(NO_ARCHIVE)?;
        let end = tail_bytes.get(end..).unwrap_or_default();
        let (size, place) =
            (u64::from(four(end, 12).ok_or(NO_ARCHIVE)?), u64::from(four(end, 16).ok_or(NO_ARCHIVE)?));
        if size > DIRECTORY_BYTES_MAX {
            return Err("its ZIP archive has too many parts, or is in ZIP64");
        }
        let directory = read(&bytes, place, size).ok_or(DIRECTORY)?;
        let mut rest = directory.as_ref();
        let mut entries = Vec::new();
        while rest.starts_with(&ENTRY_MARK) {
            let (entry, length) = entry(rest).ok_or(DIRECTORY)?;
            entries.push(entry);
            rest = rest.get(length..).ok_or(DIRECTORY)?;
        }
        Ok(Self { bytes, entries })
    }

    /// Opens a part, of which so many bytes may come out. None when there is no such part.
    pub(super) fn part(&self, name: &str, bytes_max: impl Fn(u64) -> u64) -> Result<Option<Part>, Fault> {
        let Some(entry) = self.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name)) else {
            return Ok(None);
        };
        if entry.is_encrypted {
            return Err("it is encrypted");
        }
        let head = read(&self.bytes, entry.place, PART_HEAD as u64).ok_or(DIRECTORY)?;
        if !head.starts_with(&PART_MARK) {
            return Err(DIRECTORY);
        }
        let behind = [26, 28].into_iter().filter_map(|at| two(&head, at)).map(u64::from).sum::<u64>();
        let start = entry.place.saturating_add(PART_HEAD as u64).saturating_add(behind);
        let packed = self.bytes.cursor(start).take(entry.packed);
        let unpacked = match entry.method {
            STORED => Unpacked::Stored(packed),
            DEFLATED => Unpacked::Deflated(Box::new(DeflateDecoder::new(BufReader::new(packed)))),
            _ => return Err("a part of it is packed in a way that is not read here"),
        };
        Ok(Some(Part { unpacked, left: bytes_max(entry.packed) }))
    }
}

fn entry(from: &[u8]) -> Option<(Entry, usize)> {
    let [name, extra, comment] = [28, 30, 32].map(|at| two(from, at).map(usize::from));
    let (name, extra, comment) = (name?, extra?, comment?);
    let text = from.get(ENTRY_HEAD..ENTRY_HEAD + name)?;
    let entry = Entry {
        name: String::from_utf8_lossy(text).replace('\\', "/"),
        method: two(from, 10)?,
        is_encrypted: two(from, 8)? & 1 == 1,
        packed: four(from, 20)?.into(),
        place: four(from, 42)?.into(),
    };
    Some((entry, ENTRY_HEAD + name + extra + comment))
}

fn read(bytes: &Seekable, place: u64, length: u64) -> Option<bytes::Bytes> {
    bytes.get_bytes(place, usize::try_from(length).ok()?).ok()
}

fn two(from: &[u8], at: usize) -> Option<u16> {
    from.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

fn four(from: &[u8], at: usize) -> Option<u32> {
    from.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// A part that is being unpacked.
pub(super) struct Part {
    unpacked: Unpacked,
    /// Bytes that may still come out.
    left: u64,
}

enum Unpacked {
    Stored(io::Take<SeekableCursor>),
    Deflated(Box<DeflateDecoder<BufReader<io::Take<SeekableCursor>>>>),
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.unpacked {
            Unpacked::Stored(part) => part.read(buffer)?,
            Unpacked::Deflated(part) => part.read(buffer)?,
        };
        let left = u64::try_from(count).ok().and_then(|count| self.left.checked_sub(count));
        self.left = left.ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(count)
    }
}
