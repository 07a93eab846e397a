//! Sizes are those of the pages, and codecs without an end are bounded.

use parquet::basic::{BrotliLevel, GzipLevel, ZstdLevel};

use super::*;

#[test]
fn rows_that_share_take_nothing_and_others_their_part() {
    let head = |encoding| PageHead { encoding, uncompressed: 1000, values: 300, ..PageHead::default() };
    assert_eq!((row_bytes(&head(PLAIN_DICTIONARY)), row_bytes(&head(RLE_DICTIONARY))), (0, 0));
    assert_eq!((row_bytes(&head(0)), row_bytes(&head(6))), (4, 4));
    assert_eq!(row_bytes(&head(DELTA_BYTE_ARRAY)), 1000);
    assert_eq!(row_bytes(&PageHead { values: 0, ..head(0) }), 1000, "it says that it has no values");
}

#[test]
fn codecs_that_unfold_without_end_get_small_pages_only() {
    let gzip = Compression::GZIP(GzipLevel::default());
    require_bounded(gzip, 500 << 10).unwrap();
    let error = require_bounded(gzip, 600 << 10).unwrap_err();
    assert!(
        error.to_string().ends_with("write smaller pages, or compress with Zstandard or Snappy"),
        "{error}"
    );
    require_bounded(Compression::LZ4, 2 << 20).unwrap();
    assert!(require_bounded(Compression::LZ4, 3 << 20).is_err());
    for compression in [Compression::ZSTD(ZstdLevel::default()), Compression::SNAPPY, Compression::LZ4_RAW] {
        require_bounded(compression, 1 << 30).unwrap();
    }
}

#[test]
fn codecs_that_are_not_there_are_named() {
    assert_eq!(unread(Compression::BROTLI(BrotliLevel::default())), Some("Brotli"));
    assert_eq!(unread(Compression::LZO), Some("LZO"));
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ] {
        assert_eq!(unread(compression), None, "{compression:?}");
    }
}
