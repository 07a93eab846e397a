//! Tests: publishing, dying, publishing twice at once, setting back.

use std::sync::Arc;

use proptest::prelude::*;

use super::recovery::write_objects;
use super::*;
use crate::memory::Memory;
use crate::pending::Pending;
use crate::testing::{
    Dying, Witness, entries, identity, naive_root, origin, others, publish, run, signer, trust,
};
use crate::{Finding, LogSigner, Origin, verify_full};

/// Checks that a store holds a clean log of exactly these entries.
async fn check(objects: &Memory, expected: &[Vec<u8>]) {
    let mut read = Vec::new();
    let trust = trust();
    let audit = verify_full(objects, &trust, None, |index, entry| {
        assert_eq!(index, read.len() as u64);
        read.push(entry.to_vec());
    });
    let report = audit.await.unwrap();
    assert_eq!(report.findings, Vec::<Finding>::new());
    assert_eq!(read, expected);
    let head = TreeHead { size: expected.len() as u64, root: naive_root(expected) };
    assert_eq!(report.head, Some(head));
    let log = Log::open(Memory::from_snapshot(objects.snapshot()), identity()).await.unwrap();
    assert_eq!((log.head(), log.edge().head()), (head, head));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_groups_give_the_tree_of_the_rfc(groups in prop::collection::vec(0usize..500, 0..8)) {
        run(async {
            let (objects, all) = publish(&groups).await;
            check(&objects, &all).await;
        });
    }
}

#[test]
fn where_objects_lie() {
    let (objects, _) = run(publish(&[255, 3]));
    let paths: Vec<String> = objects.snapshot().into_keys().collect();
    assert_eq!(
        paths,
        [
            "checkpoint",
            "pending",
            "tile/0/000",
            "tile/0/000.p/255",
            "tile/0/001.p/2",
            "tile/1/000.p/1",
            "tile/entries/000",
            "tile/entries/000.p/255",
            "tile/entries/001.p/2",
        ]
    );
}

#[test]
fn a_new_log_is_empty_and_signed() {
    run(async {
        let log = Log::open_or_create(Memory::default(), identity()).await.unwrap();
        assert_eq!(log.head(), TreeHead { size: 0, root: EMPTY_ROOT });
        check(log.objects(), &[]).await;
        let again = Log::create(Memory::from_snapshot(log.objects().snapshot()), identity()).await;
        assert!(matches!(again, Err(LogError::NotEmpty { path }) if path == "checkpoint"));
    });
}

#[test]
fn a_log_without_its_checkpoint_is_not_started_anew() {
    run(async {
        for left in ["tile/0/000.p/3", "pending"] {
            let (objects, _) = publish(&[3]).await;
            let objects = objects.snapshot().into_iter().filter(|(path, _)| path == left).collect();
            let objects = Arc::new(Memory::from_snapshot(objects));
            let opened = Log::open_or_create(objects.clone(), identity()).await;
            assert!(matches!(opened, Err(LogError::NotEmpty { path }) if path == left));
            assert!(matches!(Log::open(objects, identity()).await, Err(LogError::NoCheckpoint)));
        }
    });
}

#[test]
fn limits() {
    run(async {
        let limits = Limits { group_entries_max: 3, group_bytes_max: 70_000 };
        let mut log = Log::create(Memory::default(), identity()).await.unwrap().with_limits(limits);
        let refused = log.append(vec![vec![0; 65_536]]).await;
        assert!(matches!(refused, Err(LogError::EntryTooLong { bytes: 65_536 })));
        let refused = log.append(vec![Vec::new(); 4]).await;
        assert!(matches!(refused, Err(LogError::GroupTooLarge { entries: 4, bytes: 0 })));
        let refused = log.append(vec![vec![0; 40_000]; 2]).await;
        assert!(matches!(refused, Err(LogError::GroupTooLarge { entries: 2, bytes: 80_000 })));
        let appended = log.append(vec![vec![7; 65_535], Vec::new()]).await.unwrap();
        assert_eq!((appended.first, appended.head), (0, log.head()));
        assert_eq!(log.append(Vec::new()).await.unwrap().first, 2);
        check(log.objects(), &[vec![7; 65_535], Vec::new()]).await;
    });
}

