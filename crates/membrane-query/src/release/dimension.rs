//! Datasets without subject, read before the rows about members, and reduced to one row for each key.
//!
//! That a key names one row is the contract's word, which is checked within one delivery only; a product that
//! came twice must still not double the lines that name it ([`super::join`]). Of the rows that share a key the
//! first in the order of all columns that the question needs is kept: the same one in whatever order files are
//! read.
//!
//! Nothing here reads a row about a member, so whatever fails here fails with or without any of them.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{concat_batches, take_record_batch};
use datafusion::arrow::row::{RowConverter, Rows, SortField};
use datafusion::catalog::TableProvider;
use datafusion::common::Column;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::execution::SessionState;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use futures::StreamExt as _;
use membrane_model::{ColumnName, Limits};

use super::execution::stream;
use super::question::{Join, Question};
use super::rows::columns_of;
use crate::QueryError;
use crate::brake::Brake;
use crate::sanitise::sanitise;

/// How many times the bytes of a table are held while it is reduced.
const COPIES: usize = 3;

/// Reads the tables without subject and returns the providers with reduced ones in their place.
pub(super) async fn reduced(
    question: &Question,
    providers: &[Arc<dyn TableProvider>],
    state: &SessionState,
    limits: &Limits,
    brake: &Arc<Brake>,
    memory: &MemoryReservation,
) -> Result<Vec<Arc<dyn TableProvider>>, QueryError> {
    let mut reduced = providers.to_vec();
    for join in &question.joins {
        let provider = providers.get(join.table).ok_or(QueryError::Failed)?;
        let columns = columns_first(join, question);
        let expressions = columns.iter().map(|name| Expr::Column(Column::from_name(name.as_str())));
        let plan = LogicalPlanBuilder::scan("d", provider_as_source(Arc::clone(provider)), None)
            .and_then(|scan| scan.project(expressions.collect::<Vec<Expr>>()))
            .and_then(LogicalPlanBuilder::build)
            .map_err(|_| QueryError::Failed)?;
        let mut batches = Vec::new();
        let mut rows = stream(plan, state, limits, brake).await?;
        let schema = rows.schema();
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(|error| sanitise(&error, limits))?;
            let held = batch.get_array_memory_size().saturating_mul(COPIES);
            memory.try_grow(held).map_err(|_| QueryError::Failed)?;
            batches.push(batch);
        }
        let table = concat_batches(&schema, &batches).map_err(|_| QueryError::Failed)?;
        drop(batches);
        let table = one_row_a_key(&table, join.key.len())?;
        let table = MemTable::try_new(table.schema(), vec![vec![table]]).map_err(|_| QueryError::Failed)?;
        *reduced.get_mut(join.table).ok_or(QueryError::Failed)? = Arc::new(table);
    }
    Ok(reduced)
}

/// Returns the columns that are needed, the key's first.
fn columns_first(join: &Join, question: &Question) -> Vec<ColumnName> {
    let others = columns_of(question, join.table).into_iter().filter(|column| !join.key.contains(column));
    join.key.iter().cloned().chain(others).collect()
}

/// Keeps of the rows that agree on the first `width` columns the one that sorts first by all.
fn one_row_a_key(table: &RecordBatch, width: usize) -> Result<RecordBatch, QueryError> {
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
    order.dedup_by_key(|(key, _, _)| *key);
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
