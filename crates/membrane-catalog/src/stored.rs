//! How a dataset lies in its table.

use membrane_model::{ColumnName, LogicalType, Protection};

use crate::{Column, Dataset};

/// One column of a stored table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredColumn {
    /// Its name in the table.
    pub name: String,
    /// The contract's column that it comes from; none for `_subject`.
    pub of: Option<ColumnName>,
    /// What it holds.
    pub kind: StoredKind,
    /// Whether a row may have no value.
    pub nullable: bool,
    /// Whether data files and the table's log may hold its least and greatest value.
    pub statistics: bool,
}

/// What a stored column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredKind {
    /// The value itself, or a coarser one.
    Value(LogicalType),
    /// A keyed token: 16 bytes.
    Token,
    /// Ciphertext under the subject's data key.
    Sealed,
    /// The subject's id: 16 bytes.
    Subject,
}

/// The name of the subject's column. No contract column can have it: names start with a letter.
const SUBJECT_COLUMN: &str = "_subject";

impl Dataset {
    /// Returns the columns of the stored table: `_subject` first when rows have one, then what each
    /// contract column becomes, in the contract's order.
    ///
    /// | protection | stored |
    /// | --- | --- |
    /// | `clear`, `generalise(..)` | `c`, the value |
    /// | `token` | `c__token` |
    /// | `sealed` | `c__sealed` |
    /// | `sealed+token` | `c__token`, `c__sealed` |
    /// | `drop` | nothing |
    #[must_use]
    pub fn stored_columns(&self) -> Vec<StoredColumn> {
        let subject = self.is_private().then(|| StoredColumn {
            name: SUBJECT_COLUMN.to_owned(),
            of: None,
            kind: StoredKind::Subject,
            nullable: false,
            statistics: false,
        });
        subject.into_iter().chain(self.columns.iter().flat_map(Column::stored_columns)).collect()
    }
}

impl Column {
    /// Returns what this column becomes in the table: none, one or two columns.
    #[must_use]
    pub fn stored_columns(&self) -> Vec<StoredColumn> {
        let mut stored = Vec::with_capacity(2);
        if matches!(self.protection, Protection::Clear | Protection::Generalise(_)) {
            stored.push(self.stored(StoredKind::Value(self.logical_type)));
        }
        if self.protection.has_token() {
            stored.push(self.stored(StoredKind::Token));
        }
        if self.protection.has_sealed() {
            stored.push(self.stored(StoredKind::Sealed));
        }
        stored
    }

    fn stored(&self, kind: StoredKind) -> StoredColumn {
        let suffix = match kind {
            StoredKind::Token => "__token",
            StoredKind::Sealed => "__sealed",
            StoredKind::Value(_) | StoredKind::Subject => "",
        };
        StoredColumn {
            name: format!("{}{suffix}", self.name),
            of: Some(self.name.clone()),
            kind,
            nullable: !self.required,
            statistics: self.has_statistics(kind),
        }
    }

    // PRIVACY: the least and the greatest value of a column are values. A shortened text, a band or a
    // month of an identifier is still part of it; a token or ciphertext helps to link files.
    fn has_statistics(&self, kind: StoredKind) -> bool {
        match kind {
            StoredKind::Value(_) => !self.is_identifying(),
            StoredKind::Token | StoredKind::Sealed | StoredKind::Subject => false,
        }
    }
}

#[cfg(test)]
mod tests;
