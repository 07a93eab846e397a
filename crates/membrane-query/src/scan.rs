//! The governed scan: the one node that turns stored rows into shown ones.
//!
//! ```text
//! what the principal's plan sees          what is inside
//! ------------------------------          --------------
//! GovernedScanExec (a leaf)               inner Delta scan, in the trusted session, in many small units
//!   as many partitions as processors        -> row rule and leakproof conditions on originals, NULL hides
//!                                           -> masks; sealed cells opened for the batch
//!                                           -> arrays rebuilt
//!                                         units put in order, cut and dealt out to the partitions (crate::units)
//! ```
//!
//! A view with a row rule is no barrier: the optimiser merges the rule with the statement's own condition,
//! and `AND` evaluates its right side on rows that its left side hides. A division by zero there, or a cast
//! whose error prints the value, tells what the rule hides. Here the statement's expressions stand above a
//! leaf, whose rows have already passed the rule.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{Result as DataFusionResult, Statistics};
use datafusion::config::ConfigOptions;
use datafusion::error::DataFusionError;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::projection::ProjectionExpr;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation,
};
use datafusion::physical_plan::limit::{GlobalLimitExec, LocalLimitExec};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr,
    PlanProperties, ReplaceChildrenOptions, SendableRecordBatchStream, StatisticsArgs,
};

use crate::fault::Place;
use crate::open::Opener;
use crate::program::Program;
use crate::session::inner_context;
use crate::units::Reading;
use crate::units::dealt::Deal;
use crate::units::taken::Untaken;

const NAME: &str = "GovernedScanExec";

/// The physical scan of a governed table.
pub(crate) struct GovernedScanExec {
    inner: Arc<dyn ExecutionPlan>,
    program: Arc<Program>,
    parts: ScanParts,
    /// Runs of which not all partitions have been asked for.
    runs: Mutex<Vec<Run>>,
    properties: Arc<PlanProperties>,
}

/// What a governed scan works with, beside the scan inside it.
#[derive(Clone)]
pub(crate) struct ScanParts {
    pub(crate) trusted: Arc<SessionState>,
    pub(crate) opener: Arc<Opener>,
    pub(crate) place: Place,
    /// Rows that are wanted, if not all.
    pub(crate) limit: Option<usize>,
    /// Partitions. PRIVACY: as many as the asker's session has processors, whatever is stored.
    pub(crate) outputs: usize,
    /// What a planner may know of the rows that are given.
    pub(crate) known: Arc<Statistics>,
}

/// One run of a scan: its partitions share what is read. It is known by the context that they are run in, which is one
/// for all partitions of a plan.
struct Run {
    context: Weak<TaskContext>,
    rows: Rows,
    asked: Vec<bool>,
}

#[derive(Clone)]
enum Rows {
    Taken(Arc<Untaken>),
    Dealt(Arc<Deal>),
}

impl GovernedScanExec {
    /// Puts a program around an inner scan.
    pub(crate) fn new(inner: Arc<dyn ExecutionPlan>, program: Program, parts: ScanParts) -> Self {
        Self::over(inner, Arc::new(program), parts)
    }

