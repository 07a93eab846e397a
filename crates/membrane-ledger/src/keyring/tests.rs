//! Keys are opened as they are wrapped now, and few are kept.

use membrane_vault::RootKey;

use super::*;

fn vault() -> Vault {
    Vault::new(&RootKey::from_hex(&"07".repeat(32)).unwrap())
}

async fn stored(folder: &tempfile::TempDir) -> (Ledger, BucketId, Vec<SubjectId>) {
    let ledger =
        Ledger::connect(&format!("sqlite://{}/ledger.sqlite", folder.path().display())).await.unwrap();
    let bucket = ledger.reserve_bucket().await.unwrap();
    let (key, wrapped) = vault().new_bucket(bucket).unwrap();
    ledger.store_bucket(bucket, &wrapped).await.unwrap();
    let subjects: Vec<SubjectId> = (1..=5_u128).map(|id| SubjectId::from_bytes(id.to_be_bytes())).collect();
    // The last one has no key: it was erased.
    for subject in &subjects[..4] {
        let (_, wrapped) = key.new_data_key(subject).unwrap();
        ledger.store_data_keys(&[(*subject, bucket, wrapped)]).await.unwrap();
    }
    (ledger, bucket, subjects)
}

#[tokio::test]
async fn the_ring_is_bounded_and_follows_a_new_wrapping() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, bucket, subjects) = stored(&folder).await;
    let ring = KeyRing::new(ledger, vault());
    assert_eq!(ring.data_keys(&subjects).await.unwrap().len(), 4);
    // A key that is not the bucket's, as one that was kept before its bucket was wrapped anew.
    let (stale, _) = vault().new_bucket(bucket).unwrap();
    ring.buckets.lock().unwrap().insert(bucket, Arc::new(stale));
    assert_eq!(ring.data_keys(&subjects).await.unwrap().len(), 4);
    let many: HashMap<BucketId, Arc<BucketKey>> =
        (0..3_000).map(|id| (BucketId(id), Arc::new(vault().new_bucket(BucketId(id)).unwrap().0))).collect();
    ring.keep(&many);
    assert!(ring.buckets.lock().unwrap().len() <= BUCKETS_MAX);
}

#[tokio::test]
async fn another_root_key_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, _, subjects) = stored(&folder).await;
    let other = Vault::new(&RootKey::from_hex(&"08".repeat(32)).unwrap());
    let found = KeyRing::new(ledger, other).data_keys(&subjects).await;
    assert!(matches!(found, Err(KeyRingError::Bucket)));
}
