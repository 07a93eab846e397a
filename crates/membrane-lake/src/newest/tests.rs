use std::sync::Arc;

use object_store::local::LocalFileSystem;

use super::*;
use crate::Target;
use crate::appender::Appender;
use crate::fixture::{batch, log_store, members, run};

async fn append(folder: &std::path::Path, delivery: &str) {
    let store = log_store(folder, Arc::new(LocalFileSystem::new()));
    let mut appender = Appender::open(store, members(), Target::Table, run()).await.unwrap();
    appender.write(batch(10, "SH")).await.unwrap();
    appender.commit(delivery, 1).await.unwrap();
}

async fn open(newest: &Newest, folder: &std::path::Path) -> Result<Snapshot, LakeError> {
    newest.open(log_store(folder, Arc::new(LocalFileSystem::new())), &members().name).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_kept_while_it_is_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let newest = Newest::default();
    assert!(matches!(open(&newest, folder.path()).await.unwrap_err(), LakeError::Empty { .. }));
    append(folder.path(), "a").await;
    let first = open(&newest, folder.path()).await.unwrap();
    let again = open(&newest, folder.path()).await.unwrap();
    assert!(Arc::ptr_eq(&first.provider, &again.provider));

    // Another writer than this hub.
    append(folder.path(), "b").await;
    let second = open(&newest, folder.path()).await.unwrap();
    assert_eq!(second.version.0, first.version.0 + 1);
    assert_eq!(second.table_id, first.table_id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_was_lost_is_not_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let newest = Newest::default();
    append(folder.path(), "a").await;
    let first = open(&newest, folder.path()).await.unwrap();
    std::fs::remove_dir_all(folder.path()).unwrap();
    assert!(matches!(open(&newest, folder.path()).await.unwrap_err(), LakeError::Empty { .. }));
    // Made anew, with the same versions.
    std::fs::create_dir(folder.path()).unwrap();
    append(folder.path(), "a").await;
    let anew = open(&newest, folder.path()).await.unwrap();
    assert_eq!(anew.version, first.version);
    assert_ne!(anew.table_id, first.table_id);
}
