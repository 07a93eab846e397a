//! Units that outputs take one after the other, whoever comes first: for scans that hide no row.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result as DataFusionResult;
use futures::StreamExt as _;
use futures::stream::BoxStream;

use super::{Reading, Unit};

/// The units of one run of a scan that nobody has taken yet.
pub(crate) struct Untaken {
    reading: Arc<Reading>,
    next: AtomicUsize,
}

impl Untaken {
    /// Begins to read a scan.
    pub(crate) fn new(reading: Reading) -> Arc<Self> {
        Arc::new(Self { reading: Arc::new(reading), next: AtomicUsize::new(0) })
    }

    /// Returns an output: it reads a unit where it is polled, and then takes the next one.
    pub(crate) fn output(self: &Arc<Self>) -> BoxStream<'static, DataFusionResult<RecordBatch>> {
        let start = Some(Taking { untaken: Arc::clone(self), unit: None, left: self.reading.limit });
        futures::stream::unfold(start, |taking| async move {
            let mut taking = taking?;
            match taking.next().await {
                Ok(Some(batch)) => Some((Ok(batch), Some(taking))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }
}

struct Taking {
    untaken: Arc<Untaken>,
    unit: Option<Unit>,
    left: Option<usize>,
}

impl Taking {
    async fn next(&mut self) -> DataFusionResult<Option<RecordBatch>> {
        let reading = &self.untaken.reading;
        loop {
            if let Some(unit) = &mut self.unit {
                if let Some(batch) = unit.next().await? {
                    return Ok(Some(batch));
                }
                // Each output gives what is wanted of all: the one above them counts.
                self.left = unit.left;
                self.unit = None;
            }
            if self.left == Some(0) {
                return Ok(None);
            }
            let next = self.untaken.next.fetch_add(1, Ordering::Relaxed);
            if next >= reading.units() {
                return Ok(None);
            }
            self.unit = Some(Unit::open(reading, next, self.left)?);
        }
    }
}
