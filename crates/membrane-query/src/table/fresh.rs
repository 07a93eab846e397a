//! Rows that are acknowledged and not committed yet: they stand behind those of the stored table, in a partition of their own, inside
//! the governed scan, where the same rules and masks apply to them.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::catalog::TableProvider;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::common::Result as DataFusionResult;
use datafusion::datasource::empty::EmptyTable;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;

/// Stands for the table of rows of which none was ever committed.
pub(super) fn table_of(fresh: &[RecordBatch]) -> Option<Arc<dyn TableProvider>> {
    let first = fresh.first()?;
    Some(Arc::new(EmptyTable::new(first.schema())))
}

/// Puts the rows behind those of a scan, in its columns: one that a row does not have, as its contract had not yet, has no value.
pub(super) fn behind(
    scan: Arc<dyn ExecutionPlan>,
    fresh: &[RecordBatch],
) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    if fresh.is_empty() {
        return Ok(scan);
    }
    let schema = scan.schema();
    let rows: Vec<RecordBatch> =
        fresh.iter().map(|batch| shaped(batch, &schema)).collect::<DataFusionResult<_>>()?;
    let rows = MemorySourceConfig::try_new_exec(&[rows], schema, None)?;
    UnionExec::try_new(vec![scan, rows])
}

fn shaped(batch: &RecordBatch, schema: &SchemaRef) -> DataFusionResult<RecordBatch> {
    let rows = batch.num_rows();
    let column = |field: &FieldRef| -> DataFusionResult<ArrayRef> {
        Ok(match batch.column_by_name(field.name()) {
            Some(column) => cast(column, field.data_type())?,
            None => new_null_array(field.data_type(), rows),
        })
    };
    let columns = schema.fields().iter().map(column).collect::<DataFusionResult<_>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

#[cfg(test)]
mod tests;
