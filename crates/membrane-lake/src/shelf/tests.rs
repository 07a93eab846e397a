use std::sync::Arc;

use super::*;

fn shelf(folder: &tempfile::TempDir) -> Shelf {
    let url = Url::from_file_path(folder.path().join("new/shelf")).unwrap();
    Shelf::open(&url, &LakeOptions::default()).unwrap()
}

fn bucket() -> Shelf {
    let store: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
    Shelf { place: Place::Bucket { store, prefix: Path::from("hub/audit"), known: Known::default() } }
}

#[tokio::test]
async fn an_object_is_put_replaced_and_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    for shelf in [shelf(&folder), bucket()] {
        assert_eq!(shelf.get("tile/0/000").await.unwrap(), None);
        assert!(shelf.list("").await.unwrap().is_empty(), "{shelf:?}");
        shelf.delete("tile/0/000").await.unwrap();
        assert!(shelf.put_new("tile/0/000", "one".into()).await.unwrap(), "{shelf:?}");
        assert!(!shelf.put_new("tile/0/000", "two".into()).await.unwrap(), "{shelf:?}");
        assert_eq!(shelf.get("tile/0/000").await.unwrap().unwrap(), "one");
        shelf.put("tile/0/000", "three".into()).await.unwrap();
        shelf.put("checkpoint", "a".into()).await.unwrap();
        let mut names = shelf.list("").await.unwrap();
        names.sort();
        assert_eq!(names, ["checkpoint", "tile/0/000"], "{shelf:?}");
        assert_eq!(shelf.list("tile").await.unwrap(), ["tile/0/000"]);
        shelf.delete("tile/0/000").await.unwrap();
        assert_eq!(shelf.list("").await.unwrap(), ["checkpoint"], "{shelf:?}");
    }
}

#[tokio::test]
async fn what_replaces_only_on_a_condition_proves_it() {
    let folder = tempfile::tempdir().unwrap();
    for shelf in [shelf(&folder), bucket()] {
        shelf.require_conditional().await.unwrap();
        assert!(shelf.list("").await.unwrap().is_empty(), "{shelf:?}");
    }
}

#[tokio::test]
async fn what_others_replaced_is_not_replaced_again() {
    let folder = tempfile::tempdir().unwrap();
    for shelf in [shelf(&folder), bucket()] {
        assert!(shelf.replace("checkpoint", None, "a".into()).await.unwrap(), "{shelf:?}");
        assert!(!shelf.replace("checkpoint", None, "b".into()).await.unwrap(), "{shelf:?}");
        assert!(!shelf.replace("checkpoint", Some(b"x"), "b".into()).await.unwrap(), "{shelf:?}");
        assert!(!shelf.replace("other", Some(b"x"), "b".into()).await.unwrap(), "{shelf:?}");
        assert!(shelf.replace("checkpoint", Some(b"a"), "b".into()).await.unwrap(), "{shelf:?}");
        assert_eq!(shelf.get("checkpoint").await.unwrap().unwrap(), "b");
    }
}

/// Of many that replace what they read, one does at a time: no count is lost.
#[tokio::test(flavor = "multi_thread")]
async fn many_count_together() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(&folder);
    shelf.put("count", "0".into()).await.unwrap();
    let counting = (0..4).map(|_| {
        let shelf = shelf.clone();
        tokio::spawn(async move {
            let mut counted = 0;
            while counted < 10 {
                let read = shelf.get("count").await.unwrap().unwrap();
                let next = str::from_utf8(&read).unwrap().parse::<u32>().unwrap() + 1;
                if shelf.replace("count", Some(&read), next.to_string().into()).await.unwrap() {
                    counted += 1;
                }
            }
        })
    });
    for task in counting.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(shelf.get("count").await.unwrap().unwrap(), "40");
    assert_eq!(shelf.list("").await.unwrap(), ["count"], "nothing that was being written is left");
}

/// What a killed process of the same number left may be another name of an object: it is never written over.
#[tokio::test]
async fn what_was_left_half_way_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = shelf(&folder);
    shelf.put_new("tile/000", "kept".into()).await.unwrap();
    let tiles = folder.path().join("new/shelf/tile");
    for number in 0..200 {
        let left = tiles.join(format!(".writing-{}-{number}", std::process::id()));
        // Some are of this test's own numbers that are in use.
        let _ = std::fs::hard_link(tiles.join("000"), left);
    }
    for name in ["tile/001", "tile/002"] {
        shelf.put_new(name, "another".into()).await.unwrap();
        shelf.put(name, "again".into()).await.unwrap();
    }
    assert_eq!(shelf.get("tile/000").await.unwrap().unwrap(), "kept");
    assert_eq!(shelf.get("tile/002").await.unwrap().unwrap(), "again");
}

/// What is known of an object that was put is not taken for what is there.
#[tokio::test]
async fn what_another_one_replaced_meanwhile_is_seen() {
    let store: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
    let of = || {
        let (store, prefix) = (Arc::clone(&store), Path::from("hub/audit"));
        Shelf { place: Place::Bucket { store, prefix, known: Known::default() } }
    };
    let (ada, ben) = (of(), of());
    assert!(ada.replace("checkpoint", None, "a".into()).await.unwrap());
    assert!(ada.replace("checkpoint", Some(b"a"), "b".into()).await.unwrap());
    assert!(ben.replace("checkpoint", Some(b"b"), "c".into()).await.unwrap());
    assert!(!ada.replace("checkpoint", Some(b"b"), "d".into()).await.unwrap());
    assert!(ada.replace("checkpoint", Some(b"c"), "d".into()).await.unwrap());
    // The same bytes again, put by somebody else, are what was expected.
    ben.put("checkpoint", "d".into()).await.unwrap();
    assert!(ada.replace("checkpoint", Some(b"d"), "e".into()).await.unwrap());
    ben.delete("checkpoint").await.unwrap();
    assert!(!ada.replace("checkpoint", Some(b"e"), "f".into()).await.unwrap());
    assert!(ben.list("").await.unwrap().is_empty());
}
