//! Against published vectors, and what could be tried against them.

use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};

use super::*;

#[test]
fn the_vectors_of_rfc_4231_are_met() {
    let tag = |digits: &str| {
        let mut tag = [0; 32];
        hex::decode_to_slice(digits, &mut tag).expect("hex");
        tag
    };
    // Test case 6: a key that is longer than a block.
    let secret = SharedSecret::new(&[0xaa; 131]).expect("a secret");
    let found = tag("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    let message = b"Test Using Larger Than Block-Size Key - Hash Key First";
    assert!(secret.signed(&[message], &[found]));
    assert!(secret.signed(&[&message[..7], &message[7..]], &[found]), "in parts");
    assert!(secret.signed(&[message], &[[0; 32], found]), "one of several");
    assert!(!secret.signed(&[message], &[[0; 32]]));
    assert!(!secret.signed(&[message], &[]));
    assert!(!secret.signed(&[b"test"], &[found]));
    // Test case 3.
    let secret = SharedSecret::new(&[0xaa; 20]).expect("a secret");
    let found = tag("773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    assert!(secret.signed(&[&[0xdd; 50]], &[found]));
}

#[test]
fn a_secret_that_could_be_guessed_is_refused() {
    assert!(SharedSecret::new(b"fifteen letters").is_err());
    assert!(WeixinSecret::new("", &[1; 32], "wx").is_err());
    assert!(WeixinSecret::new("token", &[1; 31], "wx").is_err());
    let secret = SharedSecret::new(b"sixteen letters!").expect("a secret");
    assert_eq!(format!("{secret:?}"), "SharedSecret(..)");
}

fn secret() -> WeixinSecret {
    WeixinSecret::new("spamtest", &[7; 32], "wx2c2769f8efd9abc2").expect("a secret")
}

/// As the platform does it.
fn encrypted(message: &[u8], length: u32, receiver: &str, filling: Option<u8>) -> Vec<u8> {
    let mut text = vec![b'r'; 16];
    text.extend(length.to_be_bytes());
    text.extend(message);
    text.extend(receiver.as_bytes());
    let fill = 32 - text.len() % 32;
    let byte = filling.unwrap_or(u8::try_from(fill).expect("at most 32"));
    text.extend(std::iter::repeat_n(byte, fill));
    let (blocks, _) = Array::slice_as_chunks_mut(&mut text);
    cbc::Encryptor::<Aes256>::new(&[7; 32].into(), &[7; 16].into()).encrypt_blocks(blocks);
    text
}

#[test]
fn a_message_is_opened_for_its_receiver_only() {
    let id = "wx2c2769f8efd9abc2";
    for length in 0..80 {
        let message = vec![b'm'; length];
        let sealed = encrypted(&message, u32::try_from(length).expect("short"), id, None);
        assert_eq!(secret().open(&sealed).expect("opens"), message);
    }
    let refused = |bytes: &[u8]| assert!(matches!(secret().open(bytes), Err(VaultError::Open)));
    refused(&encrypted(b"hello", 5, "wx0000000000000000", None));
    refused(&encrypted(b"hello", 4, id, None));
    refused(&encrypted(b"hello", u32::MAX, id, None));
    for filling in [0, 1, 33, 255] {
        refused(&encrypted(b"hello", 5, id, Some(filling)));
    }
    for bytes in [&[][..], &[1], &[0; 16], &[0; 32], &[9; 64]] {
        refused(bytes);
    }
}

#[test]
fn a_signature_is_of_the_sorted_texts() {
    // sha1("1409304348" "abc" "spamtest" "xyz"), computed with sha1sum.
    let signature = "fa05b292d34960af86709e7f5a5bd169da520c03";
    assert!(secret().signed(&["xyz", "1409304348", "abc"], signature));
    assert!(secret().signed(&["abc", "xyz", "1409304348"], signature));
    assert!(!secret().signed(&["abd", "xyz", "1409304348"], signature));
    for other in ["", "00", &signature.replace("03", ""), &format!("{signature}00")] {
        assert!(!secret().signed(&["abc", "xyz", "1409304348"], other));
    }
}
