//! Datasets without subject, read before the rows about members, and reduced to one row for each key, or a few where
//! what they are joined on is no key.
//!
//! That a key names one row is the contract's word, which is checked within one delivery only; a product that
//! came twice must still not double the lines that name it ([`super::relation`]). Of the rows that share a key the
//! first in the order of all columns that the question needs is kept: the same one in whatever order files are
//! read.
//!
//! Nothing here reads a row about a member, so whatever fails here fails with or without any of them.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{concat_batches, take_record_batch};
use datafusion::arrow::row::{RowConverter, Rows, SortField};
use datafusion::catalog::TableProvider;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use futures::StreamExt as _;
use membrane_model::ColumnName;

use super::execution::Machine;
use super::question::{ColumnRef, Join, Question, Scalar};
use super::rows::{Tables, bare, columns_of};
use super::scalar::{alias, express};
use crate::QueryError;
use crate::sanitise::sanitise;

/// How many times the bytes of a table are held while it is reduced.
const COPIES: usize = 3;

/// Reads a table without subject and returns it reduced.
pub(super) async fn reduced(
    question: &Question,
    join: &Join,
    tables: &Tables<'_>,
    machine: &Machine,
    memory: &MemoryReservation,
) -> Result<Arc<dyn TableProvider>, QueryError> {
    let provider = tables.providers.get(join.table).and_then(Option::as_ref).ok_or(QueryError::Failed)?;
    let plan = plan(join, std::iter::empty(), &columns_first(join, question), provider)?;
    let mut batches = Vec::new();
    let mut rows = machine.stream(plan).await?;
    let schema = rows.schema();
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|error| sanitise(&error, &machine.limits))?;
        let held = batch.get_array_memory_size().saturating_mul(COPIES);
        memory.try_grow(held).map_err(|_| QueryError::Failed)?;
        batches.push(batch);
    }
    let table = concat_batches(&schema, &batches).map_err(|_| QueryError::Failed)?;
    drop(batches);
    let table = rows_of_a_key(&table, join.key.len(), join.rows_max)?;
    let table = MemTable::try_new(table.schema(), vec![vec![table]]).map_err(|_| QueryError::Failed)?;
    Ok(Arc::new(table))
}

/// Plans the rows that a join may meet, by these columns, and of those the ones for which more conditions hold.
pub(super) fn plan<'a>(
    join: &'a Join,
    more: impl Iterator<Item = &'a Scalar>,
    columns: &[ColumnName],
    provider: &Arc<dyn TableProvider>,
) -> Result<LogicalPlan, QueryError> {
    let types = |column: &ColumnRef| {
        let schema = provider.schema();
        let field = schema.field_with_name(column.column.as_str()).map_err(|_| QueryError::Failed)?;
        Ok(field.data_type().clone())
    };
    let mut scan =
        LogicalPlanBuilder::scan(alias(join.table), provider_as_source(Arc::clone(provider)), None)
            .map_err(|_| QueryError::Failed)?;
    for condition in join.conditions.iter().chain(more) {
        scan = scan.filter(express(condition, &types)?).map_err(|_| QueryError::Failed)?;
    }
    scan.project(columns.iter().map(bare).collect::<Vec<Expr>>())
        .and_then(LogicalPlanBuilder::build)
        .map_err(|_| QueryError::Failed)
}

/// Returns the columns that are needed, the key's first.
fn columns_first(join: &Join, question: &Question) -> Vec<ColumnName> {
    let others = columns_of(question, join.table).into_iter().filter(|column| !join.key.contains(column));
    join.key.iter().cloned().chain(others).collect()
}

/// Keeps of the rows that agree on the first `width` columns the ones that sort first by all, `most` of them.
fn rows_of_a_key(table: &RecordBatch, width: usize, most: u32) -> Result<RecordBatch, QueryError> {
    let keys = encoded(table.columns().get(..width).ok_or(QueryError::Failed)?)?;
    let rows = encoded(table.columns())?;
    let count = u32::try_from(table.num_rows()).map_err(|_| QueryError::Failed)?;
    let mut order: Vec<(&[u8], &[u8], u32)> = keys
        .iter()
        .zip(rows.iter())
        .zip(0..count)
        .map(|((key, row), index)| (key.data(), row.data(), index))
        .collect();
    order.sort_unstable();
    let mut same = 0;
    let mut before: Option<&[u8]> = None;
    order.retain(|(key, _, _)| {
        same = if before == Some(*key) { same + 1 } else { 1 };
        before = Some(key);
        same <= most
    });
    let kept = UInt32Array::from_iter_values(order.into_iter().map(|(_, _, index)| index));
    take_record_batch(table, &kept).map_err(|_| QueryError::Failed)
}

fn encoded(columns: &[ArrayRef]) -> Result<Rows, QueryError> {
    let fields = columns.iter().map(|array| SortField::new(array.data_type().clone())).collect();
    RowConverter::new(fields)
        .and_then(|converter| converter.convert_columns(columns))
        .map_err(|_| QueryError::Failed)
}

#[cfg(test)]
mod tests;
