//! What the tests share: made keys and entries, a tree computed the slow way, a store that fails.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest, Sha256};

use crate::cosignature::cosigned_message;
use crate::memory::Memory;
use crate::{Hash, Identity, Log, LogSigner, Objects, ObjectsError, Origin, Trust, VerifierKey};

pub(crate) const ORIGIN: &str = "hub.example/log";

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn origin() -> Origin {
    Origin::new(ORIGIN).unwrap()
}

pub(crate) fn signer(number: u8) -> LogSigner {
    LogSigner::from_seed(&origin(), &[number; 32])
}

pub(crate) fn identity() -> Identity {
    Identity::new(vec![signer(1)], Vec::new()).unwrap()
}

pub(crate) fn trust() -> Trust {
    Trust::new(vec![signer(1).verifier().clone()]).unwrap()
}

/// Entries of some lengths; some of them empty, and so of the same hash.
pub(crate) fn entries(range: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    range.map(|i| format!("entry {i} ").repeat(i % 5).into_bytes()).collect()
}

/// Entries that differ from those of [`entries`].
pub(crate) fn others(range: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    range.map(|i| format!("another {i}").into_bytes()).collect()
}

/// RFC 6962, section 2.1, as it is written there.
pub(crate) fn naive_root(entries: &[Vec<u8>]) -> Hash {
    match entries {
        [] => Hash(Sha256::digest([]).into()),
        [entry] => Hash(Sha256::new().chain_update([0]).chain_update(entry).finalize().into()),
        _ => {
            let k = entries.len().next_power_of_two() / 2;
            let (left, right) = (naive_root(&entries[..k]), naive_root(&entries[k..]));
            Hash(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
        }
    }
}

/// Publishes entries in groups of these sizes.
pub(crate) async fn publish(groups: &[usize]) -> (Memory, Vec<Vec<u8>>) {
    let all = entries(0..groups.iter().sum());
    let mut log = Log::create(std::sync::Arc::new(Memory::default()), identity()).await.unwrap();
    let mut rest = all.as_slice();
    for group in groups {
        let (now, later) = rest.split_at(*group);
        log.append(now.to_vec()).await.unwrap();
        rest = later;
    }
    (Memory::from_snapshot(log.objects().snapshot()), all)
}

/// A witness with a key of its own.
pub(crate) struct Witness {
    key: SigningKey,
    name: String,
}

impl Witness {
    pub(crate) fn new(number: u8) -> Self {
        Self { key: SigningKey::from_bytes(&[100 + number; 32]), name: format!("witness.example/w{number}") }
    }

    pub(crate) fn vkey(&self) -> VerifierKey {
        use base64::Engine;
        let key: Vec<u8> = std::iter::once(4).chain(self.key.verifying_key().to_bytes()).collect();
        let id = signed_note::key_id(&self.name, &key);
        let key = base64::prelude::BASE64_STANDARD.encode(key);
        format!("{}+{id:08x}+{key}", self.name).parse().unwrap()
    }

    /// Returns the line that it answers to a checkpoint.
    pub(crate) fn cosign(&self, note: &[u8], timestamp_s: u64) -> String {
        let note = signed_note::Note::from_bytes(note).unwrap();
        let signature = self.key.sign(&cosigned_message(timestamp_s, note.text()));
        let mut bytes = timestamp_s.to_be_bytes().to_vec();
        bytes.extend_from_slice(&signature.to_bytes());
        let line = signed_note::Signature::new(self.name.clone(), self.vkey().id(), bytes).unwrap();
        String::from_utf8(line.to_bytes()).unwrap()
    }
}

/// A store that dies at a certain write, before or after it took effect, and stays dead.
pub(crate) struct Dying {
    pub(crate) inner: Memory,
    writes_left: AtomicUsize,
    takes_effect: bool,
}

impl Dying {
    pub(crate) fn new(objects: BTreeMap<String, Vec<u8>>, writes: usize, takes_effect: bool) -> Self {
        let inner = Memory::from_snapshot(objects);
        Self { inner, writes_left: AtomicUsize::new(writes), takes_effect }
    }

    /// Says whether this write is done, and whether it is answered.
    fn strike(&self, path: &str) -> (bool, Result<(), ObjectsError>) {
        let left = self.writes_left.load(Ordering::SeqCst);
        self.writes_left.store(left.saturating_sub(1), Ordering::SeqCst);
        if left > 1 {
            return (true, Ok(()));
        }
        let error = ObjectsError::Failed { action: "write", path: path.to_owned(), source: "dead".into() };
        (left == 1 && self.takes_effect, Err(error))
    }
}

impl Objects for Dying {
    async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, ObjectsError> {
        self.inner.get(path).await
    }

    async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        let (done, answer) = self.strike(path);
        if done {
            self.inner.put(path, bytes).await?;
        }
        answer
    }

    async fn put_new(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        let (done, answer) = self.strike(path);
        if done {
            self.inner.put_new(path, bytes).await?;
        }
        answer
    }

    async fn compare_and_put(
        &self,
        path: &str,
        expected: Option<&[u8]>,
        bytes: Vec<u8>,
    ) -> Result<(), ObjectsError> {
        let (done, answer) = self.strike(path);
        if done {
            self.inner.compare_and_put(path, expected, bytes).await?;
        }
        answer
    }

    async fn delete(&self, path: &str) -> Result<(), ObjectsError> {
        self.inner.delete(path).await
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, ObjectsError> {
        self.inner.list(folder).await
    }
}

/// A store whose answers take turns in an order that a number decides.
pub(crate) struct TakingTurns {
    pub(crate) inner: Memory,
    turns: AtomicU64,
}

impl TakingTurns {
    pub(crate) fn new(seed: u64) -> Self {
        Self { inner: Memory::default(), turns: AtomicU64::new(seed) }
    }

    async fn wait(&self) {
        let turns = self.turns.load(Ordering::SeqCst).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.turns.store(turns, Ordering::SeqCst);
        for _ in 0..turns >> 62 {
            tokio::task::yield_now().await;
        }
    }
}

impl Objects for TakingTurns {
    async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, ObjectsError> {
        self.wait().await;
        self.inner.get(path).await
    }

    async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        self.wait().await;
        self.inner.put(path, bytes).await
    }

    async fn put_new(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        self.wait().await;
        self.inner.put_new(path, bytes).await
    }

    async fn compare_and_put(
        &self,
        path: &str,
        expected: Option<&[u8]>,
        bytes: Vec<u8>,
    ) -> Result<(), ObjectsError> {
        self.wait().await;
        self.inner.compare_and_put(path, expected, bytes).await
    }

    async fn delete(&self, path: &str) -> Result<(), ObjectsError> {
        self.wait().await;
        self.inner.delete(path).await
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, ObjectsError> {
        self.wait().await;
        self.inner.list(folder).await
    }
}