/// Dies at each write, and appends the same or other entries afterwards.
#[test]
fn dying_at_every_write() {
    run(async {
        for (before, group) in [(0, 1), (3, 2), (250, 300), (511, 1), (256, 256)] {
            let (objects, mut all) = publish(&[before]).await;
            let objects = objects.snapshot();
            all.extend(entries(before..before + group));
            for write in 1.. {
                let mut survived = false;
                for (takes_effect, same) in [(false, true), (false, false), (true, true), (true, false)] {
                    let dying = Dying::new(objects.clone(), write, takes_effect);
                    let mut log = Log::open(dying, identity()).await.unwrap();
                    let appended = log.append(all[before..].to_vec()).await;
                    survived = appended.is_ok();
                    if survived {
                        break;
                    }
                    let refused = log.append(entries(0..1)).await;
                    assert!(matches!(refused, Err(LogError::Stale | LogError::Objects(_))));
                    let left = Memory::from_snapshot(log.objects().inner.snapshot());

                    // Readers see the old tree or the new one.
                    let report = verify_full(&left, &trust(), None, |_, _| {}).await.unwrap();
                    assert!(report.is_clean());

                    let mut log = Log::open(left, identity()).await.unwrap();
                    let committed = log.head().size > before as u64;
                    match appended {
                        Err(LogError::Unpublished(_)) => assert!(committed),
                        appended => assert_eq!(committed, takes_effect, "{appended:?}"),
                    }
                    let mut expected = all[..if committed { all.len() } else { before }].to_vec();
                    check(log.objects(), &expected).await;
                    let more = if same { entries(expected.len()..before + group + 4) } else { others(0..9) };
                    log.append(more.clone()).await.unwrap();
                    expected.extend(more);
                    check(log.objects(), &expected).await;
                }
                if survived {
                    assert!(write > 4, "{write}");
                    break;
                }
            }
        }
    });
}

#[test]
fn the_second_of_two_publishers_reads_again() {
    run(async {
        let objects = Arc::new(Memory::default());
        let mut ada = Log::create(objects.clone(), identity()).await.unwrap();
        let mut ben = Log::open(objects.clone(), identity()).await.unwrap();
        ada.append(entries(0..3)).await.unwrap();
        assert!(matches!(ben.append(others(0..3)).await, Err(LogError::Conflict)));
        assert!(matches!(ben.append(others(0..3)).await, Err(LogError::Stale)));
        ben.reload().await.unwrap();
        assert_eq!(ben.append(others(0..3)).await.unwrap().first, 3);
        assert!(matches!(ada.append(entries(3..4)).await, Err(LogError::Conflict)));
        check(&objects, &[entries(0..3), others(0..3)].concat()).await;
    });
}

/// Ada commits and falls asleep at each later write; Ben goes on meanwhile; then Ada wakes up.
#[test]
fn a_publisher_that_sleeps_does_no_harm() {
    run(async {
        for write in 2..=5 {
            let (objects, mut all) = publish(&[254]).await;
            let asleep = Dying::new(objects.snapshot(), write, false);
            let mut ada = Log::open(asleep, identity()).await.unwrap();
            all.extend(entries(254..260));
            assert!(ada.append(all[254..].to_vec()).await.is_err());

            let shared = Arc::new(Memory::from_snapshot(ada.objects().inner.snapshot()));
            let mut ben = Log::open(shared.clone(), identity()).await.unwrap();
            assert_eq!(ben.head().size, 260);
            ben.append(others(0..2)).await.unwrap();
            all.extend(others(0..2));

            // What Ada still had to write, down to the checkpoint.
            let (grown, new) = ada.state.edge.grow(&all[254..260]).unwrap();
            write_objects(&shared, new).await.unwrap();
            let promised = sign_head(&identity(), grown.edge().head()).unwrap();
            let promised = trust().open(&promised).unwrap();
            let published = publish_as(&shared, &ada.state.checkpoint, promised).await;
            assert_eq!(published.head().size, 262);
            check(&shared, &all).await;
        }
    });
}

async fn publish_as(
    objects: &Memory,
    before: &SignedCheckpoint,
    promised: SignedCheckpoint,
) -> SignedCheckpoint {
    recovery::publish(objects, &trust(), before, promised).await.unwrap()
}

