//! What a delivery holds once it is unpacked: gzip and Zstandard are undone while it is read.
//!
//! Memory stays bounded: a decoder holds its window, for Zstandard 128 MiB at most. What unpacks to far more than it
//! is costs nothing but reading, and is refused once that is plain.
//!
//! A delivery may end before its end: a packed stream that was cut off, an array that is never closed. Whoever
//! notices says so ([`Content::end_early`]); then either the whole delivery is refused, or what is there is read on
//! as if it had ended, and whoever asks is told ([`Content::is_cut`]).

use std::fmt;
use std::io::{self, BufReader, Cursor, Read};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;
use membrane_catalog::OnTruncated;

use super::spool::Spool;
use super::{CHUNK, Delivery, Seekable};
use crate::{IngestError, Packing};

/// Bytes that tell what a delivery is packed in.
const START: usize = 4;
/// Bytes that are asked for until that many are there.
const START_ROOM: usize = 8 << 10;
/// Bytes that are read at once from what is packed.
const PACKED: usize = 64 << 10;
/// The largest window of Zstandard, as its power of two: what `zstd` takes without being told otherwise.
const WINDOW_LOG_MAX: u32 = 27;
/// Bytes that anything may unpack to.
const UNPACKED_FREE: u64 = 256 << 20;
/// What is longer unpacks to this many times its size at most. Logs and tables pack to a fiftieth at best.
const RATIO_MAX: u64 = 250;

/// Bytes that are held of what is read back and forth and may not be laid down.
const HELD_BYTES_MAX: u64 = 256 << 20;

/// A delivery whose first bytes were looked at.
type Start = io::Chain<Cursor<Vec<u8>>, Delivery>;

/// What a delivery holds once it is unpacked.
pub(crate) struct Content {
    layer: Layer,
    on_truncated: OnTruncated,
    unpacked: u64,
    is_cut: bool,
}

enum Layer {
    Plain(Box<Start>),
    Gzip(Box<MultiGzDecoder<BufReader<Start>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<Start>>>),
}

impl Content {
    /// Opens a delivery, packed as it is said to be, or as its first bytes say.
    pub(crate) fn open(
        mut delivery: Delivery,
        stated: Option<Packing>,
        on_truncated: OnTruncated,
    ) -> Result<Self, IngestError> {
        let start = read_start(&mut delivery).map_err(IngestError::read)?;
        let found = Packing::from_start(&start);
        if let Some(packing) = stated
            && found != stated
        {
            return Err(IngestError::NotThePacking { packing, detail: "it does not begin as such" });
        }
        let start = Cursor::new(start).chain(delivery);
        let packed = |start| BufReader::with_capacity(PACKED, start);
        let layer = match found {
            None => Layer::Plain(Box::new(start)),
            Some(Packing::Gzip) => Layer::Gzip(Box::new(MultiGzDecoder::new(packed(start)))),
            Some(Packing::Zstd) => {
                let mut decoder =
                    zstd::stream::read::Decoder::with_buffer(packed(start)).map_err(IngestError::read)?;
                decoder.window_log_max(WINDOW_LOG_MAX).map_err(IngestError::read)?;
                Layer::Zstd(Box::new(decoder))
            }
        };
        Ok(Self { layer, on_truncated, unpacked: 0, is_cut: false })
    }

    /// Tells whether the delivery ended before its end.
    pub(crate) const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Takes note that the delivery ended before its end.
    ///
    /// # Errors
    /// [`IngestError::CutOff`] when such a delivery is not wanted.
    pub(crate) fn end_early(&mut self) -> Result<(), IngestError> {
        match self.on_truncated {
            OnTruncated::Stop => Err(IngestError::CutOff),
            OnTruncated::Save => {
                self.is_cut = true;
                Ok(())
            }
        }
    }

