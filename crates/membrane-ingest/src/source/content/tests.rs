//! Packed deliveries: whole, in several parts, cut off, damaged, too dense.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::fixture::delivery;

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ::zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn open(bytes: impl Into<Vec<u8>>, on_truncated: OnTruncated) -> Content {
    Content::open(delivery(bytes).0, None, on_truncated).unwrap()
}

fn read(content: &mut Content) -> Result<Vec<u8>, IngestError> {
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes).map(|_| bytes).map_err(IngestError::read)
}

fn text(rows: usize) -> Vec<u8> {
    (0..rows).flat_map(|row| format!("row {row} of a delivery\n").into_bytes()).collect()
}

#[test]
fn what_is_packed_is_unpacked_and_counted_as_it_came() {
    let plain = text(20_000);
    for bytes in [plain.clone(), gzip(&plain), zstd(&plain)] {
        let (delivery, meter) = delivery(bytes.clone());
        let mut content = Content::open(delivery, None, OnTruncated::Stop).unwrap();
        assert_eq!(read(&mut content).unwrap(), plain);
        assert_eq!(meter.bytes(), u64::try_from(bytes.len()).unwrap());
        let (mut raw, same) = crate::fixture::delivery(bytes);
        io::copy(&mut raw, &mut io::sink()).unwrap();
        assert_eq!(meter.digest(), same.digest(), "the fingerprint is of what was delivered");
    }
    for short in [&b""[..], b"a", b"abc"] {
        assert_eq!(read(&mut open(short, OnTruncated::Stop)).unwrap(), short);
    }
}

#[test]
fn members_and_frames_follow_each_other() {
    let parts = [gzip(b"one\n"), gzip(b""), gzip(b"two\n")].concat();
    assert_eq!(read(&mut open(parts, OnTruncated::Stop)).unwrap(), b"one\ntwo\n");
    // A frame that decoders skip may come first.
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    let parts = [skipped, zstd(b"one\n"), zstd(b"two\n")].concat();
    assert_eq!(read(&mut open(parts, OnTruncated::Stop)).unwrap(), b"one\ntwo\n");
}

#[test]
fn what_is_cut_off_is_refused_or_read_up_to_there() {
    let plain = text(20_000);
    for packed in [gzip(&plain), zstd(&plain)] {
        for cut in [packed.len() / 2, packed.len() - 1] {
            let cut = packed[..cut].to_vec();
            let error = read(&mut open(cut.clone(), OnTruncated::Stop)).unwrap_err();
            assert!(matches!(error, IngestError::CutOff), "{error:?}");
            let mut content = open(cut.clone(), OnTruncated::Save);
            let there = read(&mut content).unwrap();
            assert!(content.is_cut() && plain.starts_with(&there));
            assert_eq!(read(&mut content).unwrap(), b"", "nothing comes after that");
            // What is read back and forth is whole or nothing.
            let error = open(cut, OnTruncated::Save).into_seekable().err().unwrap();
            assert!(matches!(error, IngestError::CutOff), "{error:?}");
        }
    }
}

#[test]
fn what_is_damaged_is_refused_whatever_is_wanted() {
    let plain = text(20_000);
    for (packed, word) in [(gzip(&plain), "gzip"), (zstd(&plain), "Zstandard")] {
        let mut damaged = packed.clone();
        let middle = damaged.len() / 2;
        damaged[middle..middle + 64].fill(0xa5);
        let error = read(&mut open(damaged, OnTruncated::Save)).unwrap_err();
        assert_eq!(error.to_string(), format!("the input is not {word}: it is damaged"));
        assert_eq!(error.code(), "input_malformed");
        let longer = [packed, b"and more behind its end".to_vec()].concat();
        let error = read(&mut open(longer, OnTruncated::Save)).unwrap_err();
        assert!(error.to_string().ends_with("it is damaged"), "{error}");
    }
}

#[test]
fn what_is_stated_is_held_against_the_first_bytes() {
    let stated = |bytes: Vec<u8>, packing| Content::open(delivery(bytes).0, Some(packing), OnTruncated::Stop);
    let mut content = stated(gzip(b"x"), Packing::Gzip).unwrap();
    assert_eq!(read(&mut content).unwrap(), b"x");
    for (bytes, packing) in
        [(b"x".to_vec(), Packing::Gzip), (gzip(b"x"), Packing::Zstd), (Vec::new(), Packing::Zstd)]
    {
        let error = stated(bytes, packing).err().unwrap();
        assert_eq!(error.to_string(), format!("the input is not {packing}: it does not begin as such"));
    }
}

#[test]
fn what_unpacks_to_far_more_than_it_is_ends_early() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..400 {
        bomb.write_all(&zeros).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    let mut content = open(bomb, OnTruncated::Save);
    let error = io::copy(&mut content, &mut io::sink()).map_err(IngestError::read).unwrap_err();
    assert!(matches!(error, IngestError::TooDense), "{error:?}");
    assert!(content.unpacked < 260 << 20);
}

/// A sender who goes away in the middle of a packed stream has not delivered a truncated file.
#[test]
fn a_stream_that_breaks_is_no_truncated_file() {
    struct Breaks(Cursor<Vec<u8>>);
    impl tokio::io::AsyncRead for Breaks {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            to: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<io::Result<()>> {
            let mut chunk = vec![0; to.remaining()];
            let count = self.0.read(&mut chunk)?;
            to.put_slice(&chunk[..count]);
            std::task::Poll::Ready(if count == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) })
        }
    }
    let packed = gzip(&text(20_000));
    let half = Cursor::new(packed[..packed.len() / 2].to_vec());
    let (delivery, _) = crate::fixture::opened(crate::InputSource::Stream(Box::pin(Breaks(half))));
    let mut content = Content::open(delivery, None, OnTruncated::Save).unwrap();
    let error = read(&mut content).unwrap_err();
    assert_eq!(error.to_string(), "could not read the input: unexpected end of file");
    assert!(!content.is_cut());
}

/// A packed file of a format that is read back and forth is unpacked into a sealed copy.
#[test]
fn what_is_unpacked_on_disk_is_sealed() {
    let plain = text(20_000);
    let seekable = open(gzip(&plain), OnTruncated::Stop).into_seekable().unwrap();
    let mut bytes = Vec::new();
    seekable.cursor(0).read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, plain);
    assert!(matches!(seekable, Seekable::Spool(_)));
}
