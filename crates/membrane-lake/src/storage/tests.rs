//! Settings, URLs and the probe.

use std::sync::atomic::Ordering;

use object_store::memory::InMemory;

use super::*;
use crate::fixture::Faulty;
use crate::{Lake, LakeOptions};

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[tokio::test]
async fn a_store_that_refuses_to_create_twice_is_accepted() {
    let store = InMemory::new();
    require_atomic_create(&url("s3://bucket/hub/"), &store).await.unwrap();
    let left = futures::TryStreamExt::try_collect::<Vec<_>>(store.list(None)).await.unwrap();
    assert!(left.is_empty(), "the probe is removed");
}

#[tokio::test]
async fn a_store_that_overwrites_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Faulty::default();
    store.faults.overwrite.store(true, Ordering::SeqCst);
    let root = Url::from_directory_path(folder.path()).unwrap();
    let error = require_atomic_create(&root, &store).await.unwrap_err();
    assert!(matches!(error, LakeError::NotAtomic { .. }), "{error}");
    assert!(error.to_string().contains("If-None-Match"), "{error}");
}

#[test]
fn credentials_in_a_url_are_not_repeated() {
    let error = not_atomic(&url("s3://key:secret@bucket/hub/"));
    assert!(error.to_string().contains("s3://bucket/hub/"), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn faults_of_url_and_settings_are_told() {
    let error = Lake::open(&url("ftp://host/x"), LakeOptions::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "the data URL must be file:///FOLDER or s3://BUCKET/FOLDER, not `ftp:`");
    let storage = [("AWS_SECRET_ACCES_KEY".to_owned(), "hush".to_owned())].into();
    let options = LakeOptions { storage };
    assert_eq!(format!("{options:?}"), r#"{"AWS_SECRET_ACCES_KEY"}"#);
    let error = Lake::open(&url("s3://bucket"), options).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "storage setting `AWS_SECRET_ACCES_KEY` is not one that the object store knows"
    );
}

#[tokio::test]
async fn a_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("a/b");
    let url = Url::from_file_path(&data).unwrap();
    Lake::open(&url, LakeOptions::default()).await.unwrap();
    assert!(data.is_dir());
}
