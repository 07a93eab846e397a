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
    Record, SystemTable, anomalies, audit, columns, columns_read, datasets, decision_columns, decisions,
    grants, lineage, policies, policy_versions, quality, releases, runs,
};
use crate::bytes::bytes_of;
use crate::fault::ScanFault;

/// Runs of which the first page is made, and one page at most.
const RUNS_FIRST: u32 = 16;
const RUNS_MAX: u32 = 1000;
/// Rows that a page is to have: runs have one row or thousands, and the next page is made of so many as the last one says. What one run has stays
/// together.
const ROWS: usize = 4096;

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
        let of_runs = |detail, page| by_run(Arc::clone(&record), self.window.clone(), detail, page);
        match self.table {
            SystemTable::Anomalies => anomalies::batches(&record, &self.window),
            SystemTable::Columns => stream::iter([columns::rows(&record)]).boxed(),
            SystemTable::Datasets => stream::iter([datasets::rows(&record)]).boxed(),
            SystemTable::Grants => stream::iter([grants::rows(&record)]).boxed(),
            SystemTable::Policies => stream::iter([policies::rows(&record)]).boxed(),
            SystemTable::PolicyVersions => stream::iter([policy_versions::versions(&record)]).boxed(),
            SystemTable::PolicyFiles => by_publication(record),
            SystemTable::Audit => audit::batches(&record, &self.window),
            SystemTable::Quality => quality::batches(&record, &self.window),
            SystemTable::Runs => of_runs(RunDetail::Head, runs::page),
            SystemTable::Decisions => of_runs(RunDetail::Decisions, decisions::page),
            SystemTable::Releases => of_runs(RunDetail::Releases, releases::page),
            SystemTable::DecisionColumns => of_runs(RunDetail::Decisions, decision_columns::page),
            SystemTable::Lineage => of_runs(RunDetail::Edges, lineage::page),
            SystemTable::ColumnsRead => of_runs(RunDetail::Reads, columns_read::page),
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

fn by_run(record: Arc<Record>, window: RunWindow, detail: RunDetail, page: MakePage) -> Batches {
    stream::try_unfold((None, RUNS_FIRST), move |(before, count): (Option<RunMark>, u32)| {
        let (record, window) = (Arc::clone(&record), window.clone());
        async move {
            let runs = record.ledger.page_of_runs(&window, detail, before, count).await.map_err(unread)?;
            let Some(last) = runs.last() else { return Ok(None) };
            let mark = RunMark { at: last.started, run: last.run };
            let batch = page(&runs, &record)?.finish()?;
            let next = (Some(mark), next_count(runs.len(), batch.num_rows()));
            Ok(Some((batch, next)))
        }
    })
    .boxed()
}

/// The files of what was published, one publication after the other.
fn by_publication(record: Arc<Record>) -> Batches {
    stream::iter(0..record.parts.facts.publications.len())
        .map(move |index| {
            let one = record.parts.facts.publications.get(index).ok_or(ScanFault::Record)?;
            policy_versions::files(one)
        })
        .boxed()
}

/// Returns of how many runs the next page is made, when so many had so many rows.
fn next_count(runs: usize, rows: usize) -> u32 {
    let count = runs.saturating_mul(ROWS) / rows.max(1);
    u32::try_from(count).unwrap_or(RUNS_MAX).clamp(1, RUNS_MAX)
}

/// Logs why the record could not be read, for operators; the asker learns only that it was so.
pub(super) fn unread(error: LedgerError) -> ScanFault {
    error!(%error, "the record could not be read for a statement: {error}");
    ScanFault::Record
}

#[cfg(test)]
mod tests {
    use super::{RUNS_MAX, next_count};

    #[test]
    fn a_page_has_so_many_runs_as_their_rows_allow() {
        assert_eq!(next_count(16, 16), RUNS_MAX);
        assert_eq!(next_count(16, 16 * 8), 512);
        assert_eq!(next_count(16, 16 * 5000), 1);
        assert_eq!([next_count(1, 0), next_count(0, 0)], [RUNS_MAX, 1]);
    }
}
