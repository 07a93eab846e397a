//! Opens the data keys of subjects: wrapped keys of the ledger, opened by the vault that is given.
//!
//! For each batch of subjects the data keys are fetched, handed out and not kept. Only bucket keys are kept, a bounded number of
//! them: they open nothing by themselves. A subject without a key was erased, or never had one.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use membrane_model::SubjectId;
use membrane_vault::{BucketId, BucketKey, DataKey, Vault};

use crate::{Ledger, LedgerError};

/// Bucket keys that are kept: each opens the data keys of 4,096 subjects.
const BUCKETS_MAX: usize = 1024;

/// Why keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The key of a bucket is not there, or does not open.
    #[error("the key of a bucket is not there, or does not open")]
    Bucket,
    /// The data key of a subject does not open.
    #[error("the data key of a subject does not open")]
    Key,
}

/// Opens data keys; keeps bucket keys.
#[derive(Debug)]
pub struct KeyRing {
    ledger: Ledger,
    vault: Vault,
    buckets: Mutex<HashMap<BucketId, Arc<BucketKey>>>,
}

impl KeyRing {
    /// Makes a ring that keeps nothing yet.
    #[must_use]
    pub fn new(ledger: Ledger, vault: Vault) -> Self {
        Self { ledger, vault, buckets: Mutex::default() }
    }

    /// Fetches the data keys of subjects. Those without one are absent from the result.
    ///
    /// # Errors
    /// [`KeyRingError`].
    pub async fn data_keys(
        &self,
        subjects: &[SubjectId],
    ) -> Result<HashMap<SubjectId, DataKey>, KeyRingError> {
        let wrapped = self.ledger.data_keys(subjects).await?;
        let wanted: BTreeSet<BucketId> = wrapped.values().map(|(bucket, _)| *bucket).collect();
        let buckets = self.buckets(&wanted, false).await?;
        let mut keys = HashMap::with_capacity(wrapped.len());
        let mut stale: Vec<SubjectId> = Vec::new();
        for (subject, (bucket, key)) in wrapped {
            let opened = buckets.get(&bucket).map(|bucket| bucket.open_data_key(&subject, &key));
            match opened {
                Some(Ok(key)) => {
                    keys.insert(subject, key);
                }
                // The bucket may have been wrapped anew since it was kept, after an erasure.
                Some(Err(_)) => stale.push(subject),
                None => return Err(KeyRingError::Bucket),
            }
        }
        if stale.is_empty() {
            return Ok(keys);
        }
        // Both anew: an erasure between the two reads above changed the data keys as well.
        let wrapped = self.ledger.data_keys(&stale).await?;
        let buckets = self.buckets(&wrapped.values().map(|(bucket, _)| *bucket).collect(), true).await?;
        for (subject, (bucket, key)) in wrapped {
            let bucket = buckets.get(&bucket).ok_or(KeyRingError::Bucket)?;
            keys.insert(subject, bucket.open_data_key(&subject, &key).map_err(|_| KeyRingError::Key)?);
        }
        Ok(keys)
    }

    async fn buckets(
        &self,
        wanted: &BTreeSet<BucketId>,
        afresh: bool,
    ) -> Result<HashMap<BucketId, Arc<BucketKey>>, KeyRingError> {
        let mut found = if afresh { HashMap::new() } else { self.kept(wanted) };
        let missing: Vec<BucketId> =
            wanted.iter().filter(|bucket| !found.contains_key(bucket)).copied().collect();
        if missing.is_empty() {
            return Ok(found);
        }
        for (bucket, key) in self.ledger.bucket_keys(&missing).await? {
            let key = self.vault.open_bucket(bucket, &key).map_err(|_| KeyRingError::Bucket)?;
            found.insert(bucket, Arc::new(key));
        }
        self.keep(&found);
        Ok(found)
    }

    fn kept(&self, wanted: &BTreeSet<BucketId>) -> HashMap<BucketId, Arc<BucketKey>> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.iter().filter_map(|bucket| Some((*bucket, Arc::clone(buckets.get(bucket)?)))).collect()
    }

    fn keep(&self, found: &HashMap<BucketId, Arc<BucketKey>>) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len().saturating_add(found.len()) > BUCKETS_MAX {
            buckets.clear();
        }
        buckets.extend(found.iter().take(BUCKETS_MAX).map(|(bucket, key)| (*bucket, Arc::clone(key))));
    }
}

#[cfg(test)]
mod tests;