#[test]
fn a_checkpoint_that_was_set_back_takes_the_same_entries_only() {
    run(async {
        let (before, _) = publish(&[300]).await;
        let (after, all) = publish(&[300, 5, 400]).await;
        let mut set_back = after.snapshot();
        for path in [CHECKPOINT, PENDING] {
            set_back.insert(path.to_owned(), before.snapshot()[path].clone());
        }
        let open = || Log::open(Memory::from_snapshot(set_back.clone()), identity());
        let refused = open().await.unwrap().append(others(0..1)).await;
        assert!(matches!(refused, Err(LogError::Contradicted { index: 300 })));
        let late = [all[300..700].to_vec(), others(0..1)].concat();
        let refused = open().await.unwrap().append(late).await;
        assert!(matches!(refused, Err(LogError::Contradicted { index: 700 })));

        let mut log = open().await.unwrap();
        log.append(all[300..500].to_vec()).await.unwrap();
        log.append([all[500..].to_vec(), others(0..2)].concat()).await.unwrap();
        check(log.objects(), &[all, others(0..2)].concat()).await;
    });
}

#[test]
fn damage_of_what_was_committed_is_repaired() {
    run(async {
        let (objects, mut all) = publish(&[250]).await;
        let mut log = Log::open(Dying::new(objects.snapshot(), 4, false), identity()).await.unwrap();
        all.extend(entries(250..300));
        assert!(log.append(all[250..].to_vec()).await.is_err());
        let mut torn = log.objects().inner.snapshot();
        torn.get_mut("tile/entries/000").unwrap().truncate(100);
        let log = Log::open(Memory::from_snapshot(torn), identity()).await.unwrap();
        check(log.objects(), &all).await;
    });
}

#[test]
fn a_tree_that_was_not_signed_is_refused() {
    run(async {
        let (objects, _) = publish(&[300]).await;
        for path in ["tile/entries/001.p/44", "tile/0/001.p/44", "tile/1/000.p/1"] {
            let mut altered = objects.snapshot();
            *altered.get_mut(path).unwrap().last_mut().unwrap() ^= 1;
            let refused = Log::open(Memory::from_snapshot(altered), identity()).await;
            assert!(matches!(refused, Err(LogError::Fork { size: 300 })), "{path}");
            let mut missing = objects.snapshot();
            missing.remove(path);
            let refused = Log::open(Memory::from_snapshot(missing), identity()).await;
            assert!(matches!(refused, Err(LogError::Missing { path: at }) if at == path));
        }
        let head = TreeHead { size: 300, root: EMPTY_ROOT };
        objects.put(CHECKPOINT, sign_head(&identity(), head).unwrap()).await.unwrap();
        assert!(matches!(Log::open(objects, identity()).await, Err(LogError::Fork { size: 300 })));
    });
}

#[test]
fn a_commit_that_does_not_follow_is_refused() {
    run(async {
        let (objects, _) = publish(&[3]).await;
        let (longer, _) = publish(&[3, 1, 1]).await;
        let mut mixed = objects.snapshot();
        mixed.insert(PENDING.to_owned(), longer.snapshot()[PENDING].clone());
        let refused = Log::open(Memory::from_snapshot(mixed.clone()), identity()).await;
        assert!(matches!(refused, Err(LogError::SetBack { size: 3, committed: 4 })));

        let head = TreeHead { size: 4, root: EMPTY_ROOT };
        let checkpoint = sign_head(&identity(), head).unwrap();
        let false_root = Pending { old_size: 3, checkpoint, entries: entries(3..4) };
        mixed.insert(PENDING.to_owned(), false_root.encode().unwrap());
        let refused = Log::open(Memory::from_snapshot(mixed), identity()).await;
        assert!(matches!(refused, Err(LogError::Fork { size: 4 })));
    });
}

