//! A snapshot reads one version, whatever comes after it.

use datafusion::physical_plan::collect;
use object_store::local::LocalFileSystem;

use super::*;
use crate::Target;
use crate::appender::Appender;
use crate::fixture::{batch, log_store, members, run};

async fn rows(snapshot: &Snapshot) -> usize {
    let state = reading_session();
    let plan = snapshot.provider.scan(state.as_ref(), Some(&vec![0]), &[], None).await.unwrap();
    let batches = collect(plan, state.task_ctx()).await.unwrap();
    batches.iter().map(arrow::record_batch::RecordBatch::num_rows).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_pinned_to_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let store = || log_store(folder.path(), Arc::new(LocalFileSystem::new()));
    let dataset = members();
    let open = |version: Option<u64>| Snapshot::open(store(), &dataset.name, version.map(TableVersion));

    let error = open(None).await.unwrap_err();
    assert_eq!(error.to_string(), "dataset `members` has no data yet");

    for delivery in ["a", "b"] {
        let mut appender = Appender::open(store(), members(), Target::Table, run()).await.unwrap();
        appender.write(batch(100, "SH")).await.unwrap();
        appender.commit(delivery, 1).await.unwrap();
    }
    let newest = open(None).await.unwrap();
    assert_eq!(newest.version, TableVersion(2));
    let first = open(Some(1)).await.unwrap();
    assert_eq!(first.version, TableVersion(1));
    assert!(newest.plain_files && first.plain_files);

    let mut appender = Appender::open(store(), members(), Target::Table, run()).await.unwrap();
    appender.write(batch(100, "SH")).await.unwrap();
    appender.commit("c", 1).await.unwrap();
    assert_eq!((rows(&first).await, rows(&newest).await), (100, 200));

    let names: Vec<&str> = newest.schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(
        names,
        ["_subject", "member_no__token", "member_no__sealed", "phone__sealed", "amount", "region"]
    );
    let error = open(Some(99)).await.unwrap_err();
    assert!(matches!(error, LakeError::NoVersion { .. }), "{error:?}");
    assert_eq!(error.to_string(), "the table of dataset `members` has no version 99");
}
