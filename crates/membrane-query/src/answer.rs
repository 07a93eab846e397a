//! The answer to a statement: a stream of batches under limits, and what there is to record about it.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, SendableRecordBatchStream};
use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use membrane_ledger::DatasetVersion;
use membrane_model::{Limits, LineageEdge, RevealLevel};

use crate::brake::Brake;
use crate::bytes::bytes_of;
use crate::error::QueryError;
use crate::sanitise::sanitise;

/// The answer to a statement.
pub struct Answer {
    /// The columns of the answer.
    pub schema: SchemaRef,
    /// The rows. The stream ends with an error when a limit is reached: an answer that was cut is told.
    pub stream: BoxStream<'static, Result<RecordBatch, QueryError>>,
    /// The dataset versions that are read. A dataset that was never written has none.
    pub inputs: Vec<DatasetVersion>,
    /// The columns as they are recorded.
    pub columns: Vec<AnswerColumn>,
    /// Where each column came from.
    pub edges: Vec<LineageEdge>,
    /// The digest of the plan, without literals; none when nothing was planned to be read.
    pub plan: Option<String>,
    /// Sealed cells that were opened: it counts up until the stream has ended.
    pub cells_opened: Arc<AtomicU64>,
}

/// A column of an answer as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerColumn {
    /// Its name, or `column_N` where the name could hold a value.
    pub name: String,
    /// The highest reveal level of a dataset column whose value flows into it; none for a constant or a count
    /// of rows.
    pub level: Option<RevealLevel>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("columns", &self.columns)
            .field("inputs", &self.inputs)
            .finish_non_exhaustive()
    }
}

/// Runs a plan under the limits of rows, bytes and time, with our errors in place of DataFusion's.
///
/// Each partition runs in a task of its own, a batch ahead: a timer of the asker fires also while a partition
/// computes. Dropping the stream ends them.
pub(crate) fn run(
    plan: &Arc<dyn ExecutionPlan>,
    context: &Arc<TaskContext>,
    limits: Limits,
    brake: Arc<Brake>,
) -> BoxStream<'static, Result<RecordBatch, QueryError>> {
    let partitions = plan.output_partitioning().partition_count();
    let mut tasks = RecordBatchReceiverStream::builder(plan.schema(), partitions.max(1));
    for partition in 0..partitions {
        let (plan, context, sender) = (Arc::clone(plan), Arc::clone(context), tasks.tx());
        tasks.spawn(async move {
            let mut stream = plan.execute(partition, context)?;
            drop(plan);
            while let Some(item) = stream.next().await {
                let failed = item.is_err();
                if sender.send(item).await.is_err() || failed {
                    break;
                }
            }
            Ok(())
        });
    }
    limited(tasks.build(), limits, brake)
}

fn limited(
    stream: SendableRecordBatchStream,
    limits: Limits,
    brake: Arc<Brake>,
) -> BoxStream<'static, Result<RecordBatch, QueryError>> {
    let start = Some(Running { stream, limits, brake, rows: 0, bytes: 0 });
    futures::stream::unfold(start, |running| async move {
        let mut running = running?;
        match running.next().await {
            None => None,
            Some(Ok(batch)) => Some((Ok(batch), Some(running))),
            // The plan is dropped with `running`: partitions still at work are aborted.
            Some(Err(error)) => Some((Err(error), None)),
        }
    })
    .boxed()
}

struct Running {
    stream: SendableRecordBatchStream,
    limits: Limits,
    brake: Arc<Brake>,
    rows: u64,
    bytes: u64,
}

impl Running {
    async fn next(&mut self) -> Option<Result<RecordBatch, QueryError>> {
        // A panic in a kernel ends this query and not the process; its text may quote a value.
        let next = AssertUnwindSafe(self.stream.next()).catch_unwind();
        let batch = match tokio::time::timeout_at(self.brake.deadline(), next).await {
            Err(_) => return Some(Err(QueryError::LimitSeconds { seconds_max: self.limits.seconds_max })),
            Ok(Err(_)) => return Some(Err(QueryError::Failed)),
            Ok(Ok(None)) => return None,
            Ok(Ok(Some(Err(error)))) => return Some(Err(sanitise(&error, &self.limits))),
            Ok(Ok(Some(Ok(batch)))) => batch,
        };
        self.rows = self.rows.saturating_add(u64::try_from(batch.num_rows()).unwrap_or(u64::MAX));
        self.bytes = self.bytes.saturating_add(bytes_of(&batch));
        if self.rows > self.limits.rows_max {
            return Some(Err(QueryError::LimitRows { rows_max: self.limits.rows_max }));
        }
        if self.bytes > self.limits.bytes_max {
            return Some(Err(QueryError::LimitBytes { bytes_max: self.limits.bytes_max }));
        }
        Some(Ok(batch))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.brake.stop();
    }
}

#[cfg(test)]
mod tests;
