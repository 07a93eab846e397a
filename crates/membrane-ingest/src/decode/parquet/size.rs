//! How much memory a column of a row group takes to decode, measured before anything is decoded.
//!
//! PRIVACY and safety: sizes are read from the heads of the pages, which the decoder believes too, not from the
//! footer, which nothing has to match.

use parquet::basic::Compression;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::ChunkReader;

use super::damaged;
use super::page_head::{PageHead, Unread};
use crate::IngestError;

/// Bytes that are read to find a page's head: first few, then as many as its statistics may have.
const PROBES: [u64; 3] = [256, 64 << 10, 1 << 20];
/// Bytes that a page may unfold to where the codec does not stop at the size that the head states.
const UNBOUNDED_MAX: u64 = 512 << 20;
/// Parquet's numbers of encodings.
const PLAIN_DICTIONARY: i64 = 2;
const DELTA_BYTE_ARRAY: i64 = 7;
const RLE_DICTIONARY: i64 = 8;

/// What it takes to decode one column of a row group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ColumnSize {
    /// Bytes that are held while pages are read: the dictionary, and the pages that a batch begins and ends in.
    pub(super) held: u64,
    /// Bytes of text that one row adds at most; what rows share is held once.
    pub(super) row: u64,
}

/// Measures a column of a row group; `is_text` tells whether its values are texts.
pub(super) fn measure<R: ChunkReader>(
    reader: &R,
    column: &ColumnChunkMetaData,
    is_text: bool,
) -> Result<ColumnSize, IngestError> {
    let first = column.dictionary_page_offset().filter(|at| *at > 0).unwrap_or(column.data_page_offset());
    let start = u64::try_from(first).map_err(|_| damaged(UNREADABLE))?;
    let length = u64::try_from(column.compressed_size()).map_err(|_| damaged(UNREADABLE))?;
    let end = start.checked_add(length).ok_or_else(|| damaged(UNREADABLE))?;
    let (mut dictionary, mut page, mut compressed, mut row) = (0, 0, 0, 0);
    let mut place = start;
    while place < end {
        let head = read_head(reader, place, end)?;
        require_bounded(column.compression(), head.compressed)?;
        compressed = head.compressed.max(compressed);
        if head.is_dictionary {
            dictionary = head.uncompressed.max(dictionary);
        } else {
            page = head.uncompressed.max(page);
            row = row.max(if is_text { row_bytes(&head) } else { 0 });
        }
        let bytes = u64::try_from(head.length).unwrap_or(u64::MAX).saturating_add(head.compressed);
        place = place.saturating_add(bytes);
    }
    let pages = u64::saturating_mul(page, 2);
    Ok(ColumnSize { held: pages.saturating_add(dictionary).saturating_add(compressed), row })
}

const UNREADABLE: &str = "a page cannot be found";

fn read_head<R: ChunkReader>(reader: &R, place: u64, end: u64) -> Result<PageHead, IngestError> {
    for probe in PROBES {
        let there = probe.min(end - place);
        let length = usize::try_from(there).unwrap_or_default();
        let bytes = reader.get_bytes(place, length).map_err(|_| damaged(UNREADABLE))?;
        match PageHead::read(&bytes) {
            Ok(head) => return Ok(head),
            Err(Unread::Short) if there == probe => {}
            Err(_) => break,
        }
    }
    Err(damaged(UNREADABLE))
}

/// Returns the text that one row of a page takes. Rows that name an entry of the dictionary share it. Where each
/// text begins with a part of the one before, every one may be as long as all that is written.
fn row_bytes(head: &PageHead) -> u64 {
    match head.encoding {
        PLAIN_DICTIONARY | RLE_DICTIONARY => 0,
        DELTA_BYTE_ARRAY => head.uncompressed,
        _ => head.uncompressed.div_ceil(head.values.max(1)),
    }
}

/// Gzip and the old LZ4 are decompressed to their end, whatever size the head states. So that no page unfolds to
/// more than memory has, what is compressed must be small by itself.
fn require_bounded(compression: Compression, compressed: u64) -> Result<(), IngestError> {
    let most = match compression {
        Compression::GZIP(_) => UNBOUNDED_MAX / 1032,
        Compression::LZ4 => UNBOUNDED_MAX / 255,
        _ => return Ok(()),
    };
    if compressed > most {
        let advice = "write smaller pages, or compress with Zstandard or Snappy";
        return Err(IngestError::TooLarge { bytes_max: most, advice });
    }
    Ok(())
}

/// Returns the name of a codec that is not read here.
pub(super) const fn unread(compression: Compression) -> Option<&'static str> {
    match compression {
        Compression::BROTLI(_) => Some("Brotli"),
        Compression::LZO => Some("LZO"),
        Compression::UNCOMPRESSED
        | Compression::SNAPPY
        | Compression::GZIP(_)
        | Compression::LZ4
        | Compression::LZ4_RAW
        | Compression::ZSTD(_) => None,
    }
}

#[cfg(test)]
mod tests;