    /// Returns the bytes for reading at any place: the file itself, or a sealed copy of what was unpacked or streamed.
    pub(crate) fn into_seekable(mut self) -> Result<Seekable, IngestError> {
        if let Layer::Plain(start) = &self.layer
            && let Some(file) = start.get_ref().1.whole_file()?
        {
            return Ok(Seekable::File(file));
        }
        // Half of what is read back and forth is nothing.
        self.on_truncated = OnTruncated::Stop;
        let Some(scratch) = self.delivery().scratch.clone() else { return self.into_memory() };
        let mut spool = Spool::create(&scratch)?;
        let mut chunk = vec![0; CHUNK];
        loop {
            match self.read(&mut chunk) {
                Ok(0) => return spool.finish().map(Arc::new).map(Seekable::Spool),
                Ok(count) => spool.write(chunk.get(..count).unwrap_or_default())?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(IngestError::read(error)),
            }
        }
    }

    /// Holds what nobody gave room for on a disk; of that only a bounded size is taken.
    fn into_memory(self) -> Result<Seekable, IngestError> {
        let mut bytes = Vec::new();
        self.take(HELD_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(IngestError::read)?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length <= HELD_BYTES_MAX) {
            return Ok(Seekable::Memory(bytes.into()));
        }
        Err(IngestError::TooLarge { bytes_max: HELD_BYTES_MAX, advice: "unpack it first" })
    }

    /// Reads whatever is left, so that the fingerprint covers it.
    pub(crate) fn drain(&mut self) -> Result<(), IngestError> {
        io::copy(self, &mut io::sink()).map(|_| ()).map_err(IngestError::read)
    }

    fn delivery(&self) -> &Delivery {
        let start = match &self.layer {
            Layer::Plain(start) => start.as_ref(),
            Layer::Gzip(decoder) => decoder.get_ref().get_ref(),
            Layer::Zstd(decoder) => decoder.get_ref().get_ref(),
        };
        start.get_ref().1
    }

    fn packing(&self) -> Option<Packing> {
        match self.layer {
            Layer::Plain(_) => None,
            Layer::Gzip(_) => Some(Packing::Gzip),
            Layer::Zstd(_) => Some(Packing::Zstd),
        }
    }

    /// Counts what was unpacked.
    fn unpacked(&mut self, count: usize) -> io::Result<usize> {
        self.unpacked = self.unpacked.saturating_add(u64::try_from(count).unwrap_or_default());
        let packed = self.delivery().meter.bytes();
        if self.unpacked > UNPACKED_FREE && self.unpacked > packed.saturating_mul(RATIO_MAX) {
            return Err(unpack_error(UnpackFault::TooDense));
        }
        Ok(count)
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_cut {
            return Ok(0);
        }
        let result = match &mut self.layer {
            Layer::Plain(start) => return start.read(buffer),
            Layer::Gzip(decoder) => decoder.read(buffer),
            Layer::Zstd(decoder) => decoder.read(buffer),
        };
        match (result, self.packing()) {
            (Ok(count), _) => self.unpacked(count),
            // It is not what was unpacked that failed: a sender who went away is no truncated file.
            (Err(error), _) if self.delivery().failed || error.kind() == io::ErrorKind::Interrupted => {
                Err(error)
            }
            (Err(error), _) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.end_early().map_err(|_| unpack_error(UnpackFault::CutOff))?;
                Ok(0)
            }
            (Err(_), Some(packing)) => Err(unpack_error(UnpackFault::Damaged(packing))),
            (Err(error), None) => Err(error),
        }
    }
}

/// Reads the first bytes, in pieces as large as they come.
fn read_start(delivery: &mut Delivery) -> io::Result<Vec<u8>> {
    let mut start = vec![0; START_ROOM];
    let mut count = 0;
    while count < START {
        match delivery.read(start.get_mut(count..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(read) => count += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    start.truncate(count);
    Ok(start)
}

/// What is wrong with what is unpacked; travels through [`Read`] as the cause of an [`io::Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnpackFault {
    /// It ends before its end.
    CutOff,
    /// It cannot be unpacked, or a checksum is wrong.
    Damaged(Packing),
    /// It unpacks to far more than it is.
    TooDense,
}

impl fmt::Display for UnpackFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the input cannot be unpacked")
    }
}

impl std::error::Error for UnpackFault {}

fn unpack_error(fault: UnpackFault) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, fault)
}

#[cfg(test)]
mod tests;
