//! Which columns of a table about members are held, where rows of it are held at all: those that something reads.

use std::collections::BTreeSet;

use super::made::blocks;
use super::question::{Aggregate, ColumnRef, Fold, Question, Scalar, Table};
use crate::QueryError;

/// Fills in the columns of [`Table::Kept`], from the tables that are made last to those that are made first.
pub(super) fn prune(question: &mut Question) -> Result<(), QueryError> {
    for index in (0..question.tables.len()).rev() {
        if !matches!(question.tables.get(index), Some(Table::Kept(_))) {
            continue;
        }
        let read: BTreeSet<ColumnRef> =
            columns(question).into_iter().filter(|column| column.table == index).cloned().collect();
        // The columns of the key are among them: a join compares them.
        let Some(Table::Kept(kept)) = question.tables.get_mut(index) else { return Err(QueryError::Failed) };
        let of = kept.of;
        kept.columns = read.into_iter().map(|column| ColumnRef { table: of, ..column }).collect();
        // Two uses differ in whether a LEFT JOIN may have found nothing; the column is one.
        kept.columns.dedup_by(|one, other| one.column == other.column);
    }
    Ok(())
}

/// Returns every column that the question reads, of any table.
pub(super) fn columns(question: &Question) -> Vec<&ColumnRef> {
    let mut found = Vec::new();
    for scalar in scalars(question) {
        scalar.visit(&mut |part| {
            if let Scalar::Column(column) = part {
                found.push(column);
            }
        });
    }
    for block in blocks(question) {
        found.extend(block.joins.iter().flat_map(|join| &join.on).map(|(_, column)| column));
    }
    for table in &question.tables {
        if let Table::Kept(kept) = table {
            found.extend(&kept.columns);
        }
    }
    found
}

/// Returns every expression of the question, of any table.
pub(super) fn scalars(question: &Question) -> Vec<&Scalar> {
    let mut found: Vec<&Scalar> = Vec::new();
    for table in &question.tables {
        match table {
            Table::Dataset { .. } => {}
            Table::Kept(kept) => found.extend(&kept.conditions),
            Table::PerMember(groups) => {
                found.extend(groups.keys.iter().chain(groups.folds.iter().filter_map(Fold::argument)));
            }
            Table::Union(parts) => found.extend(parts.iter().flat_map(|part| &part.columns)),
        }
    }
    for block in blocks(question) {
        found.extend(&block.conditions);
        for join in &block.joins {
            found.extend(join.conditions.iter().chain(join.on.iter().map(|(one, _)| one)));
        }
    }
    found.extend(question.keys.iter().chain(question.aggregates.iter().filter_map(Aggregate::argument)));
    found
}
