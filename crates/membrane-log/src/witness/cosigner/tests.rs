//! Tests: a witness cosigns a log that grows, and none that has forked.

use super::*;
use crate::memory::Memory;
use crate::testing::{entries, identity, origin, others, publish, run, signer, trust};
use crate::{Identity, Log, prove_consistency};

fn cosigner() -> Cosigner {
    Cosigner::new(&Origin::new("witness.example/w7").unwrap(), &[77; 32], trust())
}

async fn request(log: &Log<Memory>, old_size: u64) -> AddCheckpoint {
    let proof = prove_consistency(log.objects(), old_size, log.head()).await.unwrap();
    AddCheckpoint { old_size, proof, checkpoint: log.checkpoint().as_bytes().to_vec() }
}

async fn log_of(groups: &[usize]) -> Log<Memory> {
    Log::open(publish(groups).await.0, identity()).await.unwrap()
}

#[test]
fn a_log_that_grows_is_cosigned() {
    run(async {
        let (mut witness, mut log) = (cosigner(), log_of(&[3]).await);
        let readers = trust().with_witnesses(vec![witness.verifier().clone()], 1).unwrap();
        let mut old_size = 0;
        for time in 10..13 {
            let asked = request(&log, old_size).await;
            let answer = witness.add_checkpoint(&asked.encode(), time);
            let (status, kind, body) = answer.encode();
            let parsed = AddCheckpointAnswer::parse(status, Some(kind), body.as_bytes()).unwrap();
            assert_eq!(parsed, answer);
            let AddCheckpointAnswer::Cosigned { lines } = answer else { panic!("{answer:?}") };
            let signed = readers.add_cosignatures(log.checkpoint(), &lines).unwrap();
            assert_eq!(signed.cosignatures()[0].timestamp_s, time);
            assert_eq!(witness.latest(), log.head());
            old_size = log.head().size;
            // The same again is cosigned again.
            let again = request(&log, old_size).await;
            assert!(matches!(
                witness.add_checkpoint(&again.encode(), time),
                AddCheckpointAnswer::Cosigned { .. }
            ));
            log.append(entries(3..300)).await.unwrap();
        }
        // Who does not know is told from where to ask.
        let told = witness.add_checkpoint(&request(&log, 1).await.encode(), 20);
        assert_eq!(told, AddCheckpointAnswer::OldSize { size: old_size });
        assert!(!told.is_fork(&request(&log, 1).await, log.head().size));
    });
}

#[test]
fn a_log_that_forked_is_not() {
    run(async {
        let (mut witness, log) = (cosigner(), log_of(&[5]).await);
        witness.add_checkpoint(&request(&log, 0).await.encode(), 1);
        let cosigned = witness.latest();
        let mut forked = log_of(&[2]).await;
        forked.append(others(0..3)).await.unwrap();
        // Of the same size, and larger.
        let asked = request(&forked, 5).await;
        let told = witness.add_checkpoint(&asked.encode(), 2);
        assert!(told.is_fork(&asked, 5), "{told:?}");
        forked.append(others(3..9)).await.unwrap();
        let asked = request(&forked, 5).await;
        let told = witness.add_checkpoint(&asked.encode(), 3);
        assert_eq!(told, AddCheckpointAnswer::Inconsistent);
        assert!(told.is_fork(&asked, 11));
        assert_eq!(witness.latest(), cosigned);
    });
}

#[test]
fn what_is_not_of_the_log_is_not() {
    run(async {
        let (mut witness, log) = (cosigner(), log_of(&[5]).await);
        let mut check = |request: &AddCheckpoint, status: u16| {
            assert_eq!(witness.add_checkpoint(&request.encode(), 1).encode().0, status, "{request:?}");
        };
        let right = request(&log, 0).await;
        check(&AddCheckpoint { old_size: 6, ..right.clone() }, 400);
        check(&AddCheckpoint { checkpoint: b"no note".to_vec(), ..right.clone() }, 400);
        for (name, key, status) in [(origin(), 9, 403), (Origin::new("other.example").unwrap(), 1, 404)] {
            let stranger = crate::LogSigner::from_seed(&name, &[key; 32]);
            let stranger = Identity::new(vec![stranger], Vec::new()).unwrap();
            let log = Log::create(Memory::default(), stranger).await.unwrap();
            check(&request(&log, 0).await, status);
        }
        assert_eq!(signer(1).verifier().name(), &origin());
        check(&right, 200);
    });
}
