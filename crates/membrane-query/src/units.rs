//! Reads the partitions of an inner scan.
//!
//! The inner scan has many small partitions, units (about one row group each, see [`crate::table`]). Where one ends and
//! the next begins follows from the sizes of files, hidden rows and columns included. The governed scan has as many
//! partitions as there are processors, outputs. There are two ways from units to outputs:
//!
//! | | [`taken`]: every row may be seen | [`dealt`]: a row rule hides rows |
//! | --- | --- | --- |
//! | which rows an output gives | those of the next unit that nobody has taken | every n-th batch, in the stored order |
//! | which thread reads a unit | the one that takes its rows | any, ahead of whoever takes its rows |
//! | batches | as they are stored | of one size |
//! | cost | as an unprotected scan | rows go from one processor to another |
//!
//! PRIVACY: where rows are hidden, what stands above a scan sees a function of the rows that may be seen: the order in
//! which they are stored, cut into batches of one size and dealt out in turn. If units were given out as they are, the
//! first row of each, which `LIMIT 1` or `any_value` shows, would tell where half of the hidden rows lie.

pub(crate) mod dealt;
mod ordered;
pub(crate) mod taken;

use std::sync::Arc;

use datafusion::arrow::compute::{BatchCoalescer, filter_record_batch};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result as DataFusionResult;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties as _, SendableRecordBatchStream};
use futures::StreamExt as _;

use crate::cut::ROWS;
use crate::fault::Place;
use crate::open::Opener;
use crate::program::Program;

/// Rows of a batch whose cells are opened: members come again in it, and of each the key is fetched once a batch.
const OPENED_ROWS: usize = 4 * ROWS;

/// A scan to be read.
pub(crate) struct Reading {
    pub(crate) inner: Arc<dyn ExecutionPlan>,
    pub(crate) context: Arc<TaskContext>,
    pub(crate) program: Arc<Program>,
    pub(crate) opener: Arc<Opener>,
    pub(crate) place: Place,
    /// Rows that are wanted, if not all.
    pub(crate) limit: Option<usize>,
    /// Units that are read at once.
    pub(crate) width: usize,
}

impl Reading {
    fn units(&self) -> usize {
        self.inner.output_partitioning().partition_count()
    }
}

/// One unit that is being read, as rows are shown.
struct Unit {
    reading: Arc<Reading>,
    inner: SendableRecordBatchStream,
    /// Puts rows together until a batch is full, where that is needed.
    full: Option<BatchCoalescer>,
    ended: bool,
    /// Rows that are still wanted, if not all.
    left: Option<usize>,
}

impl Unit {
    fn open(reading: &Arc<Reading>, unit: usize, left: Option<usize>) -> DataFusionResult<Self> {
        let context = Arc::clone(&reading.context);
        let inner = reading.inner.execute(unit, context).map_err(|error| reading.place.inner(&error))?;
        let program = &reading.program;
        let rows = if program.opens_cells() { OPENED_ROWS } else { ROWS };
        let full = program.collects().then(|| BatchCoalescer::new(Arc::clone(program.kept()), rows));
        Ok(Self { reading: Arc::clone(reading), inner, full, ended: false, left })
    }

    /// Returns the next rows. Cells of rows that are not wanted are not opened.
    async fn next(&mut self) -> DataFusionResult<Option<RecordBatch>> {
        let reading = Arc::clone(&self.reading);
        while self.left != Some(0) {
            let Some(kept) = self.next_kept().await? else { return Ok(None) };
            let kept = limited(kept, &mut self.left);
            if kept.num_rows() > 0 {
                let shown = reading.program.show(kept, &reading.opener).await;
                return shown.map(Some).map_err(|fault| reading.place.fault(fault));
            }
        }
        Ok(None)
    }

    /// Returns the next rows that may be seen, as they are stored.
    async fn next_kept(&mut self) -> DataFusionResult<Option<RecordBatch>> {
        let place = &self.reading.place;
        let faulty = |error: ArrowError| place.fault(error.into());
        loop {
            if let Some(ready) = self.full.as_mut().and_then(BatchCoalescer::next_completed_batch) {
                return Ok(Some(ready));
            }
            if self.ended {
                return Ok(None);
            }
            let Some(batch) = self.inner.next().await else {
                self.ended = true;
                if let Some(full) = &mut self.full {
                    full.finish_buffered_batch().map_err(faulty)?;
                }
                continue;
            };
            let batch = batch.map_err(|error| place.inner(&error))?;
            let (batch, kept) = self.reading.program.keep(&batch).map_err(|fault| place.fault(fault))?;
            let Some(full) = &mut self.full else {
                return match &kept {
                    Some(kept) => filter_record_batch(&batch, kept).map(Some).map_err(faulty),
                    None => Ok(Some(batch)),
                };
            };
            match &kept {
                Some(kept) => full.push_batch_with_filter(batch, kept).map_err(faulty)?,
                None => full.push_batch(batch).map_err(faulty)?,
            }
            // Those that are wanted are there: nobody waits for a batch to be full.
            if self.left.is_some_and(|left| full.get_buffered_rows() >= left) {
                full.finish_buffered_batch().map_err(faulty)?;
            }
        }
    }
}

/// Cuts off the rows that are more than wanted.
fn limited(batch: RecordBatch, left: &mut Option<usize>) -> RecordBatch {
    let Some(left) = left else { return batch };
    let rows = batch.num_rows().min(*left);
    *left -= rows;
    if rows == batch.num_rows() { batch } else { batch.slice(0, rows) }
}

#[cfg(test)]
mod tests;
