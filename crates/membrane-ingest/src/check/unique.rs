//! Uniqueness within a delivery: unique columns and the primary key.
//!
//! What was seen is kept as 128-bit fingerprints under keys that live as long as the delivery: two
//! different values share one with a chance below 10^-19 in a billion rows. Whether an earlier delivery
//! had the same key is not checked here.

use std::path::Path;

use arrow::array::{Array, ArrayRef};
use arrow::row::{RowConverter, SortField};
use membrane_catalog::Dataset;
use membrane_model::ColumnName;

use super::seen::Seen;
use crate::fingerprint::Fingerprint;
use crate::reason::{Fault, ReasonCode};
use crate::{IngestError, value};

/// One unique column, or the key.
pub(super) struct Unique {
    columns: Vec<usize>,
    about: usize,
    converter: RowConverter,
    fingerprint: Fingerprint,
    seen: Seen,
}

/// Prepares what must be unique; names of composite keys are added to the names of columns.
pub(super) fn constraints(
    dataset: &Dataset,
    scratch: &Path,
    names: &mut Vec<String>,
) -> Result<Vec<Unique>, IngestError> {
    let find = |name: &ColumnName| dataset.columns.iter().position(|column| column.name == *name);
    let key: Vec<usize> = dataset.primary_key.iter().filter_map(find).collect();
    let unique = dataset.columns.iter().enumerate().filter(|(_, column)| column.unique);
    let mut sets: Vec<(usize, Vec<usize>)> = unique.map(|(at, _)| (at, vec![at])).collect();
    if !key.is_empty() && !sets.iter().any(|(_, columns)| *columns == key) {
        match key.as_slice() {
            [single] => sets.push((*single, key)),
            _ => {
                let parts: Vec<&str> =
                    key.iter().filter_map(|at| names.get(*at)).map(String::as_str).collect();
                let name = parts.join("+");
                sets.push((names.len(), key));
                names.push(name);
            }
        }
    }
    let share = sets.len();
    let unique = |(about, columns): (usize, Vec<usize>)| {
        let types = columns.iter().filter_map(|at| dataset.columns.get(*at));
        let fields = types.map(|column| SortField::new(value::arrow_type(column.logical_type))).collect();
        let converter = RowConverter::new(fields)
            .map_err(|source| IngestError::arrow("prepare the check of a key", source))?;
        let fingerprint = Fingerprint::new();
        Ok(Unique { columns, about, converter, fingerprint, seen: Seen::new(scratch, share) })
    };
    sets.into_iter().map(unique).collect()
}

/// Notes good rows whose key was there before, and returns them. The keys of the others are remembered.
pub(super) fn check(
    constraints: &mut [Unique],
    columns: &[ArrayRef],
    good: &[bool],
    faults: &mut Vec<Fault>,
) -> Result<Vec<usize>, IngestError> {
    let mut keys = Vec::with_capacity(constraints.len());
    for unique in constraints.iter() {
        keys.push(unique.fingerprints(columns, good)?);
    }
    let scratch = |source| IngestError::Scratch { source };
    // A row that breaks one of several constraints must not enter the others' sets.
    let several = constraints.len() > 1;
    let mut duplicates = Vec::new();
    for row in (0..good.len()).filter(|row| good.get(*row) == Some(&true)) {
        let known = faults.len();
        for (unique, keys) in constraints.iter_mut().zip(&keys) {
            let Some(key) = keys.get(row).copied().flatten() else { continue };
            let seen = &mut unique.seen;
            let fresh = if several {
                !seen.contains(key).map_err(scratch)?
            } else {
                seen.insert(key).map_err(scratch)?
            };
            if !fresh {
                faults.push(Fault { row, about: unique.about, code: ReasonCode::Duplicate });
            }
        }
        if faults.len() > known {
            duplicates.push(row);
        } else if several {
            for (unique, keys) in constraints.iter_mut().zip(&keys) {
                if let Some(key) = keys.get(row).copied().flatten() {
                    unique.seen.insert(key).map_err(scratch)?;
                }
            }
        }
    }
    Ok(duplicates)
}

impl Unique {
    /// Tells whether it is of these columns together.
    pub(super) fn is_of(&self, columns: &[usize]) -> bool {
        self.columns == columns
    }

    /// Forgets what was seen.
    pub(super) fn clear(&mut self) {
        self.seen.clear();
    }

    /// Makes room for so many rows to come, as far as they fit in memory.
    pub(super) fn reserve(&mut self, rows: usize) {
        self.seen.reserve(rows);
    }

    /// Returns the fingerprint of every good row; none when a part of the key has no value.
    fn fingerprints(&self, columns: &[ArrayRef], good: &[bool]) -> Result<Vec<Option<u128>>, IngestError> {
        let parts: Vec<ArrayRef> = self.columns.iter().filter_map(|at| columns.get(*at)).cloned().collect();
        let rows = self
            .converter
            .convert_columns(&parts)
            .map_err(|source| IngestError::arrow("check a key", source))?;
        let one = |(row, good): (usize, &bool)| {
            let whole = *good && parts.iter().all(|part| part.is_valid(row));
            whole.then(|| self.fingerprint.of(rows.row(row).as_ref()))
        };
        Ok(good.iter().enumerate().map(one).collect())
    }
}
