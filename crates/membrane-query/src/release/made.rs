//! Tables that are made before the rows of a release stream: groups of the rows of each member, and rows kept of each
//! member. Datasets without subject are reduced here as well.
//!
//! What is made of a member depends on that member's rows alone, is so much at most ([`member_bytes_max`]), and is
//! counted ([`Size`]): see [`super::exact`].

mod kept;
mod per_member;

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use membrane_vault::Sampler;

use super::dimension;
use super::exact::{Costs, INNER_KEY_BYTES_MAX, Size};
use super::execution::Machine;
use super::question::{Block, Join, PerMember, Question, Table};
use super::rows::Tables;
use crate::QueryError;

/// How many times a row that was made is held: in pieces, as a whole, and by the joins that meet it, with a place in their
/// tables.
const COPIES: u64 = 3;
/// A row without its values: its member, and its places in tables.
const ROW_BYTES: u64 = 96;
/// A member of whom rows are kept: a place in a table, and the first piece of a tree.
const KEPT_MEMBER_BYTES: u64 = 700;
/// A cell of a kept row, besides its bytes.
const KEPT_CELL_BYTES: usize = 16;
/// A kept row that is longer than this, as bytes, is left out: otherwise one member could hold any amount of memory.
const ROW_BYTES_MAX: usize = 256;

/// Makes the tables of a question, each after those that it is made from.
pub(super) async fn make<'a>(
    question: &'a Question,
    datasets: &[Option<Arc<dyn TableProvider>>],
    machine: &Machine,
    sampling: &Sampler,
    size: &Size,
) -> Result<Tables<'a>, QueryError> {
    let mut tables = Tables { tables: &question.tables, providers: datasets.to_vec() };
    let memory = &machine.without_subject;
    for join in joins(question) {
        if matches!(question.tables.get(join.table), Some(Table::Dataset { .. })) {
            let table = dimension::reduced(question, join, &tables, machine, memory).await?;
            *tables.providers.get_mut(join.table).ok_or(QueryError::Failed)? = Some(table);
        }
    }
    for (index, table) in question.tables.iter().enumerate() {
        let batch = match table {
            Table::Dataset { .. } | Table::Union(_) => continue,
            Table::Kept(kept) => kept::keep(kept, &tables, machine, sampling, size).await?,
            Table::PerMember(groups) => {
                per_member::group(groups, &tables, machine, sampling, size.clone()).await?
            }
        };
        *tables.providers.get_mut(index).ok_or(QueryError::Failed)? = Some(table_of(batch)?);
    }
    Ok(tables)
}

/// Returns the joins of all blocks.
pub(super) fn joins(question: &Question) -> impl Iterator<Item = &Join> {
    blocks(question).into_iter().flat_map(|block| &block.joins)
}

/// Returns the blocks of a question, the last one last.
pub(super) fn blocks(question: &Question) -> Vec<&Block> {
    let mut found = Vec::new();
    for table in &question.tables {
        match table {
            Table::Dataset { .. } | Table::Kept(_) => {}
            Table::PerMember(groups) => found.push(&groups.block),
            Table::Union(parts) => found.extend(parts.iter().map(|part| &part.block)),
        }
    }
    found.push(&question.block);
    found
}

/// Returns how many bytes one member can count for in a table, while it is made and after.
pub(super) fn member_bytes_max(table: &Table) -> u64 {
    match table {
        Table::Dataset { .. } | Table::Union(_) => 0,
        Table::Kept(kept) => {
            let row = kept_bytes(ROW_BYTES_MAX, kept.columns.len());
            KEPT_MEMBER_BYTES.saturating_add(u64::from(kept.rows_max).saturating_mul(row))
        }
        Table::PerMember(groups) => {
            let made = u64::from(groups.groups_max).saturating_mul(row_bytes(row_bytes_max(groups)));
            costs(groups).member_max(groups.groups_max).saturating_add(made)
        }
    }
}

/// Returns what a row of so many bytes counts for.
fn row_bytes(bytes: usize) -> u64 {
    ROW_BYTES.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX)).saturating_mul(COPIES)
}

/// Returns what a kept row of so many bytes and columns counts for.
fn kept_bytes(bytes: usize, columns: usize) -> u64 {
    row_bytes(bytes.saturating_add(columns.saturating_mul(KEPT_CELL_BYTES)))
}

/// Returns the most bytes that the values of a group have.
fn row_bytes_max(groups: &PerMember) -> usize {
    INNER_KEY_BYTES_MAX.saturating_add(groups.folds.len().saturating_mul(16))
}

fn costs(groups: &PerMember) -> Costs {
    Costs::of_inner(groups.groups_max, per_member::width(groups))
}

fn table_of(batch: RecordBatch) -> Result<Arc<dyn TableProvider>, QueryError> {
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).map_err(|_| QueryError::Failed)?;
    Ok(Arc::new(table))
}
