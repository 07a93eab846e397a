//! Keeps window functions within the memory and the time of their query.
//!
//! DataFusion's window operators collect batches without asking the memory pool, and compute all rows of a partition
//! while nobody can interrupt them. So what goes into them passes through [`GuardExec`], which takes memory for each
//! batch, for the results that will be made of it too, and looks at the brake. What a window has taken in is given
//! back when it is done: a window is limited by all that it reads.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result as DataFusionResult, Statistics};
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
    ReplaceChildrenOptions, SendableRecordBatchStream, StatisticsArgs,
};
use futures::StreamExt as _;

use super::Brake;
use crate::bytes::bytes_of;
use crate::fault::ScanFault;

const NAME: &str = "GuardExec";

/// Bytes of one value while its column is computed: a `ScalarValue` and its place in the column.
const RESULT_BYTES: u64 = 96;

/// Passes batches on, and takes memory for them.
#[derive(Debug)]
pub(super) struct GuardExec {
    input: Arc<dyn ExecutionPlan>,
    brake: Arc<Brake>,
    /// How many columns the window adds.
    results: u64,
    properties: Arc<PlanProperties>,
}

impl GuardExec {
    /// Puts a guard in front of a window that adds some columns.
    pub(super) fn new(input: Arc<dyn ExecutionPlan>, brake: Arc<Brake>, results: u64) -> Self {
        let properties = Arc::clone(input.properties());
        Self { input, brake, results, properties }
    }

    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }
}

impl DisplayAs for GuardExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
    }
}

impl ExecutionPlan for GuardExec {
    fn name(&self) -> &'static str {
        NAME
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DataFusionResult<TreeNodeRecursion>,
    ) -> DataFusionResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        match <[_; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(Self::new(input, Arc::clone(&self.brake), self.results))),
            Err(_) => Err(DataFusionError::Internal("a guard has one child".to_owned())),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> DataFusionResult<SendableRecordBatchStream> {
        let reservation = MemoryConsumer::new("window").register(context.memory_pool());
        let (brake, results) = (Arc::clone(&self.brake), self.results);
        let guarded = self.input.execute(partition, context)?.map(move |batch| {
            let batch = batch?;
            if brake.is_due() {
                return Err(ScanFault::Time.into());
            }
            let rows = u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
            // Once as it came, once more when the window puts its batches together.
            let taken = bytes_of(&batch)
                .saturating_mul(2)
                .saturating_add(rows.saturating_mul(results).saturating_mul(RESULT_BYTES));
            // The stream holds the reservation, and the window holds the stream until it is done.
            reservation.try_grow(usize::try_from(taken).unwrap_or(usize::MAX))?;
            Ok(batch)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), guarded)))
    }

    fn statistics_from_inputs(
        &self,
        _input_stats: &[Arc<Statistics>],
        _args: &StatisticsArgs,
    ) -> DataFusionResult<Arc<Statistics>> {
        Ok(Arc::new(Statistics::new_unknown(&self.schema())))
    }
}
