//! The proof that a store is safe to commit to: of all who create one object, one wins.
//!
//! Delta's commits are objects that are created once. A store that ignores `If-None-Match: *`, or looks first and writes later,
//! lets two commits of one version both succeed, and one delivery is lost without a word. So a store proves itself:
//!
//! ```text
//! first start   one after the other: the second creation of an object fails          a key of its own each time
//!               at once: of RACERS creations exactly one succeeds, ROUNDS times
//!               -> `_membrane/atomic-..` is written: this place has passed
//! each start    that object is there, and cannot be created                           two requests
//! ```
//!
//! What comes to no result, because a connection broke or the store answered twice for one request, proves nothing either way
//! and is tried again with another key. Two winners are never a fault of the network.

use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::time::Duration;

use futures::future::join_all;
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};
use url::Url;

use crate::LakeError;

/// Creations of one object at once.
const RACERS: usize = 6;
/// Races that must have exactly one winner.
const ROUNDS: usize = 3;
/// Keys that are tried until one comes to a result.
const TRIES_MAX: usize = 12;
/// Between two tries of what is known to be there.
const PAUSE: Duration = Duration::from_millis(100);

const DOING: &str = "prove that the storage creates an object only once";

/// What a try came to.
enum Tried {
    /// One won, all others were refused.
    Safe,
    /// Two won.
    Unsafe,
    /// Nobody can tell.
    Unclear(Option<StoreError>),
}

/// Lets a store prove that it creates an object only once. What is written for it is removed, but for the object that says
/// that this store, at this address, has passed.
pub(crate) async fn require_atomic_create(
    root: &Url,
    endpoint: &str,
    store: &dyn ObjectStore,
) -> Result<(), LakeError> {
    let folder = Path::from_url_path(root.path())
        .map_err(|source| LakeError::storage(DOING, StoreError::InvalidPath { source }))?
        .join("_membrane");
    let probe = Probe { root, folder: &folder, store };
    let passed = folder.clone().join(format!("atomic-{:016x}", address(root, endpoint)));
    match store.head(&passed).await {
        Ok(_) => return probe.require_still(&passed).await,
        Err(StoreError::NotFound { .. }) => {}
        Err(source) => return Err(LakeError::storage(DOING, source)),
    }
    probe.require(1, 1).await?;
    probe.require(RACERS, ROUNDS).await?;
    // Whoever else proves it at this moment writes the same.
    match store.put(&passed, PutPayload::from_static(b"membrane storage proof 1\n")).await {
        Ok(_) => Ok(()),
        Err(source) => Err(LakeError::storage(DOING, source)),
    }
}

/// Names the address of a store: data that was copied elsewhere proves nothing of the store there. Another number, of a later
/// version of this program, only costs the proof once more.
fn address(root: &Url, endpoint: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (root.host_str(), root.path(), endpoint).hash(&mut hasher);
    hasher.finish()
}

struct Probe<'a> {
    root: &'a Url,
    folder: &'a Path,
    store: &'a dyn ObjectStore,
}

impl Probe<'_> {
    /// The object is there: it must not be possible to create it. An answer that was lost says nothing, and asking again does no harm.
    async fn require_still(&self, passed: &Path) -> Result<(), LakeError> {
        let mut last = None;
        for _ in 0..TRIES_MAX {
            match self.create(passed).await {
                Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => return Ok(()),
                Ok(()) => {
                    // It has not passed any more: the next start looks at all of it.
                    self.remove(passed).await;
                    return Err(self.not_atomic());
                }
                Err(error) if is_unsupported(&error) => return Err(self.not_atomic()),
                // Who may not write is told so at once.
                Err(source @ (StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. })) => {
                    return Err(LakeError::storage(DOING, source));
                }
                Err(source) => last = Some(source),
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(no_result(last))
    }

    /// Creates objects, each by several at once, until as many as asked for came to a result.
    async fn require(&self, racers: usize, rounds: usize) -> Result<(), LakeError> {
        let mut safe = 0;
        let mut last = None;
        for _ in 0..TRIES_MAX {
            // Not a secret, only unlike the keys of another hub that starts at this moment.
            let unlike_others = RandomState::new().hash_one("probe");
            let key = self.folder.clone().join(format!("probe-{unlike_others:016x}"));
            let tried = self.attempt(&key, racers).await;
            self.remove(&key).await;
            match tried {
                Tried::Safe => safe += 1,
                Tried::Unsafe => return Err(self.not_atomic()),
                Tried::Unclear(error) => last = error.or(last),
            }
            if safe == rounds {
                return Ok(());
            }
        }
        Err(no_result(last))
    }

    /// One object: as many as asked for at once, then one more.
    async fn attempt(&self, key: &Path, racers: usize) -> Tried {
        let mut answers = join_all((0..racers).map(|_| self.create(key))).await;
        answers.push(self.create(key).await);
        let mut won = 0;
        let mut unclear = None;
        for answer in answers {
            match answer {
                Ok(()) => won += 1,
                Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {}
                Err(error) if is_unsupported(&error) => return Tried::Unsafe,
                Err(error) => unclear = Some(error),
            }
        }
        match (won, unclear) {
            (2.., _) => Tried::Unsafe,
            (1, None) => Tried::Safe,
            // The winner's answer was lost, and asked for again it was refused by what itself had made.
            (_, unclear) => Tried::Unclear(unclear),
        }
    }

    async fn create(&self, key: &Path) -> Result<(), StoreError> {
        let payload = PutPayload::from_static(b"probe");
        self.store.put_opts(key, payload, PutMode::Create.into()).await.map(|_| ())
    }

    async fn remove(&self, key: &Path) {
        match self.store.delete(key).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, "could not remove the probe object"),
        }
    }

    fn not_atomic(&self) -> LakeError {
        // PRIVACY: the URL could carry credentials before the `@`; only host and path are shown.
        let host = self.root.host_str().unwrap_or_default();
        LakeError::NotAtomic { location: format!("{}://{host}{}", self.root.scheme(), self.root.path()) }
    }
}

fn no_result(last: Option<StoreError>) -> LakeError {
    let nothing = || StoreError::Generic { store: "S3", source: "it never came to a result".into() };
    LakeError::storage(DOING, last.unwrap_or_else(nothing))
}

fn is_unsupported(error: &StoreError) -> bool {
    matches!(error, StoreError::NotSupported { .. } | StoreError::NotImplemented { .. })
}

#[cfg(test)]
mod tests;
