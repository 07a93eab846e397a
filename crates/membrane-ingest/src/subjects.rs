//! Subjects and their data keys, looked up batch by batch.
//!
//! An identifier becomes a subject id; the id's data key is opened from the ledger or made there. Keys are
//! made in two steps, so that two ingests at once agree: all new keys are offered to the ledger, which
//! keeps the first for each subject, and are then read back.

use std::collections::{HashMap, HashSet};

use membrane_catalog::{Dataset, SubjectSource};
use membrane_ledger::Ledger;
use membrane_model::SubjectId;
use membrane_vault::{
    BucketId, BucketKey, DataKey, SUBJECTS_PER_BUCKET, SubjectHasher, TOKEN_LENGTH, Tokenizer, Vault,
    VaultError, WrappedKey,
};
use tokio::runtime::Handle;

use crate::IngestError;
use crate::identity::Canon;

/// Subjects that are kept between batches: some 60 MiB.
const SUBJECTS_KEPT: usize = 400_000;
/// Bucket keys that are kept between batches.
const BUCKETS_KEPT: usize = 16 << 10;

/// The subjects of one delivery.
pub(crate) struct Subjects {
    ledger: Ledger,
    vault: Vault,
    runtime: Handle,
    hasher: SubjectHasher,
    canon: Canon,
    /// Makes the tokens of the subject's own column, when it is stored as one.
    tokenizer: Option<Tokenizer>,
    known: HashMap<Box<str>, usize>,
    entries: Vec<Entry>,
    buckets: HashMap<BucketId, BucketKey>,
    filling: Option<Filling>,
}

/// One subject.
pub(crate) struct Entry {
    /// Its id.
    pub(crate) id: SubjectId,
    /// The token of its identifier, when the subject's column has one.
    pub(crate) token: Option<[u8; TOKEN_LENGTH]>,
    key: Option<DataKey>,
}

impl Entry {
    /// Returns the data key; it is there after [`Subjects::resolve`] was asked for keys.
    pub(crate) fn key(&self) -> Result<&DataKey, IngestError> {
        self.key.as_ref().ok_or(IngestError::Vault(VaultError::Open))
    }
}

/// A bucket that this delivery fills with new subjects.
struct Filling {
    bucket: BucketKey,
    left: u32,
}

impl Subjects {
    pub(crate) fn new(
        ledger: Ledger,
        vault: Vault,
        runtime: Handle,
        dataset: &Dataset,
        subject: &SubjectSource,
    ) -> Self {
        let column = dataset.column(&subject.column);
        let tokenizer = column
            .filter(|column| column.protection.has_token())
            .map(|column| vault.tokenizer(&column.token_domain()));
        Self {
            hasher: vault.subject_hasher(&subject.kind),
            canon: Canon::of(subject.kind.as_str()),
            ledger,
            vault,
            runtime,
            tokenizer,
            known: HashMap::new(),
            entries: Vec::new(),
            buckets: HashMap::new(),
            filling: None,
        }
    }

    /// Forgets what was looked up when it has become much. Places from earlier batches are void then.
    pub(crate) fn trim(&mut self) {
        if self.entries.len() > SUBJECTS_KEPT {
            self.known.clear();
            self.entries.clear();
        }
        if self.buckets.len() > BUCKETS_KEPT {
            self.buckets.clear();
        }
    }

