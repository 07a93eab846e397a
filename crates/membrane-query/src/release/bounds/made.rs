//! What columns of tables that a plan makes are made of.

use crate::release::question::{ColumnRef, Fold, PerMember, Scalar, Table, made_index};

/// What a column of a table that was made per member is.
pub(in crate::release) enum Made<'a> {
    Key(&'a Scalar),
    Fold(&'a Fold),
}

/// Returns what a column of groups is.
pub(in crate::release) fn made_column<'a>(groups: &'a PerMember, column: &ColumnRef) -> Option<Made<'a>> {
    let index = made_index(&column.column)?;
    match groups.keys.get(index) {
        Some(key) => Some(Made::Key(key)),
        None => groups.folds.get(index.checked_sub(groups.keys.len())?).map(Made::Fold),
    }
}

/// Returns what a column of a table that the plan makes is made of; none for a dataset's.
pub(in crate::release) fn made_of(table: &Table, column: &ColumnRef) -> Option<Vec<Scalar>> {
    match table {
        Table::Dataset { .. } => None,
        Table::Kept(kept) => Some(vec![Scalar::Column(ColumnRef { table: kept.of, ..column.clone() })]),
        Table::PerMember(groups) => match made_column(groups, column)? {
            Made::Key(key) => Some(vec![key.clone()]),
            Made::Fold(fold) => Some(fold.argument().cloned().into_iter().collect()),
        },
        Table::Union(parts) => {
            let index = made_index(&column.column)?;
            parts.iter().map(|part| part.columns.get(index).cloned()).collect()
        }
    }
}
