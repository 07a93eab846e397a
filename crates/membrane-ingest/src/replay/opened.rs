//! Opens rows that were set aside, each with the key under which it was sealed.

use arrow::array::{Array, AsArray, BinaryArray, RecordBatch};
use arrow::datatypes::DataType;
use membrane_catalog::Dataset;
use membrane_ledger::{KeyRing, Ledger};
use membrane_model::SubjectId;
use membrane_vault::{CellCipher, ColumnContext, Vault};

use crate::IngestError;
use crate::protect::NOBODY;

/// Opens rows of one dataset.
pub(crate) struct Openers {
    keys: KeyRing,
    nobody: CellCipher,
    context: ColumnContext,
}

impl Openers {
    pub(crate) fn new(ledger: &Ledger, vault: &Vault, dataset: &Dataset) -> Self {
        Self {
            keys: KeyRing::new(ledger.clone(), vault.clone()),
            nobody: vault.quarantine_key(&dataset.name).cipher(),
            context: ColumnContext::rows_set_aside(&dataset.name),
        }
    }

    /// Opens the rows of a batch; none of a subject whose key is gone.
    pub(crate) async fn open(&self, batch: &RecordBatch) -> Result<Vec<Option<Vec<u8>>>, IngestError> {
        let (subjects, rows) = (binary(batch, "_subject")?, binary(batch, "row__sealed")?);
        let ids: Vec<Option<SubjectId>> = (0..batch.num_rows())
            .map(|row| subjects.is_valid(row).then(|| subject(subjects.value(row))).transpose())
            .collect::<Result<_, _>>()?;
        let known: Vec<SubjectId> = ids.iter().flatten().copied().collect();
        let keys = self.keys.data_keys(&known).await?;
        let mut opened = Vec::with_capacity(ids.len());
        for (row, id) in ids.into_iter().enumerate() {
            let sealed = rows.value(row);
            let mut clear = Vec::with_capacity(sealed.len());
            match id {
                None => self.nobody.open_in(&self.context, &NOBODY, sealed, &mut clear)?,
                Some(id) => {
                    let Some(key) = keys.get(&id) else {
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
}

fn subject(bytes: &[u8]) -> Result<SubjectId, IngestError> {
    SubjectId::try_from(bytes).map_err(|_| IngestError::Broken)
}

fn binary(batch: &RecordBatch, name: &str) -> Result<BinaryArray, IngestError> {
    let array = batch.column_by_name(name).ok_or(IngestError::Broken)?;
    let array = arrow::compute::cast(array, &DataType::Binary)
        .map_err(|source| IngestError::arrow("read what was set aside", source))?;
    Ok(array.as_binary::<i32>().clone())
}
