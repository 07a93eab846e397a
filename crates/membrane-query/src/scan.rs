//! The governed scan: the one node that turns stored rows into shown ones.
//!
//! ```text
//! what the principal's plan sees          what is inside
//! ------------------------------          --------------
//! GovernedScanExec (a leaf)               inner Delta scan, in the trusted session
//!                                           -> row rule on originals, NULL hides
//!                                           -> masks; sealed cells opened for the batch
//!                                           -> arrays rebuilt
//! ```
//!
//! A view with a row rule is no barrier: the optimiser merges the rule with the statement's own condition,
//! and `AND` evaluates its right side on rows that its left side hides. A division by zero there, or a cast
//! whose error prints the value, tells what the rule hides. Here the statement's expressions stand above a
//! leaf, whose rows have already passed the rule.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result as DataFusionResult, Statistics};
use datafusion::config::ConfigOptions;
use datafusion::error::DataFusionError;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties,
    Partitioning, PhysicalExpr, PlanProperties, ReplaceChildrenOptions, SendableRecordBatchStream,
    StatisticsArgs,
};
use futures::{StreamExt as _, TryStreamExt as _};

use crate::fault::inner_fault;
use crate::open::Opener;
use crate::program::Program;
use crate::session::inner_context;

const NAME: &str = "GovernedScanExec";

/// The physical scan of a governed table.
pub(crate) struct GovernedScanExec {
    inner: Arc<dyn ExecutionPlan>,
    program: Arc<Program>,
    trusted: Arc<SessionState>,
    opener: Arc<Opener>,
    properties: Arc<PlanProperties>,
}

impl GovernedScanExec {
    /// Puts a program around an inner scan.
    pub(crate) fn new(
        inner: Arc<dyn ExecutionPlan>,
        program: Program,
        shown: SchemaRef,
        trusted: Arc<SessionState>,
        opener: Arc<Opener>,
    ) -> Self {
        let partitions = inner.output_partitioning().partition_count();
        // PRIVACY: no order and no constants are claimed: the inner scan's come from hidden rows too.
        let properties = PlanProperties::new(
            EquivalenceProperties::new(shown),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { inner, program: Arc::new(program), trusted, opener, properties: Arc::new(properties) }
    }
}

impl fmt::Debug for GovernedScanExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
    }
}

impl DisplayAs for GovernedScanExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
    }
}

impl ExecutionPlan for GovernedScanExec {
    fn name(&self) -> &'static str {
        NAME
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    // A leaf: what is inside is nobody's business, no rule's, no display's, no codec's.
    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
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
        if children.is_empty() {
            Ok(self)
        } else {
            Err(DataFusionError::Internal("a governed scan has no children".to_owned()))
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
        let inner_context = inner_context(&self.trusted, context.memory_pool())?;
        let inner = self.inner.execute(partition, inner_context).map_err(|error| inner_fault(&error))?;
        let (program, opener) = (Arc::clone(&self.program), Arc::clone(&self.opener));
        let shown = inner
            .map_err(|error| inner_fault(&error))
            .and_then(move |batch| {
                let (program, opener) = (Arc::clone(&program), Arc::clone(&opener));
                async move { program.run(batch, &opener).await.map_err(DataFusionError::from) }
            })
            .try_filter(|batch| futures::future::ready(batch.num_rows() > 0))
            .boxed();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), shown)))
    }

    // PRIVACY: the row counts of the inner scan count hidden rows. `metrics` stays at its default, none.

    fn statistics_from_inputs(
        &self,
        _input_stats: &[Arc<Statistics>],
        _args: &StatisticsArgs,
    ) -> DataFusionResult<Arc<Statistics>> {
        Ok(Arc::new(Statistics::new_unknown(&self.schema())))
    }

    // Filters made at run time (joins, TopK) stay above: they are evaluated by whoever made them.
    fn handle_child_pushdown_result(
        &self,
        _phase: FilterPushdownPhase,
        result: ChildPushdownResult,
        _config: &ConfigOptions,
    ) -> DataFusionResult<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        Ok(FilterPushdownPropagation::all_unsupported(result))
    }
}
