//! The rows of a table of `system`, page by page: each page is a batch, and is forgotten when the next one is asked for.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result as DataFusionResult;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use membrane_ledger::{LedgerError, RunDetail, RunMark, RunRecord, RunWindow};
use tracing::error;

use super::rows::Rows;
use super::{
    Record, SystemTable, columns, datasets, decision_columns, decisions, lineage, quality, releases, runs,
};
use crate::bytes::bytes_of;
use crate::fault::ScanFault;

/// Runs of which one page is made.
const RUNS: u32 = 256;
/// The same where one run has many rows.
const RUNS_WITH_MORE: u32 = 64;

/// Batches, as they are made.
pub(super) type Batches = BoxStream<'static, Result<RecordBatch, ScanFault>>;

/// The one partition of a table.
pub(super) struct Pages {
    table: SystemTable,
    record: Arc<Record>,
    schema: SchemaRef,
    window: RunWindow,
}

impl Pages {
    pub(super) const fn new(
        table: SystemTable,
        record: Arc<Record>,
        schema: SchemaRef,
        window: RunWindow,
    ) -> Self {
        Self { table, record, schema, window }
    }

    fn batches(&self) -> Batches {
        let record = Arc::clone(&self.record);
        let of_runs =
            |detail, runs_max, add| by_run(Arc::clone(&record), self.window, (detail, runs_max), add);
        match self.table {
            SystemTable::Columns => stream::iter([columns::rows(&record)]).boxed(),
            SystemTable::Datasets => stream::iter([datasets::rows(&record)]).boxed(),
            SystemTable::Quality => quality::batches(&record, self.window),
            SystemTable::Runs => of_runs(RunDetail::Head, RUNS, runs::page),
            SystemTable::Decisions => of_runs(RunDetail::Decisions, RUNS, decisions::page),
            SystemTable::Releases => of_runs(RunDetail::Releases, RUNS, releases::page),
            SystemTable::DecisionColumns => {
                of_runs(RunDetail::Decisions, RUNS_WITH_MORE, decision_columns::page)
            }
            SystemTable::Lineage => of_runs(RunDetail::Edges, RUNS_WITH_MORE, lineage::page),
        }
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pages").field(&self.table).finish()
    }
}

impl PartitionStream for Pages {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let held = MemoryConsumer::new("record").register(context.memory_pool());
        let batches = self.batches().map_err(DataFusionError::from).map(move |batch| hold(&held, batch?));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}

/// Takes memory for a page in place of the one before.
fn hold(held: &MemoryReservation, batch: RecordBatch) -> DataFusionResult<RecordBatch> {
    held.free();
    held.try_grow(usize::try_from(bytes_of(&batch)).unwrap_or(usize::MAX))?;
    Ok(batch)
}

/// Makes the rows of a page of runs.
type MakePage = fn(&[RunRecord], &Record) -> Result<Rows, ScanFault>;

fn by_run(
    record: Arc<Record>,
    window: RunWindow,
    (detail, runs_max): (RunDetail, u32),
    page: MakePage,
) -> Batches {
    stream::try_unfold(Some(None), move |next: Option<Option<RunMark>>| {
        let record = Arc::clone(&record);
        async move {
            let Some(before) = next else { return Ok(None) };
            let runs = record.ledger.page_of_runs(&window, detail, before, runs_max).await.map_err(unread)?;
            let Some(last) = runs.last() else { return Ok(None) };
            let next = Some(Some(RunMark { at: last.started, run: last.run }));
            Ok(Some((page(&runs, &record)?.finish()?, next)))
        }
    })
    .boxed()
}

/// Logs why the record could not be read, for operators; the asker learns only that it was so.
pub(super) fn unread(error: LedgerError) -> ScanFault {
    error!(%error, "the record could not be read for a statement: {error}");
    ScanFault::Record
}
