//! Tests: publishers, an auditor and a pruner at the same time.

use std::sync::Arc;

use proptest::prelude::*;

use crate::join::join_all;
use crate::testing::{TakingTurns, identity, run, trust};
use crate::{Log, LogError, verify_full};

/// Appends groups until all are in, reading again on each conflict. Returns where they went.
async fn append_all(objects: Arc<TakingTurns>, name: u8, groups: Vec<usize>) -> Vec<(u64, Vec<u8>)> {
    let mut log = Log::open(objects, identity()).await.unwrap();
    let mut placed = Vec::new();
    for (number, group) in groups.into_iter().enumerate() {
        let entries: Vec<Vec<u8>> = (0..group).map(|i| format!("{name} {number} {i}").into_bytes()).collect();
        let first = loop {
            match log.append(entries.clone()).await {
                Ok(appended) => break appended.first,
                Err(LogError::Conflict | LogError::Stale) => log.reload().await.unwrap(),
                Err(error) => panic!("{error:?}"),
            }
        };
        placed.extend((first..).zip(entries));
        if number % 2 == 1 {
            match log.prune(0).await {
                Ok(_) | Err(LogError::Stale) => {}
                Err(error) => panic!("{error:?}"),
            }
            let report = verify_full(log.objects(), &trust(), None, |_, _| {}).await.unwrap();
            assert_eq!(report.findings, []);
        }
    }
    placed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn each_entry_is_in_once_where_its_publisher_was_told(
        seed: u64,
        groups in prop::collection::vec(prop::collection::vec(1usize..200, 1..6), 2..4),
    ) {
        run(async {
            let objects = Arc::new(TakingTurns::new(seed));
            Log::create(objects.clone(), identity()).await.unwrap();
            let publishers = (0..).zip(groups).map(|(name, groups)| append_all(objects.clone(), name, groups));
            let mut placed: Vec<(u64, Vec<u8>)> = join_all(publishers).await.concat();
            placed.sort();
            let mut stored = Vec::new();
            let trust = trust();
            let audit = verify_full(&objects.inner, &trust, None, |index, entry| stored.push((index, entry.to_vec())));
            prop_assert!(audit.await.unwrap().is_clean());
            prop_assert_eq!(stored, placed);
            Ok(())
        })?;
    }
}
