//! Tests: the example of c2sp.org/tlog-cosignature. It gives no key, so only its form can be tested.

use signed_note::Signature;

use super::*;
use crate::testing::Witness;

const EXAMPLE_TEXT: &str = "example.com/behind-the-sofa\n20852163\n\
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
const EXAMPLE_LINE: &str = "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI\
    5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==";

#[test]
fn example_of_the_specification() {
    let line = Signature::from_bytes(EXAMPLE_LINE.as_bytes()).unwrap();
    let (timestamp_s, signature) = split_cosignature(line.signature()).unwrap();
    assert_eq!((timestamp_s, signature.len()), (1_679_315_147, 64));
    let message = cosigned_message(timestamp_s, EXAMPLE_TEXT.as_bytes());
    assert_eq!(
        String::from_utf8(message).unwrap(),
        "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n\
         CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    );
}

#[test]
fn time_text_and_signature_are_bound() {
    let witness = Witness::new(1);
    let line = witness.cosign(format!("{EXAMPLE_TEXT}\n{EXAMPLE_LINE}\n").as_bytes(), 5);
    let line = Signature::from_bytes(line.trim_end().as_bytes()).unwrap();
    let check = |text: &str, signature: &[u8]| check_cosignature(&witness.vkey(), text.as_bytes(), signature);
    assert!(check(EXAMPLE_TEXT, line.signature()));
    assert!(!check(&EXAMPLE_TEXT.replace("163", "164"), line.signature()));
    for at in 0..line.signature().len() {
        let mut altered = line.signature().to_vec();
        altered[at] ^= 1;
        assert!(!check(EXAMPLE_TEXT, &altered), "{at}");
    }
    assert!(!check(EXAMPLE_TEXT, &line.signature()[..71]));
    assert!(!check(EXAMPLE_TEXT, b"short"));
}

#[test]
fn time_fits_a_signed_number() {
    assert!(split_cosignature(&[0x7f, 255, 255, 255, 255, 255, 255, 255]).is_some());
    assert!(split_cosignature(&[0x80, 0, 0, 0, 0, 0, 0, 0]).is_none());
}
