//! Cuts a stream of rows into batches of one size.
//!
//! PRIVACY: a batch that is as long as what was left of a stored one after the row rule tells how many rows were hidden
//! there, and an Arrow client is sent one message for each batch. So rows leave in batches of [`ROWS`], however they
//! came, and only the last is shorter.

use datafusion::arrow::compute::BatchCoalescer;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result as DataFusionResult;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt as _;

/// Rows of a batch.
pub(crate) const ROWS: usize = 8192;

/// Takes batches of any size and gives batches of one.
#[derive(Debug)]
pub(crate) struct Cutter(BatchCoalescer);

impl Cutter {
    /// Makes a cutter for rows of a schema.
    pub(crate) fn new(schema: SchemaRef) -> Self {
        Self(BatchCoalescer::new(schema, ROWS))
    }

    /// Takes a batch. One that fits as it is comes out as it is, without a copy.
    pub(crate) fn push(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>, ArrowError> {
        if batch.num_rows() == ROWS && self.0.is_empty() {
            return Ok(Some(batch));
        }
        self.0.push_batch(batch)?;
        Ok(self.next())
    }

    /// Returns a batch that is full.
    pub(crate) fn next(&mut self) -> Option<RecordBatch> {
        self.0.next_completed_batch()
    }

    /// Fills no more: what is left is the last batch.
    pub(crate) fn finish(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        self.0.finish_buffered_batch()?;
        Ok(self.next())
    }
}

/// Cuts a stream.
pub(crate) fn cut(input: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let schema = input.schema();
    let start = Some((input, Cutter::new(SchemaRef::clone(&schema))));
    let batches = futures::stream::unfold(start, |state| async move {
        let (mut input, mut cutter) = state?;
        match next(&mut input, &mut cutter).await {
            Ok(Some(batch)) => Some((Ok(batch), Some((input, cutter)))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}

async fn next(
    input: &mut SendableRecordBatchStream,
    cutter: &mut Cutter,
) -> DataFusionResult<Option<RecordBatch>> {
    if let Some(batch) = cutter.next() {
        return Ok(Some(batch));
    }
    while let Some(batch) = input.next().await {
        if let Some(batch) = cutter.push(batch?)? {
            return Ok(Some(batch));
        }
    }
    Ok(cutter.finish()?)
}

#[cfg(test)]
mod tests;
