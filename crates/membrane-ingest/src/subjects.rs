//! Subjects and their data keys, looked up batch by batch.
//!
//! What later stages need of a row's subject is handed on beside the rows, in their order: looked up here, once, it is not
//! fetched from all over memory again.
//!
//! An identifier becomes a subject id; the id's data key is opened from the ledger or made there. Keys are
//! made in two steps, so that two ingests at once agree: all new keys are offered to the ledger, which
//! keeps the first for each subject; where it did not keep all, they are read back.

mod known;

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
use membrane_catalog::Canon;

use known::{Known, Place};

/// Subjects that are kept between batches: some 35 MiB.
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
    known: Known,
    buckets: HashMap<BucketId, BucketKey>,
    filling: Option<Filling>,
}

/// The subject of one row.
pub(crate) struct RowSubject {
    /// Its id.
    pub(crate) id: SubjectId,
    /// The token of its identifier; of no meaning when the subject's column has none.
    pub(crate) token: [u8; TOKEN_LENGTH],
    key: Option<DataKey>,
}

impl RowSubject {
    /// Returns the data key; it is there when [`Subjects::resolve`] was asked for it.
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
            known: Known::new(),
            buckets: HashMap::new(),
            filling: None,
        }
    }

    /// Forgets what was looked up when it has become much. Batches that are on their way keep what they have.
    pub(crate) fn trim(&mut self) {
        if self.known.len() > SUBJECTS_KEPT {
            self.known.clear();
        }
        if self.buckets.len() > BUCKETS_KEPT {
            self.buckets.clear();
        }
    }

    /// Returns the subject of each identifier, with its key where one is asked for.
    pub(crate) fn resolve<'a>(
        &mut self,
        identifiers: impl Iterator<Item = (&'a str, bool)>,
    ) -> Result<Vec<RowSubject>, IngestError> {
        // Two loops: the second waits for memory at each step, and its steps are short enough to wait together.
        let asked: Vec<(u128, &str, bool)> = identifiers
            .map(|(identifier, wants_key)| (self.known.fingerprint(identifier), identifier, wants_key))
            .collect();
        let mut found = Vec::with_capacity(asked.len());
        let mut keyless = Vec::new();
        for (fingerprint, identifier, wants_key) in asked {
            let place = match self.known.find(fingerprint) {
                Some(place) => place,
                None => self.add(fingerprint, identifier)?,
            };
            let entry = self.known.at(place).ok_or(IngestError::Broken)?;
            let key = if wants_key { entry.key.clone() } else { None };
            if wants_key && key.is_none() {
                keyless.push((found.len(), place));
            }
            found.push(RowSubject { id: entry.id, token: entry.token, key });
        }
        if !keyless.is_empty() {
            self.fetch_keys(&keyless)?;
        }
        for (row, place) in keyless {
            let entry = self.known.at(place).ok_or(IngestError::Broken)?;
            if let Some(found) = found.get_mut(row) {
                found.key.clone_from(&entry.key);
            }
        }
        Ok(found)
    }

    fn add(&mut self, fingerprint: u128, identifier: &str) -> Result<Place, IngestError> {
        let canonical = self.canon.apply(identifier);
        let id = self.hasher.subject_id(canonical.as_bytes());
        let token = self.tokenizer.as_ref().map(|tokenizer| tokenizer.token(canonical.as_bytes()));
        self.known.add(fingerprint, id, token.unwrap_or_default()).ok_or(IngestError::Broken)
    }

    /// Opens or makes the keys of subjects that have none here yet.
    fn fetch_keys(&mut self, rows: &[(usize, Place)]) -> Result<(), IngestError> {
        // Two spellings of one identifier are two entries of one subject.
        let mut keyless: HashMap<SubjectId, Vec<Place>> = HashMap::with_capacity(rows.len());
        for (_, place) in rows {
            let entry = self.known.at(*place).ok_or(IngestError::Broken)?;
            let alike = keyless.entry(entry.id).or_default();
            if !alike.contains(place) {
                alike.push(*place);
            }
        }
        let ids: Vec<SubjectId> = keyless.keys().copied().collect();
        let mut wrapped = self.runtime.block_on(self.ledger.data_keys(&ids))?;
        let unknown: Vec<SubjectId> = ids.into_iter().filter(|id| !wrapped.contains_key(id)).collect();
        let mut opened = HashMap::with_capacity(unknown.len());
        if !unknown.is_empty() {
            self.make_keys(&unknown, &mut wrapped, &mut opened)?;
        }
        self.open_buckets(wrapped.values().map(|(bucket, _)| *bucket))?;
        for (id, places) in keyless {
            let key = match opened.remove(&id) {
                Some(key) => key,
                None => {
                    let (bucket, key) = wrapped.get(&id).ok_or(VaultError::Open)?;
                    self.buckets.get(bucket).ok_or(VaultError::Open)?.open_data_key(&id, key)?
                }
            };
            for place in places {
                self.known.at_mut(place).ok_or(IngestError::Broken)?.key = Some(key.clone());
            }
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
        let stored = self.runtime.block_on(self.ledger.store_data_keys(&offers))?;
        if usize::try_from(stored) == Ok(offers.len()) {
            return Ok(());
        }
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
