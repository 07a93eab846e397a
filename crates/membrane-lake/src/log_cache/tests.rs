//! A commit is read once, and again when a listing says that it is another.

use std::sync::atomic::Ordering;

use object_store::ObjectStoreExt as _;
use object_store::local::LocalFileSystem;

use super::*;
use crate::fixture::{Faults, Faulty};

/// A store that counts, and the cache before it; the folder is the store's.
fn counted() -> (tempfile::TempDir, Arc<dyn ObjectStore>, LogCache, Arc<Faults>) {
    let folder = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let inner = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
    let below: Arc<dyn ObjectStore> = Arc::new(Faulty { inner, faults: Arc::clone(&faults) });
    let store = LogCache::new(Arc::clone(&below));
    (folder, below, store, faults)
}

fn commit(number: u32) -> Path {
    Path::from(format!("members/tables/t/_delta_log/{number:020}.json"))
}

async fn read(store: &LogCache, path: &Path) -> Bytes {
    store.get(path).await.unwrap().bytes().await.unwrap()
}

async fn list(store: &LogCache) {
    assert!(store.list(Some(&Path::from("members"))).try_collect::<Vec<_>>().await.is_ok());
}

#[test]
fn commits_are_known_by_their_names() {
    assert!(is_commit(&commit(42)));
    for other in [
        "t/_delta_log/_last_checkpoint",
        "t/_delta_log/00000000000000000010.checkpoint.parquet",
        "t/_delta_log/0000000000000000001x.json",
        "t/log/00000000000000000010.json",
        "t/_delta_log/10.json",
        "00000000000000000010.json",
    ] {
        assert!(!is_commit(&Path::from(other)), "{other}");
    }
}

#[tokio::test]
async fn a_commit_that_was_listed_is_read_once() {
    let (_folder, below, store, faults) = counted();
    let gets = || faults.gets.load(Ordering::SeqCst);
    store.put(&commit(1), "one".into()).await.unwrap();
    list(&store).await;
    for _ in 0..3 {
        assert_eq!(read(&store, &commit(1)).await, "one");
    }
    assert_eq!(gets(), 1);
    // Others change it: unseen until it is listed, as nobody reads a log without listing it.
    below.put(&commit(1), "another".into()).await.unwrap();
    list(&store).await;
    assert_eq!(read(&store, &commit(1)).await, "another");
    assert_eq!(gets(), 2);
    store.delete(&commit(1)).await.unwrap();
    assert!(store.get(&commit(1)).await.is_err(), "what was removed is gone");
    assert!(store.get(&commit(2)).await.is_err(), "what is not there is asked for");
}

#[tokio::test]
async fn what_nobody_listed_and_what_is_no_commit_is_asked_for() {
    let (_folder, _, store, faults) = counted();
    let hint = Path::from("members/tables/t/_delta_log/_last_checkpoint");
    for path in [commit(1), hint.clone()] {
        store.put(&path, "one".into()).await.unwrap();
        assert_eq!((read(&store, &path).await, read(&store, &path).await), ("one".into(), "one".into()));
    }
    assert_eq!(faults.gets.load(Ordering::SeqCst), 4);
    list(&store).await;
    assert_eq!(store.get_range(&commit(1), 1..2).await.unwrap(), "n");
    assert_eq!(store.head(&commit(1)).await.unwrap().size, 3);
}

#[test]
fn what_is_kept_is_bounded() {
    let kept = Kept::default();
    let meta = |number: u32| ObjectMeta {
        location: commit(number),
        last_modified: chrono::DateTime::UNIX_EPOCH,
        size: 7 << 20,
        e_tag: Some("tag".to_owned()),
        version: None,
    };
    for number in (1..=10).chain([10]) {
        kept.note(&meta(number));
        kept.keep(meta(number), Bytes::from(vec![0; 7 << 20]));
    }
    let (paths, bytes) = kept.with(|commits| (commits.by_path.len(), commits.bytes));
    assert_eq!((paths, bytes), (10, 7 << 20), "what was listed is known on");
    assert!(kept.find(&commit(1)).is_none() && kept.find(&commit(10)).is_some());
    kept.keep(meta(1), Bytes::from(vec![0; ONE_MAX + 1]));
    assert_eq!(kept.with(|commits| commits.bytes), 7 << 20, "one that is too large is not kept");
}