#[test]
fn checkpoints_of_others_are_refused() {
    run(async {
        let (objects, _) = publish(&[3]).await;
        let stranger = Identity::new(vec![signer(9)], Vec::new()).unwrap();
        let open = |identity| Log::open(Memory::from_snapshot(objects.snapshot()), identity);
        assert!(matches!(open(stranger).await, Err(LogError::Untrusted)));
        let other = LogSigner::from_seed(&Origin::new("other.example").unwrap(), &[1; 32]);
        let other = Identity::new(vec![other], Vec::new()).unwrap();
        assert!(matches!(open(other).await, Err(LogError::WrongOrigin { .. })));
        let text = String::from_utf8(objects.snapshot()[CHECKPOINT].clone()).unwrap();
        objects.put(CHECKPOINT, text.replace("\n3\n", "\n2\n").into_bytes()).await.unwrap();
        assert!(matches!(open(identity()).await, Err(LogError::BadSignature { .. })));
    });
}

#[test]
fn a_key_is_replaced() {
    run(async {
        let (objects, all) = publish(&[3]).await;
        let both = Identity::new(vec![signer(1), signer(2)], Vec::new()).unwrap();
        let mut log = Log::open(objects, both).await.unwrap();
        let new_only = Trust::new(vec![signer(2).verifier().clone()]).unwrap();
        assert!(new_only.open(log.checkpoint().as_bytes()).is_err());
        assert_eq!(log.sign_again().await.unwrap().signed_by().len(), 2);
        assert!(new_only.open(log.checkpoint().as_bytes()).is_ok());
        check(log.objects(), &all).await;

        // Or without an overlap: the old key is still trusted for what is stored.
        let (objects, _) = publish(&[3]).await;
        let retired = Identity::new(vec![signer(2)], vec![signer(1).verifier().clone()]).unwrap();
        let mut log = Log::open(objects, retired).await.unwrap();
        log.append(entries(3..5)).await.unwrap();
        assert!(new_only.open(log.checkpoint().as_bytes()).is_ok());
        assert!(trust().open(log.checkpoint().as_bytes()).is_err());
    });
}

#[test]
fn cosignatures_are_published() {
    run(async {
        let objects = Arc::new(Memory::default());
        let mut log = Log::create(objects.clone(), identity()).await.unwrap();
        log.append(entries(0..3)).await.unwrap();
        let witness = Witness::new(1);
        let readers = trust().with_witnesses(vec![witness.vkey()], 1).unwrap();
        let line = witness.cosign(log.checkpoint().as_bytes(), 77);
        let signed = log.publish_cosignatures(&readers, &line).await.unwrap();
        assert_eq!(signed.cosignatures()[0].timestamp_s, 77);
        assert!(readers.open(&objects.get(CHECKPOINT).await.unwrap().unwrap()).is_ok());

        // They do not stand in the way of the next group, nor of opening again.
        log.append(entries(3..5)).await.unwrap();
        let mut other = Log::open(objects.clone(), identity()).await.unwrap();
        other.append(entries(5..6)).await.unwrap();
        let line = witness.cosign(other.checkpoint().as_bytes(), 78);
        let late = log.publish_cosignatures(&readers, &line).await;
        assert!(matches!(late, Err(LogError::BadSignature { .. })));
        check(&objects, &entries(0..6)).await;
    });
}

#[test]
fn identities_that_do_not_fit() {
    assert!(Identity::new(Vec::new(), vec![signer(1).verifier().clone()]).is_err());
    let other = LogSigner::from_seed(&Origin::new("other.example").unwrap(), &[1; 32]);
    assert!(Identity::new(vec![signer(1), other], Vec::new()).is_err());
    assert_eq!(identity().origin(), &origin());
    assert_eq!(identity().verifiers().count(), 1);
}

/// What a server needs of futures that it runs on several threads.
#[test]
fn futures_can_be_sent() {
    fn check<T: Send>(_: T) {}
    let (trust, head) = (trust(), TreeHead { size: 0, root: EMPTY_ROOT });
    let objects = Memory::default();
    check(Log::open_or_create(Memory::default(), identity()));
    check(verify_full(&objects, &trust, None, |_, _| {}));
    check(crate::verify_from(&objects, &trust, head, |_, _| {}));
    check(crate::prove_inclusion(&objects, head, 0));
    check(crate::entry_at(&objects, head, 0));
    check(crate::check_known(&objects, head, head));
    let mut log = run(Log::create(Memory::default(), identity())).unwrap();
    check(log.append(Vec::new()));
    check(log.publish_cosignatures(&trust, ""));
    check(log.prune(0));
    check(prune(&objects, 0, 0));
    check(log.reload());
}
