//! References: is the value of a column one of those that another dataset has?
//!
//! The keys are read before the delivery is, from one version of the dataset, and kept as fingerprints in bounded memory, as
//! what must be unique is.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use futures::TryStreamExt as _;
use membrane_catalog::{Dataset, OnOrphan, Reference};
use membrane_lake::Keys;
use membrane_model::{ColumnName, DatasetName, LogicalType, TableVersion};
use membrane_policy::Permit;
use tokio::task::spawn_blocking;

use super::seen::Seen;
use crate::fingerprint::Fingerprint;
use crate::reason::{Fault, ReasonCode, Reasons};
use crate::value::canonical_text;
use crate::{IngestError, IngestParts};

/// What the columns of a dataset refer to, as far as a delivery has to know.
pub struct References {
    columns: Vec<KnownKeys>,
    read: Vec<(DatasetName, TableVersion)>,
}

/// The keys that one column may have.
struct KnownKeys {
    /// The place of the column among all of the contract.
    about: usize,
    logical: LogicalType,
    on_orphan: OnOrphan,
    known: Known,
}

/// A set of keys.
struct Known {
    fingerprint: Fingerprint,
    seen: Seen,
    is_empty: bool,
}

// PRIVACY: the sets are made of values.
impl std::fmt::Debug for References {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "References({} columns)", self.columns.len())
    }
}

impl References {
    /// Reads the keys of all that the columns of a dataset refer to. The permit is for ingesting those other datasets: whoever may
    /// bring them in knows their keys.
    ///
    /// # Errors
    /// [`IngestError::NoDimension`] where nothing was ever brought into one of them, and rows without a key there are to be set
    /// aside: that would be all. [`IngestError`] when the permit does not cover one, or it cannot be read.
    pub async fn read(
        hub: &IngestParts,
        permit: &Permit,
        dataset: &Dataset,
    ) -> Result<Arc<Self>, IngestError> {
        let refer = dataset.columns.iter().enumerate();
        let refer: Vec<_> = refer
            .filter_map(|(about, column)| Some((about, column, column.rules.reference.as_ref()?)))
            .collect();
        let (mut columns, mut read) = (Vec::with_capacity(refer.len()), Vec::new());
        for (about, column, reference) in &refer {
            let known = Known {
                fingerprint: Fingerprint::new(),
                seen: Seen::new(&hub.scratch, refer.len()),
                is_empty: true,
            };
            let keys = hub.lake.keys(permit, &reference.dataset, &reference.column).await?;
            let known = match keys {
                Some(keys) => {
                    read.push((reference.dataset.clone(), keys.version));
                    known.with(keys, column.logical_type).await?
                }
                None => known,
            };
            if known.is_empty && reference.on_orphan == OnOrphan::Quarantine {
                return Err(nothing_there(&column.name, reference));
            }
            let (logical, on_orphan) = (column.logical_type, reference.on_orphan);
            columns.push(KnownKeys { about: *about, logical, on_orphan, known });
        }
        Ok(Arc::new(Self { columns, read }))
    }

    /// Returns which versions of which datasets were read.
    #[must_use]
    pub fn versions(&self) -> &[(DatasetName, TableVersion)] {
        &self.read
    }

    /// Notes good rows that are set aside as their values are not there: they are good no more. That is known before it is asked which
    /// rows are duplicates: a row that is set aside is nobody's original.
    pub(super) fn check(
        &self,
        columns: &[ArrayRef],
        good: &mut [bool],
        faults: &mut Vec<Fault>,
    ) -> Result<(), IngestError> {
        for keys in self.that(OnOrphan::Quarantine) {
            for row in keys.orphans(columns, good)? {
                if let Some(good) = good.get_mut(row) {
                    *good = false;
                }
                faults.push(Fault { row, about: keys.about, code: ReasonCode::NotInDimension });
            }
        }
        Ok(())
    }

    /// Counts rows whose values are not there among those that are taken in: after duplicates are set aside.
    pub(super) fn count(
        &self,
        columns: &[ArrayRef],
        good: &[bool],
        reasons: &mut Reasons,
    ) -> Result<(), IngestError> {
        for keys in self.that(OnOrphan::Count) {
            for _ in keys.orphans(columns, good)? {
                reasons.orphan(keys.about);
            }
        }
        Ok(())
    }

    fn that(&self, on_orphan: OnOrphan) -> impl Iterator<Item = &KnownKeys> {
        self.columns.iter().filter(move |keys| keys.on_orphan == on_orphan)
    }
}

impl KnownKeys {
    /// Returns the good rows whose values are not there.
    fn orphans(&self, columns: &[ArrayRef], good: &[bool]) -> Result<Vec<usize>, IngestError> {
        let array = columns.get(self.about).ok_or(IngestError::Broken)?;
        let texts = texts_of(array, self.logical)?;
        let (mut last, mut orphans) = (None, Vec::new());
        for (row, text) in texts.iter().enumerate() {
            let (Some(text), Some(true)) = (text, good.get(row)) else { continue };
            // Deliveries are often grouped: what was there in the row before is there.
            if last == Some(text) {
                continue;
            }
            if self.known.has(text)? {
                last = Some(text);
            } else {
                orphans.push(row);
            }
        }
        Ok(orphans)
    }
}

impl Known {
    async fn with(mut self, keys: Keys, logical: LogicalType) -> Result<Self, IngestError> {
        let mut arrays = std::pin::pin!(keys.arrays());
        while let Some(array) = arrays.try_next().await? {
            // A set that is too large for memory goes to files.
            let inserted = spawn_blocking(move || self.insert(&array, logical)).await;
            self = inserted.map_err(|_| IngestError::Broken)??;
        }
        Ok(self)
    }

    fn insert(mut self, array: &ArrayRef, logical: LogicalType) -> Result<Self, IngestError> {
        for text in texts_of(array, logical)?.iter().flatten() {
            let key = self.fingerprint.of(text.as_bytes());
            self.seen.insert(key).map_err(|source| IngestError::Scratch { source })?;
            self.is_empty = false;
        }
        Ok(self)
    }

    fn has(&self, text: &str) -> Result<bool, IngestError> {
        let key = self.fingerprint.of(text.as_bytes());
        self.seen.contains(key).map_err(|source| IngestError::Scratch { source })
    }
}

fn texts_of(array: &ArrayRef, logical: LogicalType) -> Result<StringArray, IngestError> {
    if let Some(texts) = array.as_string_opt::<i32>() {
        return Ok(texts.clone());
    }
    canonical_text(array, logical).map_err(|source| IngestError::arrow("read a key", source))
}

fn nothing_there(column: &ColumnName, reference: &Reference) -> IngestError {
    IngestError::NoDimension { column: column.clone(), dataset: reference.dataset.clone() }
}
