//! Tests: the examples of c2sp.org/signed-note, and keys that are none.

use signed_note::{Note, StandardVerifier, VerifierList};

use super::*;
use crate::testing::{Witness, origin, signer};

const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const EXAMPLE_NOTE: &str = "This is an example message.\n\n— example.com/foo \
    Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

#[test]
fn example_of_the_specification() {
    let key: VerifierKey = EXAMPLE_KEY.parse().unwrap();
    assert_eq!((key.name().as_str(), key.id(), key.kind()), ("example.com/foo", 0x530d_903a, KeyKind::Log));
    assert_eq!(key.to_string(), EXAMPLE_KEY);
    let note = Note::from_bytes(EXAMPLE_NOTE.as_bytes()).unwrap();
    assert!(note.verify(&VerifierList::new(vec![Box::new(key.clone())])).is_ok());
    let altered =
        Note::from_bytes(EXAMPLE_NOTE.replace("example message", "exemple message").as_bytes()).unwrap();
    assert!(altered.verify(&VerifierList::new(vec![Box::new(key)])).is_err());
}

#[test]
fn another_implementation_verifies_what_is_signed() {
    let signer = signer(3);
    let mut note = Note::new(b"a text\n", &[]).unwrap();
    note.add_sigs(&[&signer]).unwrap();
    let theirs = StandardVerifier::new(&signer.verifier().to_string()).unwrap();
    assert!(note.verify(&VerifierList::new(vec![Box::new(theirs)])).is_ok());
}

#[test]
fn malformed_keys() {
    let weak = "+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for key in [
        String::new(),
        "example.com/foo".to_owned(),
        EXAMPLE_KEY.replace("530d903a", "530D903A"),
        EXAMPLE_KEY.replace("530d903a", "530d903b"),
        EXAMPLE_KEY.replace("example.com/foo", "example.com/bar"),
        EXAMPLE_KEY.replace("example.com/foo", "example.com/ foo"),
        EXAMPLE_KEY.replace("+Aek", "+Bek"),
        EXAMPLE_KEY.trim_end_matches('k').to_owned(),
        format!("{EXAMPLE_KEY}\n"),
        format!("example.com/foo+530d903a{weak}"),
    ] {
        assert!(key.parse::<VerifierKey>().is_err(), "{key}");
    }
}

#[test]
fn witness_keys_have_a_type_of_their_own() {
    let key = Witness::new(1).vkey();
    assert_eq!(key.kind(), KeyKind::Witness);
    assert_eq!(key.to_string().parse::<VerifierKey>().unwrap(), key);
}

#[test]
fn secrets_are_not_shown() {
    let shown = format!("{:?}", signer(7));
    assert_eq!(shown, format!("LogSigner(\"{}\")", signer(7).verifier()));
}

#[test]
fn origins() {
    assert_eq!(origin().as_str(), "hub.example/log");
    for text in ["", "a b", "a+b", "a\nb", "a\u{7f}b", "a\u{2003}b", &"a".repeat(256)] {
        assert!(Origin::new(text).is_err(), "{text:?}");
    }
}
