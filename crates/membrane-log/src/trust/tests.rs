//! Tests: who has to have signed.

use super::*;
use crate::testing::{Witness, origin, signer, trust};
use crate::{EMPTY_ROOT, LogSigner, TreeHead};

fn checkpoint() -> Checkpoint {
    let head = TreeHead { size: 0, root: EMPTY_ROOT };
    Checkpoint { origin: origin().to_string(), head, extensions: vec!["kept".to_owned()] }
}

fn signed(numbers: &[u8]) -> Vec<u8> {
    let signers: Vec<LogSigner> = numbers.iter().map(|number| signer(*number)).collect();
    checkpoint().sign(&signers).unwrap()
}

fn trusting(numbers: &[u8]) -> Trust {
    Trust::new(numbers.iter().map(|number| signer(*number).verifier().clone()).collect()).unwrap()
}

fn vkey(number: u8) -> String {
    signer(number).verifier().to_string()
}

#[test]
fn one_trusted_key_is_enough() {
    let opened = trust().open(&signed(&[1])).unwrap();
    assert_eq!(opened.checkpoint(), &checkpoint());
    assert_eq!(opened.signed_by(), [vkey(1)]);
    assert_eq!(opened.as_bytes(), signed(&[1]));
}

#[test]
fn a_key_is_replaced_with_both_signing_meanwhile() {
    let both = signed(&[1, 2]);
    assert_eq!(trusting(&[1]).open(&both).unwrap().signed_by(), [vkey(1)]);
    assert_eq!(trusting(&[2]).open(&both).unwrap().signed_by(), [vkey(2)]);
    assert_eq!(trusting(&[1, 2]).open(&both).unwrap().signed_by(), [vkey(1), vkey(2)]);
}

#[test]
fn unknown_keys_alone_are_refused() {
    assert!(matches!(trust().open(&signed(&[2])), Err(LogError::Untrusted)));
}

#[test]
fn a_bad_signature_of_a_known_key_refuses_all() {
    let text = String::from_utf8(signed(&[1, 2])).unwrap();
    let other =
        String::from_utf8(Checkpoint { extensions: Vec::new(), ..checkpoint() }.sign(&[signer(2)]).unwrap());
    let other = other.unwrap();
    let forged = text.replace(text.lines().last().unwrap(), other.lines().last().unwrap());
    assert!(matches!(trusting(&[1, 2]).open(forged.as_bytes()), Err(LogError::BadSignature { .. })));
    assert!(trusting(&[1]).open(forged.as_bytes()).is_ok());
}

#[test]
fn another_log_is_refused() {
    let other = Checkpoint { origin: "other.example".to_owned(), ..checkpoint() };
    let refused = trust().open(&other.sign(&[signer(1)]).unwrap());
    assert!(matches!(refused, Err(LogError::WrongOrigin { found, .. }) if found == "other.example"));
}

#[test]
fn malformed_notes_are_refused() {
    let text = String::from_utf8(signed(&[1])).unwrap();
    for note in
        ["".to_owned(), text.replace("— ", "- "), text.replace("\n\n", "\n"), text.trim_end().to_owned()]
    {
        assert!(matches!(trust().open(note.as_bytes()), Err(LogError::MalformedCheckpoint)), "{note}");
    }
    assert!(matches!(trust().open(b"\xff\xfe"), Err(LogError::MalformedCheckpoint)));
}

#[test]
fn keys_that_do_not_fit() {
    assert!(matches!(Trust::new(Vec::new()), Err(LogError::Keys(_))));
    let other = LogSigner::from_seed(&Origin::new("other.example").unwrap(), &[1; 32]);
    let keys = vec![signer(1).verifier().clone(), other.verifier().clone()];
    assert!(matches!(Trust::new(keys), Err(LogError::Keys(_))));
    assert!(matches!(Trust::new(vec![Witness::new(1).vkey()]), Err(LogError::Keys(_))));
    let log_key = signer(1).verifier().clone();
    assert!(matches!(trust().with_witnesses(vec![log_key], 1), Err(LogError::Keys(_))));
    assert!(matches!(trust().with_witnesses(vec![Witness::new(1).vkey()], 2), Err(LogError::Keys(_))));
    let twice = vec![Witness::new(1).vkey(), Witness::new(1).vkey()];
    assert!(matches!(trust().with_witnesses(twice, 2), Err(LogError::Keys(_))));
    assert!(Trust::from_vkeys(&[vkey(1), vkey(1)]).is_ok());
    assert!(Trust::from_vkeys(&["no key"]).is_err());
}

#[test]
fn so_many_of_the_witnesses() {
    let witnesses: Vec<Witness> = (1..=3).map(Witness::new).collect();
    let vkeys = || witnesses.iter().map(Witness::vkey).collect();
    let two = trust().with_witnesses(vkeys(), 2).unwrap();
    let note = signed(&[1]);
    assert!(matches!(two.open(&note), Err(LogError::TooFewWitnesses { have: 0, need: 2 })));

    let bare = two.open_unwitnessed(&note).unwrap();
    let once = two.add_cosignatures(&bare, &witnesses[0].cosign(&note, 10)).unwrap();
    assert!(matches!(two.open(once.as_bytes()), Err(LogError::TooFewWitnesses { have: 1, need: 2 })));

    // The same witness again is one witness, with the newer time.
    let again = two.add_cosignatures(&once, &witnesses[0].cosign(&note, 20)).unwrap();
    assert_eq!(again.cosignatures().len(), 1);
    assert_eq!(again.cosignatures()[0].timestamp_s, 20);

    let lines = format!("{}{}", Witness::new(9).cosign(&note, 30), witnesses[2].cosign(&note, 30));
    let twice = two.add_cosignatures(&again, &lines).unwrap();
    let opened = two.open(twice.as_bytes()).unwrap();
    let names: Vec<&str> = opened.cosignatures().iter().map(|by| by.witness.as_str()).collect();
    assert_eq!(names, ["witness.example/w1", "witness.example/w3"]);
    assert_eq!(opened.checkpoint().extensions, ["kept"]);
    assert!(!String::from_utf8_lossy(opened.as_bytes()).contains("w9"));
}

#[test]
fn cosignatures_of_another_text_are_refused() {
    let two = trust().with_witnesses(vec![Witness::new(1).vkey()], 1).unwrap();
    let bare = two.open_unwitnessed(&signed(&[1])).unwrap();
    let other = Checkpoint { extensions: Vec::new(), ..checkpoint() }.sign(&[signer(1)]).unwrap();
    let refused = two.add_cosignatures(&bare, &Witness::new(1).cosign(&other, 10));
    assert!(matches!(refused, Err(LogError::BadSignature { .. })));
    assert!(matches!(two.add_cosignatures(&bare, "nonsense\n"), Err(LogError::MalformedText { .. })));
}