    fn over(inner: Arc<dyn ExecutionPlan>, program: Arc<Program>, mut parts: ScanParts) -> Self {
        parts.outputs = parts.outputs.max(1);
        // PRIVACY: no order and no constants are claimed: the inner scan's come from hidden rows too.
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(program.shown())),
            Partitioning::UnknownPartitioning(parts.outputs),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { inner, program, parts, runs: Mutex::default(), properties: Arc::new(properties) }
    }

    /// Returns the scan with one partition when its order is to be kept: where a row rule hides rows.
    pub(crate) fn in_order(&self) -> Option<Self> {
        let parts = ScanParts { outputs: 1, ..self.parts.clone() };
        self.program
            .hides_rows()
            .then(|| Self::over(Arc::clone(&self.inner), Arc::clone(&self.program), parts))
    }

    fn rows(&self, context: &TaskContext) -> DataFusionResult<Rows> {
        let reading = Reading {
            inner: Arc::clone(&self.inner),
            context: inner_context(&self.parts.trusted, context.memory_pool())?,
            program: Arc::clone(&self.program),
            opener: Arc::clone(&self.parts.opener),
            place: self.parts.place.clone(),
            limit: self.parts.limit,
            width: context.session_config().target_partitions(),
        };
        Ok(if self.program.hides_rows() {
            Rows::Dealt(Deal::new(reading, self.parts.outputs))
        } else {
            Rows::Taken(Untaken::new(reading))
        })
    }

    /// Returns what a partition reads from, with the others of its run.
    fn rows_of(&self, partition: usize, context: &Arc<TaskContext>) -> DataFusionResult<Rows> {
        let fault = |text: &str| DataFusionError::Internal(text.to_owned());
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        // Of a run that was given up the context is gone.
        runs.retain(|run| run.context.strong_count() > 0);
        let known = runs.iter().position(|run| Weak::as_ptr(&run.context) == Arc::as_ptr(context));
        let mut run = match known {
            Some(place) => runs.swap_remove(place),
            None => Run {
                context: Arc::downgrade(context),
                rows: self.rows(context)?,
                asked: vec![false; self.parts.outputs],
            },
        };
        let asked = run.asked.get_mut(partition);
        let asked = asked.ok_or_else(|| fault("a governed scan has no partition of this number"))?;
        if std::mem::replace(asked, true) {
            return Err(fault("a partition of a governed scan was asked for twice in one run"));
        }
        let rows = run.rows.clone();
        // What all have asked for is theirs to keep and to drop.
        if run.asked.contains(&false) {
            runs.push(run);
        }
        Ok(rows)
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
        let shown = match self.rows_of(partition, &context)? {
            Rows::Taken(untaken) => untaken.output(),
            Rows::Dealt(deal) => deal.output(partition),
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), shown)))
    }

    // PRIVACY: the row counts of the inner scan count hidden rows. `metrics` stays at its default, none. What may be known
    // is known of the whole scan: how it is spread over partitions follows from files.

    fn statistics_from_inputs(
        &self,
        _input_stats: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> DataFusionResult<Arc<Statistics>> {
        Ok(match args.partition() {
            None => Arc::clone(&self.parts.known),
            Some(_) => Arc::new(Statistics::new_unknown(&self.schema())),
        })
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

/// Keeps the order of the rows of scans that hide rows, where an answer is made of such rows and nothing else.
///
/// PRIVACY: what each partition gives is a function of the rows that may be seen, but which of them comes first is a
/// question of time, and so of rows that are read and hidden. A plain SELECT has the same bytes in each run.
pub(crate) fn keep_order(plan: Arc<dyn ExecutionPlan>) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    if let Some(scan) = plan.downcast_ref::<GovernedScanExec>() {
        return Ok(scan.in_order().map_or_else(|| Arc::clone(&plan), |scan| Arc::new(scan)));
    }
    let passes = plan.is::<CooperativeExec>()
        || plan.is::<CoalescePartitionsExec>()
        || plan.is::<GlobalLimitExec>()
        || plan.is::<LocalLimitExec>()
        || plan.downcast_ref::<ProjectionExec>().is_some_and(|node| node.expr().iter().all(is_cheap));
    let children: Vec<_> = plan.children().into_iter().map(Arc::clone).collect();
    match <[_; 1]>::try_from(children) {
        Ok([child]) if passes => {
            let anew = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
            plan.replace_children(vec![keep_order(child)?], anew)
        }
        _ => Ok(plan),
    }
}

/// Gives every scan one partition: whoever must not depend on what is stored gets all rows from one hand, and nothing
/// lies ready for another.
pub(crate) fn single(plan: Arc<dyn ExecutionPlan>) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let single = |node: Arc<dyn ExecutionPlan>| {
        let scan = node.downcast_ref::<GovernedScanExec>().and_then(GovernedScanExec::in_order);
        Ok(match scan {
            Some(scan) => Transformed::yes(Arc::new(scan) as Arc<dyn ExecutionPlan>),
            None => Transformed::no(node),
        })
    };
    plan.transform_up(single).data()
}

/// A column or a constant: nothing that several processors would compute faster.
fn is_cheap(expression: &ProjectionExpr) -> bool {
    expression.expr.is::<Column>() || expression.expr.is::<Literal>()
}

#[cfg(test)]
mod tests;
