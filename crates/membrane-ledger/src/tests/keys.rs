//! Wrapped keys.

use std::collections::HashMap;

use membrane_model::SubjectId;
use membrane_vault::{BucketId, RootKey, Vault, WrappedKey};

use crate::{Ledger, LedgerError};

fn subject(number: u32) -> SubjectId {
    // The bytes are spread as those of real subject ids are.
    let spread = u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    SubjectId::from_bytes(spread.to_be_bytes())
}

fn wrapped(byte: u8) -> WrappedKey {
    WrappedKey::from_bytes(vec![byte; 61])
}

async fn new_bucket(ledger: &Ledger) -> BucketId {
    let bucket = ledger.reserve_bucket().await.unwrap();
    ledger.store_bucket(bucket, &wrapped(200)).await.unwrap();
    bucket
}

/// The whole chain, as ingest goes it: root key, bucket key, data key, and back from what was stored.
pub(super) async fn check_keys_are_kept(ledger: Ledger) {
    let root = RootKey::generate();
    let vault = Vault::new(&root);
    let id = ledger.reserve_bucket().await.unwrap();
    let (bucket, wrapped_bucket) = vault.new_bucket(id).unwrap();
    ledger.store_bucket(id, &wrapped_bucket).await.unwrap();
    let (_, wrapped_key) = bucket.new_data_key(&subject(1)).unwrap();
    ledger.store_data_keys(&[(subject(1), id, wrapped_key.clone())]).await.unwrap();

    let found = ledger.data_keys(&[subject(2), subject(1), subject(1)]).await.unwrap();
    assert_eq!(found, HashMap::from([(subject(1), (id, wrapped_key.clone()))]));
    let buckets = ledger.bucket_keys(&[id, BucketId(77)]).await.unwrap();
    assert_eq!(buckets, HashMap::from([(id, wrapped_bucket)]));
    let opened = Vault::new(&root).open_bucket(id, &buckets[&id]).unwrap();
    opened.open_data_key(&subject(1), &found[&subject(1)].1).unwrap();
}

pub(super) async fn check_the_first_key_wins(ledger: Ledger) {
    let bucket = new_bucket(&ledger).await;
    assert_eq!(ledger.store_data_keys(&[(subject(1), bucket, wrapped(1))]).await.unwrap(), 1);
    let again = [
        (subject(1), bucket, wrapped(2)),
        (subject(2), bucket, wrapped(3)),
        (subject(2), bucket, wrapped(4)),
    ];
    assert_eq!(ledger.store_data_keys(&again).await.unwrap(), 1);
    let found = ledger.data_keys(&[subject(1), subject(2)]).await.unwrap();
    assert_eq!(found[&subject(1)].1, wrapped(1));
    assert!([wrapped(3), wrapped(4)].contains(&found[&subject(2)].1));

    // Writers of the same subjects in opposite order neither fail nor lose a key.
    let writers = (0..8_u8).map(|writer| {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            let mut keys: Vec<_> =
                (100..500).map(|number| (subject(number), bucket, wrapped(writer))).collect();
            if writer % 2 == 0 {
                keys.reverse();
            }
            ledger.store_data_keys(&keys).await.unwrap();
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let subjects: Vec<_> = (100..500).map(subject).collect();
    let found = ledger.data_keys(&subjects).await.unwrap();
    assert_eq!(found.len(), 400);
    let winner = &found[&subject(100)].1;
    assert!(found.values().all(|(_, key)| key == winner), "a batch is stored as a whole");
}

pub(super) async fn check_large_batches(ledger: Ledger) {
    let bucket = new_bucket(&ledger).await;
    let keys: Vec<_> = (0..5_237)
        .map(|number| (subject(number), bucket, wrapped(u8::try_from(number % 199).unwrap())))
        .collect();
    assert_eq!(ledger.store_data_keys(&keys).await.unwrap(), 5_237);
    let subjects: Vec<_> = (0..6_000).map(subject).collect();
    let found = ledger.data_keys(&subjects).await.unwrap();
    assert_eq!(found.len(), keys.len());
    for (subject, bucket, key) in &keys {
        assert_eq!(found[subject], (*bucket, key.clone()));
    }
    assert!(ledger.data_keys(&[]).await.unwrap().is_empty());
    assert_eq!(ledger.store_data_keys(&[]).await.unwrap(), 0);
}

pub(super) async fn check_buckets_are_fresh(ledger: Ledger) {
    let reserving: Vec<_> = (0..32)
        .map(|_| {
            let ledger = ledger.clone();
            tokio::spawn(async move { ledger.reserve_bucket().await.unwrap() })
        })
        .collect();
    let mut buckets = Vec::new();
    for reserved in reserving {
        buckets.push(reserved.await.unwrap());
    }
    buckets.sort_unstable();
    buckets.dedup();
    assert_eq!(buckets.len(), 32);
    ledger.store_bucket(buckets[0], &wrapped(1)).await.unwrap();
    let taken = ledger.store_bucket(buckets[0], &wrapped(2)).await.unwrap_err();
    assert!(matches!(taken, LedgerError::BucketTaken));
    assert_eq!(ledger.bucket_keys(&buckets).await.unwrap(), HashMap::from([(buckets[0], wrapped(1))]));
}

pub(super) async fn check_a_failed_batch_stores_nothing(ledger: Ledger) {
    let bucket = new_bucket(&ledger).await;
    let mut keys: Vec<_> = (0..1_250).map(|number| (subject(number), bucket, wrapped(1))).collect();
    keys.push((subject(1_250), BucketId(4_000_000_000), wrapped(1)));
    let error = ledger.store_data_keys(&keys).await.unwrap_err();
    assert!(matches!(error, LedgerError::Database(_)));
    let subjects: Vec<_> = (0..1_251).map(subject).collect();
    assert!(ledger.data_keys(&subjects).await.unwrap().is_empty());
}
