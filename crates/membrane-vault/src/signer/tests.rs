use proptest::prelude::*;

use super::*;

/// RFC 8032, section 7.1, test 1: the empty text.
#[test]
fn the_first_vector_of_the_rfc() {
    let mut key = [0_u8; 32];
    hex::decode_to_slice("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", &mut key)
        .unwrap();
    let signer = Signer::new(&key);
    assert_eq!(signer.public_key(), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let signature = signer.sign("");
    assert_eq!(
        signature,
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd\
         25bf5f0595bbe24655141438e7a100b"
    );
    verify_signature(&signer.public_key(), "", &signature).unwrap();
}

proptest! {
    #[test]
    fn a_signature_is_of_one_text_by_one_key(key: [u8; 32], other: [u8; 32], text: String, at in 0_usize..128) {
        let (signer, stranger) = (Signer::new(&key), Signer::new(&other));
        let signature = signer.sign(&text);
        prop_assert!(signer.verify(&text, &signature).is_ok());
        prop_assert!(signer.verify(&[text.as_str(), "x"].concat(), &signature).is_err());
        prop_assert!(key == other || stranger.verify(&text, &signature).is_err());
        let mut altered = signature.into_bytes();
        altered[at] = if altered[at] == b'0' { b'1' } else { b'0' };
        prop_assert!(signer.verify(&text, &String::from_utf8(altered).unwrap()).is_err());
    }
}

#[test]
fn what_is_no_key_and_no_signature_is_refused() {
    let signer = Signer::new(&[7; 32]);
    for signature in ["", "00", &"zz".repeat(64)] {
        assert!(signer.verify("text", signature).is_err(), "{signature}");
    }
    // A key of small order: everything would be signed by it.
    assert!(verify_signature(&"00".repeat(32), "text", &"00".repeat(64)).is_err());
    assert_eq!(format!("{signer:?}"), "Signer(..)");
}
