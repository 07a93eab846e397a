//! Which columns of a table about members are held, where rows of it are held at all: those that something reads.

use std::collections::BTreeSet;

use super::question::{Aggregate, Block, ColumnRef, Fold, Question, Scalar, Table};
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
    for table in &question.tables {
        of_table(table, &mut found);
    }
    of_block(&question.block, &mut found);
    for scalar in question.keys.iter().chain(question.aggregates.iter().filter_map(Aggregate::argument)) {
        of_scalar(scalar, &mut found);
    }
    found
}

fn of_table<'a>(table: &'a Table, found: &mut Vec<&'a ColumnRef>) {
    match table {
        Table::Dataset { .. } => {}
        Table::Kept(kept) => {
            kept.conditions.iter().for_each(|one| of_scalar(one, found));
            found.extend(&kept.columns);
        }
        Table::PerMember(per_member) => {
            of_block(&per_member.block, found);
            let arguments = per_member.folds.iter().filter_map(Fold::argument);
            per_member.keys.iter().chain(arguments).for_each(|one| of_scalar(one, found));
        }
        Table::Union(parts) => {
            for part in parts {
                of_block(&part.block, found);
                part.columns.iter().for_each(|one| of_scalar(one, found));
            }
        }
    }
}

fn of_block<'a>(block: &'a Block, found: &mut Vec<&'a ColumnRef>) {
    block.conditions.iter().for_each(|one| of_scalar(one, found));
    for join in &block.joins {
        join.conditions.iter().for_each(|one| of_scalar(one, found));
        for (one, column) in &join.on {
            of_scalar(one, found);
            found.push(column);
        }
    }
}

fn of_scalar<'a>(scalar: &'a Scalar, found: &mut Vec<&'a ColumnRef>) {
    scalar.visit(&mut |part| {
        if let Scalar::Column(column) = part {
            found.push(column);
        }
    });
}
