use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::memory::Memory;
use crate::testing::{Dying, entries, identity, naive_root, others, publish as published, run, trust};
use crate::{Log, verify_full};

fn head_of(all: &[Vec<u8>]) -> TreeHead {
    TreeHead { size: all.len() as u64, root: naive_root(all) }
}

/// Whoever opens the log finds all that was committed, and readers nothing that is not signed.
async fn check(objects: &Memory, all: &[Vec<u8>]) {
    let report = verify_full(objects, &trust(), None, |_, _| {}).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    let left = Memory::from_snapshot(objects.snapshot());
    let log = Log::open(left, identity()).await.unwrap();
    assert_eq!((log.head(), log.backlog()), (head_of(all), 0));
    let report = verify_full(log.objects(), &trust(), None, |_, _| {}).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(report.entries_checked, all.len() as u64);
}

#[derive(Debug, Clone)]
enum Act {
    Commit(usize),
    Begin,
    End,
    Append(usize),
    Crash,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0usize..300).prop_map(Act::Commit),
        2 => Just(Act::Begin),
        2 => Just(Act::End),
        1 => (0usize..300).prop_map(Act::Append),
        1 => Just(Act::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// However commits, publications that are under way and crashes follow one another, nothing that was committed is lost.
    #[test]
    fn what_was_committed_is_published(acts in prop::collection::vec(act(), 1..14)) {
        run(async {
            let objects = Arc::new(Memory::default());
            let mut log = Log::create(objects.clone(), identity()).await.unwrap();
            let (mut all, mut under_way): (Vec<Vec<u8>>, Option<Carriage>) = (Vec::new(), None);
            for act in acts {
                let more = |count: usize| entries(all.len()..all.len() + count);
                match act {
                    Act::Commit(count) => {
                        let more = more(count);
                        let committed = log.commit(more.clone()).await.unwrap();
                        assert_eq!(committed.first, all.len() as u64);
                        all.extend(more);
                    }
                    Act::Append(count) => {
                        let more = more(count);
                        log.append(more.clone()).await.unwrap();
                        all.extend(more);
                        if count > 0 {
                            assert_eq!(log.head(), head_of(&all));
                            // Another process would carry out what was under way as well.
                            under_way = None;
                        }
                    }
                    Act::Begin if under_way.is_none() => under_way = log.carriage().unwrap(),
                    Act::End => {
                        if let Some(carriage) = under_way.take() {
                            let carried = carriage.carry_out(&objects).await.unwrap();
                            assert!(carried.sizes().0 < carried.sizes().1);
                            log.carried(carried);
                        }
                    }
                    Act::Crash => {
                        under_way = None;
                        log = Log::open(objects.clone(), identity()).await.unwrap();
                        assert_eq!(log.head(), head_of(&all));
                    }
                    Act::Begin => {}
                }
                assert_eq!(log.committed(), head_of(&all));
                assert_eq!(log.backlog() as u64, log.committed().size - log.head().size);
                check(&objects, &all).await;
            }
        });
    }
}

/// Ada commits five, begins to publish them, commits three more, and dies at each write of the former.
#[test]
fn dying_while_more_is_committed() {
    run(async {
        for (before, takes_effect) in [(0, false), (254, false), (254, true), (510, true)] {
            let (objects, _) = published(&[before]).await;
            let all = entries(0..before + 8);
            for write in 3.. {
                let dying = Dying::new(objects.snapshot(), write, takes_effect);
                let mut log = Log::open(dying, identity()).await.unwrap();
                log.commit(all[before..before + 5].to_vec()).await.unwrap();
                let carriage = log.carriage().unwrap().unwrap();
                log.commit(all[before + 5..].to_vec()).await.unwrap();
                let carried = carriage.carry_out(log.objects()).await;
                check(&Memory::from_snapshot(log.objects().inner.snapshot()), &all).await;
                if let Ok(carried) = carried {
                    log.carried(carried);
                    assert_eq!((log.head().size, log.backlog()), (before as u64 + 5, 3));
                    break;
                }
            }
        }
    });
}

/// What Ada has committed, Ben publishes; what Ada commits on top of a commit that is not there any more is not taken.
#[test]
fn another_process_carries_it_out_and_goes_on() {
    run(async {
        let objects = Arc::new(Memory::default());
        let mut ada = Log::create(objects.clone(), identity()).await.unwrap();
        ada.commit(entries(0..3)).await.unwrap();
        let under_way = ada.carriage().unwrap().unwrap();
        ada.commit(entries(3..5)).await.unwrap();
        let mut ben = Log::open(objects.clone(), identity()).await.unwrap();
        assert_eq!(ben.head(), head_of(&entries(0..5)));
        ben.commit(others(0..2)).await.unwrap();
        assert!(matches!(ada.commit(entries(5..6)).await, Err(LogError::Conflict)));
        assert!(matches!(ada.carriage(), Err(LogError::Stale)));
        // What was under way comes late, and does no harm.
        let carried = under_way.carry_out(&objects).await.unwrap();
        assert_eq!(carried.sizes(), (0, 5));
        ada.carried(carried);
        ada.reload().await.unwrap();
        let all = [entries(0..5), others(0..2)].concat();
        assert_eq!((ada.head(), ada.backlog()), (head_of(&all), 0));
        // So Ben's is published before he does it.
        ben.carry_out().await.unwrap();
        assert_eq!(ben.head(), head_of(&all));
        check(&objects, &all).await;
    });
}

/// A log that was read again knows of what an earlier publication did.
#[test]
fn what_was_taken_down_already_stays() {
    run(async {
        let mut log = Log::create(Arc::new(Memory::default()), identity()).await.unwrap();
        log.commit(entries(0..3)).await.unwrap();
        let under_way = log.carriage().unwrap().unwrap();
        let carried = under_way.carry_out(&log.objects().clone()).await.unwrap();
        log.reload().await.unwrap();
        log.commit(entries(3..5)).await.unwrap();
        log.carried(carried);
        assert_eq!((log.head().size, log.backlog()), (3, 2));
        log.carry_out().await.unwrap();
        check(log.objects(), &entries(0..5)).await;
        assert!(log.carriage().unwrap().is_none());
    });
}
