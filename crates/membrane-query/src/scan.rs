//! The governed scan: the one node that turns stored rows into shown ones.
//!
//! ```text
//! what the principal's plan sees          what is inside
//! ------------------------------          --------------
//! GovernedScanExec (a leaf)               inner Delta scan, in the trusted session, partition by partition
//!                                           -> row rule and leakproof conditions on originals, NULL hides
//!                                           -> masks; sealed cells opened for the batch
//!                                           -> arrays rebuilt
//!                                         partitions put together in their order (crate::units)
//!                                           -> batches of one size (crate::cut)
//! ```
//!
//! A view with a row rule is no barrier: the optimiser merges the rule with the statement's own condition,
//! and `AND` evaluates its right side on rows that its left side hides. A division by zero there, or a cast
//! whose error prints the value, tells what the rule hides. Here the statement's expressions stand above a
//! leaf, whose rows have already passed the rule. It has one partition, whatever the stored table has: which rows come
//! together, and in which order, is a matter of the rows that may be seen. DataFusion deals them out above.

use std::fmt;
use std::sync::Arc;

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
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr,
    PlanProperties, ReplaceChildrenOptions, SendableRecordBatchStream, StatisticsArgs,
};

use crate::cut::cut;
use crate::fault::Place;
use crate::open::Opener;
use crate::program::Program;
use crate::session::inner_context;
use crate::units::{self, Reading};

const NAME: &str = "GovernedScanExec";

/// The physical scan of a governed table.
pub(crate) struct GovernedScanExec {
    inner: Arc<dyn ExecutionPlan>,
    program: Arc<Program>,
    trusted: Arc<SessionState>,
    opener: Arc<Opener>,
    place: Place,
    limit: Option<usize>,
    properties: Arc<PlanProperties>,
}

/// What a governed scan works with, beside the scan inside it.
pub(crate) struct ScanParts {
    pub(crate) trusted: Arc<SessionState>,
    pub(crate) opener: Arc<Opener>,
    pub(crate) place: Place,
    /// Rows that are wanted, if not all.
    pub(crate) limit: Option<usize>,
}

impl GovernedScanExec {
    /// Puts a program around an inner scan.
    pub(crate) fn new(inner: Arc<dyn ExecutionPlan>, program: Program, parts: ScanParts) -> Self {
        // PRIVACY: no order and no constants are claimed: the inner scan's come from hidden rows too.
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(program.shown())),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let ScanParts { trusted, opener, place, limit } = parts;
        let (program, properties) = (Arc::new(program), Arc::new(properties));
        Self { inner, program, trusted, opener, place, limit, properties }
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
        if partition > 0 {
            return Err(DataFusionError::Internal("a governed scan has one partition".to_owned()));
        }
        let shown = units::read(Reading {
            inner: Arc::clone(&self.inner),
            context: inner_context(&self.trusted, context.memory_pool())?,
            program: Arc::clone(&self.program),
            opener: Arc::clone(&self.opener),
            place: self.place.clone(),
            limit: self.limit,
            width: context.session_config().target_partitions(),
        });
        let shown = Box::pin(RecordBatchStreamAdapter::new(self.schema(), shown));
        // Rows without columns are counted and nothing else.
        Ok(if self.schema().fields().is_empty() { shown } else { cut(shown) })
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

#[cfg(test)]
mod tests;
