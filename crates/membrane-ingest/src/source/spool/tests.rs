//! The sealed copy reads back and shows nothing.

use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use parquet::file::reader::{ChunkReader as _, Length as _};

use super::*;
use crate::fixture::scratch;
use crate::source::Seekable;

fn spooled(bytes: &[u8]) -> Spooled {
    let mut spool = Spool::create(&scratch(&std::env::temp_dir())).unwrap();
    for chunk in bytes.chunks(10_007) {
        spool.write(chunk).unwrap();
    }
    spool.finish().unwrap()
}

fn sample(length: usize) -> Vec<u8> {
    (0..length).map(|at| b"13800000001 "[at % 12]).collect()
}

#[test]
fn every_place_reads_back() {
    let bytes = sample(BLOCK * 3 + 17);
    let reader = Seekable::Spool(Arc::new(spooled(&bytes)));
    assert_eq!(reader.len(), u64::try_from(bytes.len()).unwrap());
    for (start, length) in [(0, 10), (BLOCK - 5, 10), (BLOCK, BLOCK), (17, BLOCK * 3), (bytes.len() - 3, 3)] {
        let read = reader.get_bytes(u64::try_from(start).unwrap(), length).unwrap();
        assert_eq!(read, bytes[start..start + length], "{start}, {length}");
    }
    assert!(reader.get_bytes(reader.len() - 2, 3).is_err());
    let mut all = Vec::new();
    reader.get_read(0).unwrap().read_to_end(&mut all).unwrap();
    assert!(all == bytes);
}

#[test]
fn the_copy_is_sealed_and_its_blocks_keep_their_places() {
    let spooled = spooled(&sample(BLOCK * 2));
    let mut stored = vec![0; usize::try_from(SEALED_BLOCK * 2).unwrap()];
    spooled.file.read_exact_at(&mut stored, 0).unwrap();
    assert!(!stored.windows(11).any(|window| window == b"13800000001"));

    // Exchange the two blocks: each opens at its own place only.
    let (first, second) = stored.split_at(stored.len() / 2);
    spooled.file.write_all_at(second, 0).unwrap();
    spooled.file.write_all_at(first, SEALED_BLOCK).unwrap();
    let reader = Seekable::Spool(Arc::new(spooled));
    assert!(reader.get_bytes(0, 5).is_err());
}

#[test]
fn an_empty_stream_is_an_empty_copy() {
    let reader = Seekable::Spool(Arc::new(spooled(b"")));
    assert_eq!(reader.len(), 0);
    assert!(reader.get_bytes(0, 1).is_err());
}
