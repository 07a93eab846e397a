//! Makes answers plain for encoders.
//!
//! PRIVACY: the bytes of an answer are to follow from its values and from nothing else. A view shares its buffers with
//! other batches, a dictionary has values that no row shows, a slot under a null keeps what was there before: an encoder
//! would send all of it. So texts are written one after the other, and slots under nulls as zero.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder, StringBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};

use crate::error::QueryError;
use crate::rebuild;

/// Returns the schema that [`normalise`] gives batches of `schema`: views become plain text and binary,
/// dictionaries their values; metadata is dropped.
#[must_use]
pub fn normalised_schema(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), plain_type(field.data_type()), field.is_nullable()))
        .collect();
    Arc::new(Schema::new(fields))
}

/// Writes a batch again in plain types, for encoders that do not know views, and so that no buffer holds more
/// than the batch's own values.
///
/// # Errors
/// [`QueryError::Failed`] when a column has a type that answers do not have, [`QueryError::LimitBytes`] when the texts of a
/// column are too long for one batch.
pub fn normalise(batch: &RecordBatch) -> Result<RecordBatch, QueryError> {
    let columns = batch.columns().iter().map(plain).collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(normalised_schema(batch.schema_ref()), columns, &options)
        .map_err(|_| QueryError::Failed)
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::Dictionary(_, values) => plain_type(values),
        other => other.clone(),
    }
}

fn plain(array: &ArrayRef) -> Result<ArrayRef, QueryError> {
    match array.data_type() {
        DataType::Utf8View => {
            let array = array.as_string_view();
            let mut builder = StringBuilder::with_capacity(array.len(), bytes(array.lengths())?);
            array.iter().for_each(|text| builder.append_option(text));
            Ok(Arc::new(builder.finish()))
        }
        DataType::BinaryView => {
            let array = array.as_binary_view();
            let mut builder = BinaryBuilder::with_capacity(array.len(), bytes(array.lengths())?);
            array.iter().for_each(|value| builder.append_option(value));
            Ok(Arc::new(builder.finish()))
        }
        DataType::Dictionary(_, values) => {
            let decoded = cast(array, values).map_err(|_| QueryError::Failed)?;
            plain(&decoded)
        }
        data_type if data_type.is_nested() => Err(QueryError::Failed),
        _ => rebuild::zero_under_nulls(array).map_err(|_| QueryError::Failed),
    }
}

/// Adds lengths up. A plain array counts its bytes in 31 bits.
fn bytes(lengths: impl Iterator<Item = u32>) -> Result<usize, QueryError> {
    const BYTES_MAX: u64 = 0x7fff_ffff;
    let sum = lengths.fold(0_u64, |sum, length| sum.saturating_add(u64::from(length)));
    if sum > BYTES_MAX {
        return Err(QueryError::LimitBytes { bytes_max: BYTES_MAX });
    }
    usize::try_from(sum).map_err(|_| QueryError::Failed)
}

#[cfg(test)]
mod tests;
