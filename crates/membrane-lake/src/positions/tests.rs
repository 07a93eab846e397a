//! Positions of many ids are those that the library tells of each.

use std::path::Path as Folder;
use std::sync::Arc;

use deltalake::checkpoints::create_checkpoint;
use object_store::local::LocalFileSystem;

use super::*;
use crate::Target;
use crate::appender::Appender;
use crate::fixture::{batch, log_store, members, run};
use crate::lake::load;

const IDS: [&str; 6] = ["stream/a", "stream/b", "stream/c", "membrane/contract", "stream/never", "txn"];

fn local(folder: &Folder) -> LogStoreRef {
    log_store(folder, Arc::new(LocalFileSystem::new()))
}

async fn commit(folder: &Folder, id: &str, position: i64, marks: &[(&str, i64)]) {
    let mut appender = Appender::open(local(folder), members(), Target::Table, run()).await.unwrap();
    appender.write(batch(3, "\"txn\"")).await.unwrap();
    for (id, position) in marks {
        appender.mark(id, *position);
    }
    appender.commit(id, position).await.unwrap();
}

/// What both ways tell of each id, of a version.
async fn agree(folder: &Folder, version: Option<u64>) -> HashMap<String, i64> {
    let log_store = local(folder);
    let mut table = load(&log_store).await.unwrap().unwrap();
    if let Some(version) = version {
        table.load_version(version).await.unwrap();
    }
    let at_once = positions(&log_store, &table, IDS).await.unwrap();
    let (mut each, mut told) = (HashMap::new(), HashMap::new());
    for id in IDS {
        each.extend(
            position(&log_store, &table, id).await.unwrap().map(|position| (id.to_owned(), position)),
        );
    }
    ask_each(&log_store, &table, &IDS.into(), &mut told).await.unwrap();
    assert_eq!((&at_once, &at_once), (&each, &told), "of version {version:?}");
    at_once
}

#[tokio::test]
async fn many_ids_are_read_at_once_across_a_checkpoint_and_of_earlier_versions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    commit(path, "stream/a", 1, &[]).await;
    commit(path, "stream/b", 7, &[("stream/a", 2)]).await;
    let expected = HashMap::from([("stream/a".to_owned(), 2), ("stream/b".to_owned(), 7)]);
    assert_eq!(agree(path, None).await, expected);

    create_checkpoint(&load(&local(path)).await.unwrap().unwrap(), None).await.unwrap();
    assert_eq!(last_checkpoint(&local(path)).await.unwrap(), LastCheckpoint::At(2));
    let log_store = local(path);
    let table = load(&log_store).await.unwrap().unwrap();
    let (mut wanted, mut found) = (IDS.into(), HashMap::new());
    assert!(read_back(&log_store, &table, &mut wanted, &mut found).await.unwrap(), "without the library");
    assert_eq!(agree(path, None).await, expected, "all of it is in the checkpoint");
    commit(path, "stream/c", 4, &[("stream/a", 3)]).await;
    let newer = [("stream/a", 3), ("stream/b", 7), ("stream/c", 4)].map(|(id, at)| (id.to_owned(), at));
    assert_eq!(agree(path, None).await, HashMap::from(newer), "some of it is newer");
    assert_eq!(agree(path, Some(1)).await, HashMap::from([("stream/a".to_owned(), 1)]));

    // As if the log was cleaned up to the checkpoint, and the hint damaged, and lost.
    std::fs::remove_file(path.join("_delta_log/00000000000000000001.json")).unwrap();
    for hint in [Some("{"), Some("{\"version\":2,\"size\":1,\"parts\":3}"), None] {
        let file = path.join("_delta_log/_last_checkpoint");
        match hint {
            Some(text) => std::fs::write(&file, text).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let (mut wanted, mut found) = (IDS.into(), HashMap::new());
        assert!(!read_back(&log_store, &table, &mut wanted, &mut found).await.unwrap(), "{hint:?}");
        assert_eq!(positions(&local(path), &table, IDS).await.unwrap().len(), 2, "{hint:?}");
    }
}
