//! Opens sealed cells inside a scan, batch by batch.
//!
//! For each batch the data keys of its subjects are fetched, used and dropped (`KeyRing`). A subject whose key is gone was
//! erased: the cell is NULL. A cell that has a key and does not open ends the query.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::datatypes::DataType;
use membrane_ledger::{KeyRing, KeyRingError, Ledger};
use membrane_model::SubjectId;
use membrane_vault::{ColumnContext, DataKey, Vault};
use tracing::error;
use zeroize::{Zeroize as _, Zeroizing};

use crate::fault::ScanFault;
use crate::mask::Sink;

/// Longest opened cell that the scratch buffer is made for; longer ones make it grow.
const CELL_BYTES: usize = 256;

/// Opens keys, and counts what is opened with them.
pub(crate) struct Opener {
    /// None: nothing is opened by it.
    keys: Option<Arc<KeyRing>>,
    /// Cells that were opened, for the record.
    opened: Arc<AtomicU64>,
}

/// The data keys of the subjects of one batch.
pub(crate) type BatchKeys = HashMap<SubjectId, DataKey>;

impl Opener {
    /// Makes an opener that keeps nothing yet.
    pub(crate) fn new(ledger: Ledger, vault: Vault) -> Self {
        Self { keys: Some(Arc::new(KeyRing::new(ledger, vault))), opened: Arc::default() }
    }

    /// Makes one that opens nothing: for statements that are planned and not asked.
    pub(crate) fn closed() -> Self {
        Self { keys: None, opened: Arc::default() }
    }

    /// Makes an opener with the same keys, and a count of its own.
    pub(crate) fn for_query(&self) -> Self {
        Self { keys: self.keys.clone(), opened: Arc::default() }
    }

    /// Returns the count of cells that were opened, which goes on.
    pub(crate) fn opened(&self) -> &Arc<AtomicU64> {
        &self.opened
    }

    /// Counts cells that were opened.
    pub(crate) fn count(&self, opened: u64) {
        self.opened.fetch_add(opened, Ordering::Relaxed);
    }

    /// Fetches the data keys of subjects. Those without one are absent from the result.
    pub(crate) async fn data_keys(&self, subjects: &[SubjectId]) -> Result<BatchKeys, ScanFault> {
        let keys = self.keys.as_ref().ok_or(ScanFault::Keys)?;
        keys.data_keys(subjects).await.map_err(|error| match error {
            KeyRingError::Ledger(error) => {
                error!(%error, "keys could not be fetched from the ledger");
                ScanFault::Keys
            }
            KeyRingError::Bucket => ScanFault::Keys,
            KeyRingError::Key => ScanFault::Cell,
        })
    }
}

/// Binary cells, however Arrow holds them.
pub(crate) enum Cells<'a> {
    View(&'a BinaryViewArray),
    Plain(&'a BinaryArray),
}

impl<'a> Cells<'a> {
    /// Reads a stored binary column.
    pub(crate) fn of(array: &'a ArrayRef) -> Result<Self, ScanFault> {
        match array.data_type() {
            DataType::BinaryView => Ok(Self::View(array.as_binary_view())),
            DataType::Binary => Ok(Self::Plain(array.as_binary::<i32>())),
            _ => Err(ScanFault::Shape),
        }
    }

    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::View(array) => array.len(),
            Self::Plain(array) => array.len(),
        }
    }

    /// Returns the cell of a row, or nothing for NULL.
    pub(crate) fn get(&self, row: usize) -> Option<&'a [u8]> {
        match self {
            Self::View(array) => (row < array.len() && array.is_valid(row)).then(|| array.value(row)),
            Self::Plain(array) => (row < array.len() && array.is_valid(row)).then(|| array.value(row)),
        }
    }
}

/// One sealed column on its way through a batch.
pub(crate) struct SealedColumn<'a> {
    pub(crate) cells: Cells<'a>,
    pub(crate) context: &'a ColumnContext,
    /// The rows whose cells are opened; the others have no place in the sink.
    pub(crate) rows: Option<&'a BooleanBuffer>,
    pub(crate) sink: Sink,
}

/// Returns whose rows these are; each subject once in the list of all.
pub(crate) fn subjects_of(array: &ArrayRef) -> Result<(Vec<SubjectId>, Vec<SubjectId>), ScanFault> {
    let cells = Cells::of(array)?;
    let mut rows = Vec::with_capacity(array.len());
    for row in 0..array.len() {
        let id = cells.get(row).ok_or(ScanFault::Shape)?;
        rows.push(SubjectId::try_from(id).map_err(|_| ScanFault::Shape)?);
    }
    let mut distinct = rows.clone();
    distinct.sort_unstable();
    distinct.dedup();
    Ok((rows, distinct))
}

/// Opens the cells of sealed columns row by row into their sinks, and returns how many.
///
/// PRIVACY: the opened value lies in one buffer that is wiped when the batch is done, and goes on only as
/// what its mask lets through.
pub(crate) fn open_batch(
    subjects: &[SubjectId],
    keys: &BatchKeys,
    columns: &mut [SealedColumn<'_>],
) -> Result<u64, ScanFault> {
    let mut opened = 0_u64;
    let mut scratch = Zeroizing::new(Vec::with_capacity(CELL_BYTES));
    let mut current = None;
    for (row, subject) in subjects.iter().enumerate() {
        // Rows of one subject often follow each other: the key is expanded once for them.
        if current.as_ref().is_none_or(|(before, _)| before != subject) {
            current = Some((*subject, keys.get(subject).map(DataKey::cipher)));
        }
        let cipher = current.as_ref().and_then(|(_, cipher)| cipher.as_ref());
        for column in columns.iter_mut() {
            if column.rows.is_some_and(|rows| row >= rows.len() || !rows.value(row)) {
                continue;
            }
            let (Some(sealed), Some(cipher)) = (column.cells.get(row), cipher) else {
                column.sink.push(None)?;
                continue;
            };
            // A value that is longer than any before must not leave one of those in memory that is given back.
            if sealed.len() > scratch.capacity() {
                scratch.zeroize();
                scratch.reserve(sealed.len());
            }
            scratch.clear();
            cipher.open_in(column.context, subject, sealed, &mut scratch).map_err(|_| ScanFault::Cell)?;
            column.sink.push(Some(&scratch))?;
            opened = opened.saturating_add(1);
        }
    }
    Ok(opened)
}

#[cfg(test)]
mod tests;
