//! Opens rows that were set aside, each with the key under which it was sealed.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array, AsArray, BinaryArray, RecordBatch};
use arrow::datatypes::DataType;
use membrane_catalog::Dataset;
use membrane_ledger::Ledger;
use membrane_model::SubjectId;
use membrane_vault::{BucketId, BucketKey, CellCipher, ColumnContext, DataKey, Vault};

use crate::IngestError;
use crate::protect::NOBODY;

/// Keys that are kept between batches.
const KEYS_KEPT: usize = 100_000;
const BUCKETS_KEPT: usize = 4 << 10;

/// Opens rows of one dataset.
pub(crate) struct Openers {
    ledger: Ledger,
    vault: Vault,
    nobody: CellCipher,
    context: ColumnContext,
    keys: HashMap<SubjectId, DataKey>,
    buckets: HashMap<BucketId, BucketKey>,
}

impl Openers {
    pub(crate) fn new(ledger: &Ledger, vault: &Vault, dataset: &Dataset) -> Self {
        Self {
            ledger: ledger.clone(),
            vault: vault.clone(),
            nobody: vault.quarantine_key(&dataset.name).cipher(),
            context: ColumnContext::rows_set_aside(&dataset.name),
            keys: HashMap::new(),
            buckets: HashMap::new(),
        }
    }

    /// Opens the rows of a batch; none of a subject whose key is gone.
    pub(crate) async fn open(&mut self, batch: &RecordBatch) -> Result<Vec<Option<Vec<u8>>>, IngestError> {
        let (subjects, rows) = (binary(batch, "_subject")?, binary(batch, "row__sealed")?);
        let ids: Vec<Option<SubjectId>> = (0..batch.num_rows())
            .map(|row| subjects.is_valid(row).then(|| subject(subjects.value(row))).transpose())
            .collect::<Result<_, _>>()?;
        self.fetch(&ids).await?;
        let mut opened = Vec::with_capacity(ids.len());
        for (row, id) in ids.into_iter().enumerate() {
            let sealed = rows.value(row);
            let mut clear = Vec::with_capacity(sealed.len());
            match id {
                None => self.nobody.open_in(&self.context, &NOBODY, sealed, &mut clear)?,
                Some(id) => {
                    let Some(key) = self.keys.get(&id) else {
                        opened.push(None);
                        continue;
                    };
                    key.cipher().open_in(&self.context, &id, sealed, &mut clear)?;
                }
            }
            opened.push(Some(clear));
        }
        Ok(opened)
    }

    async fn fetch(&mut self, ids: &[Option<SubjectId>]) -> Result<(), IngestError> {
        if self.keys.len() > KEYS_KEPT {
            self.keys.clear();
        }
        if self.buckets.len() > BUCKETS_KEPT {
            self.buckets.clear();
        }
        let wanted: HashSet<SubjectId> =
            ids.iter().flatten().copied().filter(|id| !self.keys.contains_key(id)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let wanted: Vec<SubjectId> = wanted.into_iter().collect();
        let wrapped = self.ledger.data_keys(&wanted).await?;
        let unopened: HashSet<BucketId> =
            wrapped.values().map(|(bucket, _)| *bucket).filter(|id| !self.buckets.contains_key(id)).collect();
        let unopened: Vec<BucketId> = unopened.into_iter().collect();
        for (id, key) in self.ledger.bucket_keys(&unopened).await? {
            self.buckets.insert(id, self.vault.open_bucket(id, &key)?);
        }
        for (id, (bucket, key)) in wrapped {
            let Some(bucket) = self.buckets.get(&bucket) else { continue };
            self.keys.insert(id, bucket.open_data_key(&id, &key)?);
        }
        Ok(())
    }
}

fn subject(bytes: &[u8]) -> Result<SubjectId, IngestError> {
    bytes.try_into().map(SubjectId::from_bytes).map_err(|_| IngestError::Broken)
}

fn binary(batch: &RecordBatch, name: &str) -> Result<BinaryArray, IngestError> {
    let array = batch.column_by_name(name).ok_or(IngestError::Broken)?;
    let array = arrow::compute::cast(array, &DataType::Binary)
        .map_err(|source| IngestError::arrow("read what was set aside", source))?;
    Ok(array.as_binary::<i32>().clone())
}
