//! What is sealed here is what `aes-gcm` makes.

use aes_gcm::AeadInOut;
use aes_gcm::aead::inout::InOutBuf;
use membrane_model::DatasetName;
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::DataKey;

/// Returns what `aes-gcm` makes: the ciphertext and the tag behind it.
fn expected(key: &[u8; 32], nonce: [u8; 12], associated: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut text = plaintext.to_vec();
    let buffer = InOutBuf::from(text.as_mut_slice());
    let tag = seal::cipher(key).encrypt_inout_detached((&nonce).into(), associated, buffer).unwrap();
    text.extend_from_slice(&tag);
    text
}

fn check(key: &[u8; 32], nonce: [u8; 12], associated: &[u8], plaintext: &[u8]) {
    let mut sealed = Vec::new();
    let (front, back) = associated.split_at(associated.len() / 3);
    CellSealer::new(key).encrypt(&nonce, &[front, back], plaintext, &mut sealed).unwrap();
    let lengths = (associated.len(), plaintext.len());
    assert_eq!(hex::encode(sealed), hex::encode(expected(key, nonce, associated, plaintext)), "{lengths:?}");
}

fn bytes(length: usize, first: u8) -> Vec<u8> {
    std::iter::successors(Some(first), |byte| Some(byte.wrapping_mul(7).wrapping_add(3)))
        .take(length)
        .collect()
}

/// Every number of blocks of associated data and of text, and every remainder of a block.
#[test]
fn every_length_is_what_aes_gcm_makes() {
    for text in 0..=TEXT_BLOCKS * BLOCK {
        for associated in [0, 1, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 79, 96, 127, 128, 144, ROOM]
        {
            check(&[7; 32], [9; 12], &bytes(associated, 1), &bytes(text, 2));
        }
    }
}

proptest! {
    #[test]
    fn any_cell_is_what_aes_gcm_makes(
        key: [u8; 32],
        nonce: [u8; 12],
        associated in prop::collection::vec(any::<u8>(), 0..=ROOM),
        plaintext in prop::collection::vec(any::<u8>(), 0..=TEXT_BLOCKS * BLOCK),
    ) {
        check(&key, nonce, &associated, &plaintext);
    }
}

/// The GCM specification (McGrew and Viega), test cases 13 to 16, as far as nonces have 96 bits.
#[test]
fn known_answers() {
    let zeros = [0; 32];
    let mut key = [0; 32];
    hex::decode_to_slice("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", &mut key)
        .unwrap();
    let text = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
    let cipher = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";
    let nonce = "cafebabefacedbaddecaf888";
    for (key, nonce, associated, text, cipher, tag) in [
        (&zeros, "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
        (
            &zeros,
            "000000000000000000000000",
            "",
            "00000000000000000000000000000000",
            "cea7403d4d606b6e074ec5d3baf39d18",
            "d0d1c8a799996bf0265b98b5d48ab919",
        ),
        (&key, nonce, "", text, cipher, "b094dac5d93471bdec1a502270e3cc6c"),
        (
            &key,
            nonce,
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            &text[..120],
            &cipher[..120],
            "76fc6ece0f4e1768cddf8853bb2d551b",
        ),
    ] {
        let nonce = hex::decode(nonce).unwrap().try_into().unwrap();
        let (associated, text) = (hex::decode(associated).unwrap(), hex::decode(text).unwrap());
        let mut sealed = Vec::new();
        CellSealer::new(key).encrypt(&nonce, &[&associated], &text, &mut sealed).unwrap();
        assert_eq!(hex::encode(sealed), [cipher, tag].concat());
    }
}

/// What a member's key sealed opens under that key, whatever its length, and nowhere else.
#[test]
fn cells_open_where_they_stand() {
    let key = DataKey::new(Zeroizing::new([3; 32]));
    let dataset: DatasetName = "crm_members".parse().unwrap();
    let name = ColumnContext::new(&dataset, &"name".parse().unwrap());
    let email = ColumnContext::new(&dataset, &"email".parse().unwrap());
    let (anna, boris) = (SubjectId::from_bytes([1; 16]), SubjectId::from_bytes([2; 16]));
    let (sealer, cipher) = (key.sealer(), key.cipher());
    for length in [0, 1, 16, 21, 111, 112, 113, 128, 5_000] {
        let clear = bytes(length, 5);
        let mut out = b"before".to_vec();
        sealer.seal_in(&name, &anna, &clear, &mut out).unwrap();
        let (before, sealed) = out.split_at(6);
        assert_eq!((before, sealed.len()), (b"before".as_slice(), length + SEALED_OVERHEAD));
        let mut opened = Vec::new();
        cipher.open_in(&name, &anna, sealed, &mut opened).unwrap();
        assert_eq!(opened, clear);
        for (column, subject) in [(&email, &anna), (&name, &boris)] {
            assert!(matches!(cipher.open_in(column, subject, sealed, &mut opened), Err(VaultError::Open)));
        }
        let mut again = Vec::new();
        sealer.seal_in(&name, &anna, &clear, &mut again).unwrap();
        assert_ne!(sealed, again, "a nonce is used once");
    }
}

#[test]
fn what_does_not_fit_is_not_encrypted_here() {
    let sealer = CellSealer::new(&[1; 32]);
    let mut out = Vec::new();
    assert!(sealer.encrypt(&[0; 12], &[], &[0; TEXT_BLOCKS * BLOCK + 1], &mut out).is_none());
    assert!(sealer.encrypt(&[0; 12], &[&[0; 4 * ROOM]], b"", &mut out).is_none());
    assert!(out.is_empty());
    assert_eq!(format!("{sealer:?}"), "CellSealer(..)");
}
