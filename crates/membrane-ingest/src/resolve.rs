//! Finds the subjects of checked rows, and their keys, one batch ahead of protection.
//!
//! Keys come from the ledger, which may have to make them: a stage of its own, so that the next batch's are
//! fetched while the current one is sealed.

use arrow::array::{Array, ArrayRef};
use membrane_catalog::{Dataset, StoredKind};
use membrane_model::LogicalType;

use crate::check::Checked;
use crate::subjects::{RowSubject, Subjects};
use crate::{IngestError, value};

/// A checked batch and whose rows it has.
pub(crate) struct Resolved {
    /// The rows.
    pub(crate) checked: Checked,
    /// The subject of each good row; none at all when the dataset has no subject. Its key is there when
    /// something of the row is sealed.
    pub(crate) subjects: Vec<RowSubject>,
    /// The subject of each bad row, with its key, when it can be told.
    pub(crate) bad: Vec<Option<RowSubject>>,
}

/// Resolves the batches of one delivery.
pub(crate) struct Resolver {
    subjects: Option<Subjects>,
    /// The subject's column and its type.
    column: Option<(usize, LogicalType)>,
    /// The columns that are stored sealed.
    sealed: Vec<usize>,
}

impl Resolver {
    pub(crate) fn new(dataset: &Dataset, subjects: Option<Subjects>) -> Self {
        let columns = || dataset.columns.iter().enumerate();
        let subject = dataset.subject.as_ref();
        let column = subject.and_then(|subject| columns().find(|(_, column)| column.name == subject.column));
        let is_sealed = |column: &membrane_catalog::Column| {
            column.stored_columns().iter().any(|stored| stored.kind == StoredKind::Sealed)
        };
        Self {
            subjects,
            column: column.map(|(at, column)| (at, column.logical_type)),
            sealed: columns().filter(|(_, column)| is_sealed(column)).map(|(at, _)| at).collect(),
        }
    }

    /// Resolves one batch.
    pub(crate) fn resolve(&mut self, checked: Checked) -> Result<Resolved, IngestError> {
        let Some(subjects) = &mut self.subjects else {
            let bad = checked.bad.iter().map(|_| None).collect();
            return Ok(Resolved { checked, subjects: Vec::new(), bad });
        };
        subjects.trim();
        let mut found = Vec::new();
        if let Some((column, logical)) = self.column.filter(|_| checked.rows > 0) {
            let arrow = |source| IngestError::arrow("find the subjects", source);
            let array = checked.columns.get(column).ok_or(IngestError::Broken)?;
            let texts = value::canonical_text(array, logical).map_err(arrow)?;
            let sealed: Vec<&ArrayRef> =
                self.sealed.iter().filter_map(|column| checked.columns.get(*column)).collect();
            let wants_key = |row: usize| sealed.iter().any(|column| column.is_valid(row));
            found = subjects.resolve((0..texts.len()).map(|row| (texts.value(row), wants_key(row))))?;
        }
        let named = checked.bad.iter().filter_map(|row| Some((row.subject.as_deref()?, true)));
        let mut named = subjects.resolve(named)?.into_iter();
        let bad = checked.bad.iter().map(|row| row.subject.as_ref().and_then(|_| named.next())).collect();
        Ok(Resolved { checked, subjects: found, bad })
    }
}
