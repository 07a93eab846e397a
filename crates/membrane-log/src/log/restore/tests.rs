use std::sync::Arc;

use super::*;
use crate::memory::Memory;
use crate::testing::{identity, publish, run, trust};
use crate::{Log, verify_full};

/// However the checkpoint and what was committed last were damaged, the log is as it was afterwards.
#[test]
fn a_checkpoint_is_put_right() {
    run(async {
        let (earlier, _) = publish(&[40]).await;
        let (objects, _) = publish(&[40, 60, 5]).await;
        let log = Log::open(Memory::from_snapshot(objects.snapshot()), identity()).await.unwrap();
        let head = log.head();
        let (old, newest) = (earlier.snapshot()[CHECKPOINT].clone(), objects.snapshot()[CHECKPOINT].clone());
        for (checkpoint, pending) in [
            (None, true),
            (Some(old.clone()), true),
            (Some(b"torn".to_vec()), true),
            (Some(old), false),
            (None, false),
            (Some(newest), false),
        ] {
            let mut damaged = objects.snapshot();
            match checkpoint {
                Some(bytes) => damaged.insert(CHECKPOINT.to_owned(), bytes),
                None => damaged.remove(CHECKPOINT),
            };
            if !pending {
                damaged.insert(PENDING.to_owned(), b"membrane-log/pending@v1\nold".to_vec());
            }
            let damaged = Arc::new(Memory::from_snapshot(damaged));
            assert!(Log::open(damaged.clone(), identity()).await.is_err());
            assert_eq!(committed_head(&damaged, &trust()).await.ok().flatten(), pending.then_some(head));
            restore_checkpoint(&damaged, &identity(), head).await.unwrap();
            if !pending {
                forget_commit(&damaged).await.unwrap();
            }
            let report = verify_full(&damaged, &trust(), None, |_, _| ()).await.unwrap();
            assert!(report.is_clean() && report.head == Some(head), "{:?}", report.findings);
            assert_eq!(Log::open(damaged.clone(), identity()).await.unwrap().head(), head);
        }
    });
}
