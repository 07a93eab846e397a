//! Whether the storage answers.

use std::sync::Arc;

use url::Url;

use super::{LakeInner, LakeOptions};
use crate::Lake;
use crate::fixture::Faulty;
use crate::newest::Newest;

#[tokio::test]
async fn a_folder_answers_until_it_is_lost_and_is_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let lake = Lake::open(&Url::from_directory_path(&data).unwrap(), LakeOptions::default()).await.unwrap();
    assert!(lake.answers().await);
    std::fs::remove_dir(&data).unwrap();
    assert!(!lake.answers().await);
    assert!(!data.exists(), "who looks makes nothing");
    std::fs::write(&data, "a file").unwrap();
    assert!(!lake.answers().await);
}

#[tokio::test]
async fn a_bucket_is_listed_and_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = Faulty::default();
    let faults = Arc::clone(&store.faults);
    let root = Url::parse(&format!("s3://bucket{}/hub/", folder.path().display())).unwrap();
    let lake = Lake {
        inner: Arc::new(LakeInner {
            root,
            store: Arc::new(store),
            newest: Newest::default(),
            fresh: crate::fresh::Fresh::default(),
        }),
    };
    assert!(lake.answers().await, "an empty bucket answers");
    // A file where the listed folder should be: the listing fails.
    std::fs::write(folder.path().join("hub"), "a file").unwrap();
    assert!(!lake.answers().await);
    assert!(faults.puts.lock().unwrap().is_empty(), "who looks writes nothing");
}
