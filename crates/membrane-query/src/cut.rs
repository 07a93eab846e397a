//! Cuts rows into batches of one size.
//!
//! PRIVACY: a batch that is as long as what was left of a stored one after the row rule tells how many rows were hidden
//! there, and an Arrow client is sent one message for each batch. So rows leave in batches of [`ROWS`], however they
//! came, and only the last is shorter.

use datafusion::arrow::compute::BatchCoalescer;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

/// Rows of a batch.
pub(crate) const ROWS: usize = 8192;

/// Takes batches of any size and gives batches of one.
#[derive(Debug)]
pub struct Cutter(BatchCoalescer);

impl Cutter {
    /// Makes a cutter for rows of a schema.
    #[must_use]
    pub fn new(schema: SchemaRef) -> Self {
        Self(BatchCoalescer::new(schema, ROWS))
    }

    /// Takes a batch, and gives the next that is full. One that fits as it is comes out as it is, without a copy.
    ///
    /// # Errors
    /// When the batch has another schema.
    pub fn push(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>, ArrowError> {
        if batch.num_rows() == ROWS && self.0.is_empty() {
            return Ok(Some(batch));
        }
        self.0.push_batch(batch)?;
        Ok(self.next_full())
    }

    /// Returns the next batch that is full: a long one that was taken may have filled several.
    pub fn next_full(&mut self) -> Option<RecordBatch> {
        self.0.next_completed_batch()
    }

    /// Fills no more: what is left is the last batch.
    ///
    /// # Errors
    /// When rows cannot be put together.
    pub fn finish(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        self.0.finish_buffered_batch()?;
        Ok(self.next_full())
    }
}

#[cfg(test)]
mod tests;
