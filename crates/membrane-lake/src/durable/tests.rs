//! What cannot be synced is an error, never silence.

use super::*;

fn durable(folder: &Path) -> Durable {
    Durable::of(&Url::from_directory_path(folder).unwrap())
}

#[tokio::test]
async fn what_is_not_there_cannot_be_synced() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.parquet"), "x").unwrap();
    let table = durable(folder.path());
    table.sync_files(vec!["a.parquet".to_owned()]).await.unwrap();
    let error = table.sync_files(vec!["a.parquet".to_owned(), "b.parquet".to_owned()]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);

    let log = folder.path().join("_delta_log");
    std::fs::create_dir(&log).unwrap();
    std::fs::write(log.join(entry(7)), "{}").unwrap();
    table.sync_log(7).await.unwrap();
    assert_eq!(table.sync_log(8).await.unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[tokio::test]
async fn object_stores_need_no_sync() {
    let bucket = Durable::of(&Url::parse("s3://bucket/tables/members/").unwrap());
    bucket.sync_files(vec!["a.parquet".to_owned()]).await.unwrap();
    bucket.sync_log(7).await.unwrap();
}
