//! Blocks of an Avro file, unpacked.

use std::io::Read;

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use super::{BLOCK, BLOCK_BYTES_MAX, damaged, too_large};
use crate::IngestError;

/// What is said of a codec that is not read here.
pub(super) const UNKNOWN: &str = "its codec is not read here; null, deflate, snappy and zstandard are";
/// The largest window of Zstandard, as its power of two: a block is no longer.
const WINDOW_LOG_MAX: u32 = 26;
/// Bytes of the checksum behind a block of Snappy.
const CHECKSUM: usize = 4;

/// How blocks are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Null,
    Deflate,
    Snappy,
    Zstandard,
}

impl Codec {
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"null" => Some(Self::Null),
            b"deflate" => Some(Self::Deflate),
            b"snappy" => Some(Self::Snappy),
            b"zstandard" => Some(Self::Zstandard),
            _ => None,
        }
    }

    /// Unpacks a block.
    pub(super) fn unpack(self, packed: Vec<u8>) -> Result<Vec<u8>, IngestError> {
        match self {
            Self::Null => Ok(packed),
            Self::Deflate => bounded(DeflateDecoder::new(packed.as_slice())),
            Self::Zstandard => {
                let mut decoder =
                    zstd::stream::read::Decoder::with_buffer(packed.as_slice()).map_err(|_| bad())?;
                decoder.window_log_max(WINDOW_LOG_MAX).map_err(|_| bad())?;
                bounded(decoder)
            }
            Self::Snappy => {
                let end = packed.len().checked_sub(CHECKSUM).ok_or_else(bad)?;
                let (packed, checksum) = packed.split_at_checked(end).ok_or_else(bad)?;
                let length = snap::raw::decompress_len(packed).map_err(|_| bad())?;
                if u64::try_from(length).is_ok_and(|length| length > BLOCK_BYTES_MAX) {
                    return Err(too_large(BLOCK_BYTES_MAX));
                }
                let block = snap::raw::Decoder::new().decompress_vec(packed).map_err(|_| bad())?;
                let mut crc = Crc::new();
                crc.update(&block);
                if crc.sum().to_be_bytes() == checksum { Ok(block) } else { Err(bad()) }
            }
        }
    }
}

fn bounded(packed: impl Read) -> Result<Vec<u8>, IngestError> {
    let mut block = Vec::new();
    packed.take(BLOCK_BYTES_MAX + 1).read_to_end(&mut block).map_err(|_| bad())?;
    let is_small = u64::try_from(block.len()).is_ok_and(|length| length <= BLOCK_BYTES_MAX);
    if is_small { Ok(block) } else { Err(too_large(BLOCK_BYTES_MAX)) }
}

fn bad() -> IngestError {
    damaged(BLOCK)
}
