//! What the columnar formats share: finding the contract's columns and cutting batches to size.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::RecordBatch;
use membrane_catalog::Dataset;

use super::{BATCH_ROWS, Delivered, require_columns};
use crate::value::can_become;
use crate::{IngestError, value};

/// Finds the contract's columns in a schema; each of a type from which the contract's can be made.
pub(super) fn sources(dataset: &Dataset, schema: &Schema) -> Result<Vec<Option<usize>>, IngestError> {
    let find = |name: &str| schema.fields().iter().position(|field| field.name() == name);
    require_columns(dataset, |name| find(name).is_some())?;
    for column in &dataset.columns {
        let mut found = schema.fields().iter().filter(|field| field.name() == column.name.as_str());
        let Some(field) = found.next() else { continue };
        if found.next().is_some() {
            return Err(IngestError::DoubleColumn { column: column.name.clone() });
        }
        if !can_become(field.data_type(), column.logical_type) {
            return Err(IngestError::ColumnType {
                column: column.name.clone(),
                found: field.data_type().to_string(),
                wanted: column.logical_type.to_string(),
            });
        }
    }
    Ok(dataset.columns.iter().map(|column| find(column.name.as_str())).collect())
}

/// Cuts delivered record batches into batches of our size.
pub(super) struct Cutter {
    sources: Vec<Option<usize>>,
    waiting: VecDeque<RecordBatch>,
    position: i64,
}

impl Cutter {
    pub(super) const fn new(sources: Vec<Option<usize>>) -> Self {
        Self { sources, waiting: VecDeque::new(), position: 0 }
    }

    /// Takes a batch in, cut to size.
    pub(super) fn push(&mut self, batch: &RecordBatch) {
        for start in (0..batch.num_rows()).step_by(BATCH_ROWS) {
            let length = BATCH_ROWS.min(batch.num_rows() - start);
            self.waiting.push_back(batch.slice(start, length));
        }
    }

    /// Gives the next piece out.
    pub(super) fn pop(&mut self) -> Result<Option<Delivered>, IngestError> {
        let Some(batch) = self.waiting.pop_front() else { return Ok(None) };
        let rows = batch.num_rows();
        let column = |source: &Option<usize>| -> Result<ArrayRef, IngestError> {
            match source.and_then(|source| batch.columns().get(source)) {
                Some(array) => {
                    value::plain(array).map_err(|source| IngestError::arrow("decode a column", source))
                }
                None => Ok(new_null_array(&DataType::Null, rows)),
            }
        };
        let columns = self.sources.iter().map(column).collect::<Result<_, _>>()?;
        let first = self.position + 1;
        self.position += i64::try_from(rows).unwrap_or_default();
        let positions = (first..=self.position).collect();
        Ok(Some(Delivered { positions, columns, mistyped: Vec::new(), malformed: Vec::new() }))
    }
}

/// Returns the schema with only the contract's columns, and their places in it.
pub(super) fn wanted_roots(dataset: &Dataset, schema: &Arc<Schema>) -> Vec<usize> {
    let wanted = |name: &str| dataset.columns.iter().any(|column| column.name.as_str() == name);
    let fields = schema.fields().iter().enumerate();
    fields.filter(|(_, field)| wanted(field.name())).map(|(at, _)| at).collect()
}