    /// Returns the place of each identifier's subject, with its key when keys are asked for.
    pub(crate) fn resolve<'a>(
        &mut self,
        identifiers: impl Iterator<Item = &'a str>,
        with_keys: bool,
    ) -> Result<Vec<usize>, IngestError> {
        let mut places = Vec::with_capacity(identifiers.size_hint().0);
        let mut keyless = Vec::new();
        let mut last = None;
        for identifier in identifiers {
            // Deliveries are often grouped: the same subject stands in several rows.
            let place = match last {
                Some((same, place)) if same == identifier => place,
                _ => match self.known.get(identifier) {
                    Some(place) => *place,
                    None => self.add(identifier),
                },
            };
            last = Some((identifier, place));
            if with_keys && self.entries.get(place).is_some_and(|entry| entry.key.is_none()) {
                keyless.push(place);
            }
            places.push(place);
        }
        if !keyless.is_empty() {
            keyless.sort_unstable();
            keyless.dedup();
            self.fetch_keys(&keyless)?;
        }
        Ok(places)
    }

    /// Returns the subject at a place that [`Subjects::resolve`] gave.
    pub(crate) fn entry(&self, place: usize) -> Result<&Entry, IngestError> {
        self.entries.get(place).ok_or(IngestError::Vault(VaultError::Open))
    }

    fn add(&mut self, identifier: &str) -> usize {
        let canonical = self.canon.apply(identifier);
        let id = self.hasher.subject_id(canonical.as_bytes());
        let token = self.tokenizer.as_ref().map(|tokenizer| tokenizer.token(canonical.as_bytes()));
        let place = self.entries.len();
        self.entries.push(Entry { id, token, key: None });
        self.known.insert(identifier.into(), place);
        place
    }

    /// Opens or makes the keys of subjects that have none here yet.
    fn fetch_keys(&mut self, places: &[usize]) -> Result<(), IngestError> {
        let ids: HashSet<SubjectId> =
            places.iter().filter_map(|place| self.entries.get(*place)).map(|entry| entry.id).collect();
        let ids: Vec<SubjectId> = ids.into_iter().collect();
        let mut wrapped = self.runtime.block_on(self.ledger.data_keys(&ids))?;
        let unknown: Vec<SubjectId> = ids.into_iter().filter(|id| !wrapped.contains_key(id)).collect();
        let mut opened = HashMap::with_capacity(places.len());
        if !unknown.is_empty() {
            self.make_keys(&unknown, &mut wrapped, &mut opened)?;
        }
        self.open_buckets(wrapped.values().map(|(bucket, _)| *bucket))?;
        for place in places {
            let Some(entry) = self.entries.get_mut(*place) else { continue };
            if let Some(key) = opened.get(&entry.id) {
                entry.key = Some(DataKey::clone(key));
                continue;
            }
            let (bucket, key) = wrapped.get(&entry.id).ok_or(VaultError::Open)?;
            let bucket = self.buckets.get(bucket).ok_or(VaultError::Open)?;
            let key = bucket.open_data_key(&entry.id, key)?;
            opened.insert(entry.id, key.clone());
            entry.key = Some(key);
        }
        Ok(())
    }

    /// Makes keys for new subjects. Those that the ledger kept are put into `opened`; where another
    /// ingest was first, its key is put into `wrapped`.
    fn make_keys(
        &mut self,
        subjects: &[SubjectId],
        wrapped: &mut HashMap<SubjectId, (BucketId, WrappedKey)>,
        opened: &mut HashMap<SubjectId, DataKey>,
    ) -> Result<(), IngestError> {
        let mut offers = Vec::with_capacity(subjects.len());
        for subject in subjects {
            let bucket = self.bucket_with_room()?;
            let (key, sealed) = bucket.new_data_key(subject)?;
            offers.push((*subject, bucket.id(), sealed));
            opened.insert(*subject, key);
        }
        self.runtime.block_on(self.ledger.store_data_keys(&offers))?;
        let winners = self.runtime.block_on(self.ledger.data_keys(subjects))?;
        for (subject, bucket, offered) in offers {
            match winners.get(&subject) {
                Some((kept_in, kept)) if *kept_in == bucket && *kept == offered => {}
                Some((kept_in, kept)) => {
                    opened.remove(&subject);
                    wrapped.insert(subject, (*kept_in, kept.clone()));
                }
                None => return Err(VaultError::Open.into()),
            }
        }
        Ok(())
    }

    fn bucket_with_room(&mut self) -> Result<&BucketKey, IngestError> {
        if self.filling.as_ref().is_none_or(|filling| filling.left == 0) {
            let id = self.runtime.block_on(self.ledger.reserve_bucket())?;
            let (bucket, wrapped) = self.vault.new_bucket(id)?;
            self.runtime.block_on(self.ledger.store_bucket(id, &wrapped))?;
            self.filling = Some(Filling { bucket, left: SUBJECTS_PER_BUCKET });
        }
        let filling = self.filling.as_mut().ok_or(VaultError::Open)?;
        filling.left -= 1;
        Ok(&filling.bucket)
    }

    fn open_buckets(&mut self, wanted: impl Iterator<Item = BucketId>) -> Result<(), IngestError> {
        let unopened: HashSet<BucketId> = wanted.filter(|id| !self.buckets.contains_key(id)).collect();
        if unopened.is_empty() {
            return Ok(());
        }
        let unopened: Vec<BucketId> = unopened.into_iter().collect();
        for (id, wrapped) in self.runtime.block_on(self.ledger.bucket_keys(&unopened))? {
            self.buckets.insert(id, self.vault.open_bucket(id, &wrapped)?);
        }
        Ok(())
    }
}
