//! Tests: what was cosigned stays where readers find it, while the log goes on.

use super::*;
use crate::memory::Memory;
use crate::testing::{Witness, entries, identity, others, publish, run, trust};
use crate::{Finding, Log, verify_from, verify_full};

#[test]
fn what_was_cosigned_is_found_while_the_log_grows() {
    run(async {
        let mut log = Log::open(publish(&[3]).await.0, identity()).await.unwrap();
        let witnesses = [Witness::new(1), Witness::new(2)];
        let readers =
            |min| trust().with_witnesses(witnesses.iter().map(Witness::vkey).collect(), min).unwrap();
        let cosign = |log: &Log<Memory>, by: &[&Witness]| {
            let note = log.checkpoint().as_bytes();
            let lines: String = by.iter().map(|witness| witness.cosign(note, 5)).collect();
            readers(0).add_cosignatures(log.checkpoint(), &lines).unwrap()
        };
        let first = cosign(&log, &[&witnesses[0]]);
        assert!(readers(0).witnessed(log.objects()).await.unwrap().is_none());
        assert!(!publish_witnessed(log.objects(), &readers(2), &first).await.unwrap());
        assert!(!publish_witnessed(log.objects(), &readers(0), log.checkpoint()).await.unwrap());
        assert!(publish_witnessed(log.objects(), &readers(1), &first).await.unwrap());
        assert!(!publish_witnessed(log.objects(), &readers(1), &first).await.unwrap());
        log.append(entries(3..300)).await.unwrap();
        let found = readers(1).witnessed(log.objects()).await.unwrap().unwrap();
        assert_eq!((found.head().size, found.cosignatures().len()), (3, 1));
        let refused = readers(2).witnessed(log.objects()).await;
        assert!(matches!(refused, Err(LogError::TooFewWitnesses { have: 1, need: 2 })));
        let later = cosign(&log, &[&witnesses[0], &witnesses[1]]);
        assert!(publish_witnessed(log.objects(), &readers(2), &later).await.unwrap());
        // One that comes late is of an earlier tree.
        assert!(!publish_witnessed(log.objects(), &readers(1), &first).await.unwrap());
        assert_eq!(readers(2).witnessed(log.objects()).await.unwrap().unwrap().head(), log.head());
        // Damage is replaced.
        log.objects().put(WITNESSED, b"damaged".to_vec()).await.unwrap();
        assert!(matches!(readers(1).witnessed(log.objects()).await, Err(LogError::MalformedCheckpoint)));
        assert!(publish_witnessed(log.objects(), &readers(2), &later).await.unwrap());
    });
}

#[test]
fn an_audit_holds_the_log_against_what_was_cosigned() {
    run(async {
        let mut log = Log::open(publish(&[3]).await.0, identity()).await.unwrap();
        let (witness, known) = (Witness::new(1), log.head());
        let readers = trust().with_witnesses(vec![witness.vkey()], 1).unwrap();
        let audit =
            async |log: &Log<Memory>| verify_full(log.objects(), &readers, None, |_, _| {}).await.unwrap();
        let lines = witness.cosign(log.checkpoint().as_bytes(), 5);
        let cosigned = readers.add_cosignatures(log.checkpoint(), &lines).unwrap();
        publish_witnessed(log.objects(), &readers, &cosigned).await.unwrap();
        log.append(entries(3..600)).await.unwrap();
        let report = audit(&log).await;
        assert!(report.is_clean(), "{:?}", report.findings);
        assert_eq!((report.witnessed, report.entries_checked), (Some(known), 600));
        let news = verify_from(log.objects(), &readers, known, |_, _| {}).await.unwrap();
        assert_eq!((news.witnessed, news.is_clean()), (Some(known), true));

        // Another log by the same key: what was cosigned is not its beginning.
        let mut forked = Log::create(Memory::default(), identity()).await.unwrap();
        forked.append(others(0..9)).await.unwrap();
        forked.objects().put(WITNESSED, cosigned.as_bytes().to_vec()).await.unwrap();
        assert_eq!(audit(&forked).await.findings, [Finding::Fork { size: 9, known: 3 }]);
        let short = Log::create(Memory::default(), identity()).await.unwrap();
        short.objects().put(WITNESSED, cosigned.as_bytes().to_vec()).await.unwrap();
        assert_eq!(audit(&short).await.findings, [Finding::Truncated { size: 0, known: 3 }]);
    });
}
