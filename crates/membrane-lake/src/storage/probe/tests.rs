//! Stores that are safe, and stores that are not.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::TryStreamExt as _;

use super::*;
use crate::fixture::{Faults, Faulty};

struct Place {
    folder: tempfile::TempDir,
    store: Faulty,
    faults: Arc<Faults>,
}

impl Place {
    fn new() -> Self {
        let store = Faulty::default();
        let faults = Arc::clone(&store.faults);
        Self { folder: tempfile::tempdir().unwrap(), store, faults }
    }

    async fn open(&self) -> Result<(), LakeError> {
        let root = Url::from_directory_path(self.folder.path()).unwrap();
        require_atomic_create(&root, "http://store", &self.store).await
    }

    /// What is left in the store.
    async fn left(&self) -> Vec<String> {
        let all = Path::from_absolute_path(self.folder.path()).unwrap();
        let found: Vec<_> = self.store.list(Some(&all)).try_collect().await.unwrap();
        found.iter().map(|object| object.location.filename().unwrap().to_owned()).collect()
    }

    fn puts(&self) -> usize {
        std::mem::take(&mut *self.faults.puts.lock().unwrap()).len()
    }
}

fn refused(opened: Result<(), LakeError>) {
    let error = opened.unwrap_err();
    assert!(matches!(error, LakeError::NotAtomic { .. }), "{error}");
    assert!(error.to_string().contains("If-None-Match"), "{error}");
}

#[tokio::test]
async fn a_store_that_refuses_to_create_twice_is_accepted_and_that_is_remembered() {
    let place = Place::new();
    place.open().await.unwrap();
    assert_eq!(place.puts(), 2 + ROUNDS * (RACERS + 1) + 1);
    let left = place.left().await;
    assert!(matches!(left.as_slice(), [one] if one.starts_with("atomic-")), "probes are removed: {left:?}");
    place.open().await.unwrap();
    assert_eq!(place.puts(), 1, "what was proved is asked for once more, and no more");
}

#[tokio::test]
async fn a_store_that_overwrites_is_refused_each_time() {
    let place = Place::new();
    place.faults.overwrite.store(true, Ordering::SeqCst);
    refused(place.open().await);
    refused(place.open().await);
    assert_eq!(place.left().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_store_that_looks_first_and_writes_later_is_refused() {
    let place = Place::new();
    place.faults.racy.store(true, Ordering::SeqCst);
    refused(place.open().await);
    assert_eq!(place.left().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_store_that_is_not_safe_any_more_is_refused() {
    let place = Place::new();
    place.open().await.unwrap();
    place.faults.overwrite.store(true, Ordering::SeqCst);
    refused(place.open().await);
    assert_eq!(place.left().await, Vec::<String>::new(), "it has to prove all of it again");
}

#[tokio::test]
async fn another_address_has_to_prove_itself() {
    let place = Place::new();
    place.open().await.unwrap();
    place.puts();
    let root = Url::from_directory_path(place.folder.path()).unwrap();
    require_atomic_create(&root, "http://another", &place.store).await.unwrap();
    assert!(place.puts() > 1, "data that was copied there says nothing of the store");
}

#[tokio::test]
async fn answers_that_are_lost_prove_nothing_and_are_asked_for_again() {
    let place = Place::new();
    place.faults.answers_lost.store(3, Ordering::SeqCst);
    place.open().await.unwrap();
    place.faults.answers_lost.store(usize::MAX, Ordering::SeqCst);
    let other =
        Place { store: Faulty { faults: Arc::clone(&place.faults), ..Faulty::default() }, ..Place::new() };
    let error = other.open().await.unwrap_err();
    assert!(matches!(error, LakeError::Storage { doing: DOING, .. }), "{error}");
}

/// A hub that starts again while its store has a bad moment is not ended by one answer that was lost.
#[tokio::test]
async fn a_lost_answer_of_what_was_proved_is_asked_for_again() {
    let place = Place::new();
    place.open().await.unwrap();
    place.faults.answers_lost.store(3, Ordering::SeqCst);
    place.open().await.unwrap();
    place.faults.answers_lost.store(usize::MAX, Ordering::SeqCst);
    let error = place.open().await.unwrap_err();
    assert!(matches!(error, LakeError::Storage { doing: DOING, .. }), "{error}");
}

#[test]
fn credentials_in_a_url_are_not_repeated() {
    let root = Url::parse("s3://key:secret@bucket/hub/").unwrap();
    let store = Faulty::default();
    let error = Probe { root: &root, folder: &Path::default(), store: &store }.not_atomic();
    assert!(error.to_string().contains("s3://bucket/hub/"), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}
