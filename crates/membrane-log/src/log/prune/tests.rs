//! Tests: what may go, and what has to stay.

use crate::testing::{identity, naive_root, publish, run, trust};
use crate::{
    Log, LogError, Objects, TreeHead, check_consistency, check_known, prove_consistency, verify_full,
};

#[test]
fn pruning_leaves_what_old_checkpoints_need() {
    run(async {
        let groups = [100, 100, 100, 212, 100];
        let (objects, all) = publish(&groups).await;
        let log = Log::open(objects, identity()).await.unwrap();
        let before = log.objects().snapshot();
        let removed = log.prune(0).await.unwrap();
        let after = log.objects().snapshot();
        let gone: Vec<&String> = before.keys().filter(|path| !after.contains_key(*path)).collect();
        assert_eq!(removed, gone.len() as u64);
        let expected = ["tile/0/000.p/100", "tile/0/000.p/200", "tile/0/001.p/44", "tile/entries/000.p/100"];
        assert_eq!(gone[..4], expected);
        assert_eq!(gone.len(), 6);
        assert!(after.contains_key("tile/1/000.p/1"));
        assert!(verify_full(log.objects(), &trust(), None, |_, _| {}).await.unwrap().is_clean());
        for size in [0, 100, 200, 300, 512, 612] {
            let old = TreeHead { size, root: naive_root(&all[..usize::try_from(size).unwrap()]) };
            check_known(log.objects(), old, old).await.unwrap();
            let proof = prove_consistency(log.objects(), size, log.head()).await.unwrap();
            check_consistency(&proof, old, log.head()).unwrap();
        }
        assert_eq!(log.prune(0).await.unwrap(), 0);
        assert_eq!(log.prune(612).await.unwrap(), 0);
    });
}

#[test]
fn pruning_needs_the_full_tile() {
    run(async {
        let (objects, _) = publish(&[100, 200]).await;
        let log = Log::open(objects, identity()).await.unwrap();
        log.objects().delete("tile/0/000").await.unwrap();
        let refused = log.prune(0).await;
        assert!(matches!(refused, Err(LogError::Missing { path }) if path == "tile/0/000"));
        assert!(log.objects().snapshot().contains_key("tile/0/000.p/100"));
    });
}
