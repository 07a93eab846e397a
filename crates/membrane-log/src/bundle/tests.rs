//! Tests.

use proptest::prelude::*;

use super::*;

#[test]
fn length_comes_first_big_endian() {
    let mut bundle = Vec::new();
    encode_entry(b"ab", &mut bundle).unwrap();
    encode_entry(b"", &mut bundle).unwrap();
    encode_entry(&[7; 258], &mut bundle).unwrap();
    assert_eq!(bundle[..8], [0, 2, b'a', b'b', 0, 0, 1, 2]);
    assert_eq!(decode_bundle(&bundle).unwrap(), [b"ab".as_slice(), b"", &[7; 258]]);
}

#[test]
fn longest_entry() {
    let mut bundle = Vec::new();
    encode_entry(&vec![1; ENTRY_BYTES_MAX], &mut bundle).unwrap();
    assert_eq!(bundle.len(), 2 + ENTRY_BYTES_MAX);
    let refused = encode_entry(&vec![1; ENTRY_BYTES_MAX + 1], &mut bundle);
    assert!(matches!(refused, Err(LogError::EntryTooLong { bytes: 65_536 })));
    assert_eq!(bundle.len(), 2 + ENTRY_BYTES_MAX);
}

#[test]
fn no_more_than_256() {
    assert_eq!(decode_bundle(&[0; 512]).unwrap().len(), 256);
    assert_eq!(decode_bundle(&[0; 514]), None);
}

proptest! {
    #[test]
    fn any_bytes_are_entries_or_refused(bytes: Vec<u8>) {
        if let Some(entries) = decode_bundle(&bytes) {
            let mut again = Vec::new();
            for entry in entries {
                encode_entry(entry, &mut again).unwrap();
            }
            prop_assert_eq!(again, bytes);
        }
    }
}
