//! Tests: the form of c2sp.org/tlog-proof, and what is not that.

use super::*;
use crate::testing::{Witness, publish, run, trust};

/// The example of the specification. It cuts its signatures short, so only the form can be tested.
const EXAMPLE: &str = "c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

— example.com/fancylog hI2DJw[...]1roloI=
";

#[test]
fn example_of_the_specification() {
    let proof = ProofFile::parse(EXAMPLE.as_bytes()).unwrap();
    assert_eq!((proof.index, proof.inclusion.len()), (73_894, 5));
    assert!(proof.extra.as_ref().is_some_and(|extra| extra.starts_with(b"age-v1.2.1-darwin-arm64.tar.gz")));
    assert!(proof.checkpoint.starts_with(b"example.com/fancylog\n109482\n"));
    assert_eq!(String::from_utf8(proof.encode()).unwrap(), EXAMPLE);
}

#[test]
fn malformed_proofs() {
    let without = EXAMPLE.lines().nth(1).unwrap();
    for text in [
        String::new(),
        EXAMPLE.replace("@v1", "@v2"),
        EXAMPLE.replace("index 73894", "index 073894"),
        EXAMPLE.replace("index 73894", "index"),
        EXAMPLE.replace("index 73894\n", ""),
        EXAMPLE.replace(without, "extra "),
        EXAMPLE.replace(without, "extra !"),
        EXAMPLE.replace(without, without.trim_start_matches("extra ")),
        EXAMPLE.replace("gSKy", "g"),
        EXAMPLE.replace("5vk=\n\n", "5vk=\n"),
        EXAMPLE.replace('\n', "\r\n"),
    ] {
        assert!(matches!(ProofFile::parse(text.as_bytes()), Err(LogError::MalformedText { .. })), "{text}");
    }
}

#[test]
fn a_proof_holds_for_its_entry_only() {
    run(async {
        let (objects, all) = publish(&[10, 290]).await;
        let signed = trust().open(&objects.get("checkpoint").await.unwrap().unwrap()).unwrap();
        for extra in [None, Some(b"context".to_vec())] {
            let proof = ProofFile { extra, ..ProofFile::make(&objects, &signed, 256).await.unwrap() };
            let proof = ProofFile::parse(&proof.encode()).unwrap();
            assert_eq!(proof.verify(&trust(), &all[256]).unwrap(), signed);
            assert!(matches!(proof.verify(&trust(), &all[257]), Err(LogError::BadProof)));
            let elsewhere = ProofFile { index: 257, ..proof.clone() };
            assert!(matches!(elsewhere.verify(&trust(), &all[256]), Err(LogError::BadProof)));
            let beyond = ProofFile { index: 300, ..proof };
            assert!(matches!(beyond.verify(&trust(), &all[256]), Err(LogError::OutOfRange { .. })));
        }
    });
}

#[test]
fn witnesses_are_asked_for() {
    run(async {
        let (objects, all) = publish(&[7]).await;
        let witness = Witness::new(1);
        let strict = trust().with_witnesses(vec![witness.vkey()], 1).unwrap();
        let signed = trust().open(&objects.get("checkpoint").await.unwrap().unwrap()).unwrap();
        let proof = ProofFile::make(&objects, &signed, 3).await.unwrap();
        assert!(matches!(proof.verify(&strict, &all[3]), Err(LogError::TooFewWitnesses { .. })));
        let seen = strict.add_cosignatures(&signed, &witness.cosign(signed.as_bytes(), 1)).unwrap();
        let proof = ProofFile::make(&objects, &seen, 3).await.unwrap();
        assert_eq!(proof.verify(&strict, &all[3]).unwrap().cosignatures().len(), 1);
    });
}

#[test]
fn no_altered_byte_passes() {
    run(async {
        let (objects, all) = publish(&[7]).await;
        let signed = trust().open(&objects.get("checkpoint").await.unwrap().unwrap()).unwrap();
        let file = ProofFile::make(&objects, &signed, 3).await.unwrap().encode();
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut altered = file.clone();
                altered[at] ^= 1 << bit;
                let verified = ProofFile::parse(&altered).and_then(|proof| proof.verify(&trust(), &all[3]));
                assert!(verified.is_err(), "byte {at}, bit {bit}");
            }
        }
    });
}
