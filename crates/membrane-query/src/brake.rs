//! Stops a query that would not stop by itself.
//!
//! DataFusion's operators give way only when their inputs make them wait. A join does not: it may compare
//! billions of pairs, or hand out billions of rows, from two batches that it already holds. Meanwhile no timer of
//! its task fires and dropping its stream does nothing. A window does not either, and asks nobody for the memory that it
//! takes. So a query is given brakes:
//!
//! - a join's condition passes through [`BrakeFunction`], which fails when the time is over or the asker gone;
//! - a join's output passes through DataFusion's `CooperativeExec`, which gives way every so often;
//! - a window's input passes through [`guard::GuardExec`], which takes memory for it and fails when the time is over.
//!
//! [`physical`] makes a plan with all of them. Whatever runs rows of a principal goes through it.

mod guard;

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result as DataFusionResult;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ChildrenPropertiesMode, ExecutionPlan, ReplaceChildrenOptions};
use tokio::time::Instant;

use crate::fault::ScanFault;
use crate::scan::keep_order;

/// Says when a query has to stop.
#[derive(Debug)]
pub(crate) struct Brake {
    deadline: Instant,
    stopped: AtomicBool,
}

impl Brake {
    /// Makes a brake that is due at a moment.
    pub(crate) fn new(deadline: Instant) -> Arc<Self> {
        Arc::new(Self { deadline, stopped: AtomicBool::new(false) })
    }

    /// Returns when the query has to be over.
    pub(crate) const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Stops the query now: nobody waits for it any more.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn is_due(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || Instant::now() >= self.deadline
    }
}

/// Makes the plan that runs, of an analysed plan: optimised, with every brake in it, and in order where that is told.
pub(crate) async fn physical(
    state: &SessionState,
    plan: LogicalPlan,
    brake: &Arc<Brake>,
) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let optimised = state.optimizer().optimize(plan, state, |_, _| {})?;
    let braked = brake_joins(optimised, brake)?;
    let physical = state.query_planner().create_physical_plan(&braked, state).await?;
    keep_order(guard_windows(let_joins_yield(physical)?, brake)?)
}

/// Puts the brake into the conditions of joins, in an optimised plan.
pub(crate) fn brake_joins(plan: LogicalPlan, brake: &Arc<Brake>) -> DataFusionResult<LogicalPlan> {
    let function = Arc::new(ScalarUDF::new_from_impl(BrakeFunction::new(Arc::clone(brake))));
    let braked = plan.transform_up_with_subqueries(|node| {
        Ok(match node {
            LogicalPlan::Join(mut join) => match join.filter.take() {
                None => Transformed::no(LogicalPlan::Join(join)),
                Some(filter) => {
                    let call = ScalarFunction::new_udf(Arc::clone(&function), vec![filter]);
                    join.filter = Some(Expr::ScalarFunction(call));
                    Transformed::yes(LogicalPlan::Join(join))
                }
            },
            other => Transformed::no(other),
        })
    })?;
    Ok(braked.data)
}

/// Lets the outputs of joins give way.
pub(crate) fn let_joins_yield(plan: Arc<dyn ExecutionPlan>) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let yielding = plan.transform_up(|node| {
        Ok(if node.name().contains("Join") {
            Transformed::yes(Arc::new(CooperativeExec::new(node)) as Arc<dyn ExecutionPlan>)
        } else {
            Transformed::no(node)
        })
    })?;
    Ok(yielding.data)
}

/// Puts a guard in front of each window.
pub(crate) fn guard_windows(
    plan: Arc<dyn ExecutionPlan>,
    brake: &Arc<Brake>,
) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let guarded = plan.transform_up(|node| {
        if !node.is::<WindowAggExec>() && !node.is::<BoundedWindowAggExec>() {
            return Ok(Transformed::no(node));
        }
        let children = node.children().into_iter().map(Arc::clone).collect::<Vec<_>>();
        let width = node.schema().fields().len();
        let guarded = children.into_iter().map(|input| {
            let results = width.saturating_sub(input.schema().fields().len());
            let results = u64::try_from(results).unwrap_or(u64::MAX);
            Arc::new(guard::GuardExec::new(input, Arc::clone(brake), results)) as Arc<dyn ExecutionPlan>
        });
        let (guarded, anew) =
            (guarded.collect(), ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute));
        Ok(Transformed::yes(node.replace_children(guarded, anew)?))
    })?;
    Ok(guarded.data)
}

/// Passes its argument on, or fails when the brake is due. It is put in by [`brake_joins`] only: no statement can
/// name it.
#[derive(Debug)]
struct BrakeFunction {
    brake: Arc<Brake>,
    signature: Signature,
}

impl BrakeFunction {
    fn new(brake: Arc<Brake>) -> Self {
        Self { brake, signature: Signature::exact(vec![DataType::Boolean], Volatility::Immutable) }
    }
}

impl PartialEq for BrakeFunction {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.brake, &other.brake)
    }
}

impl Eq for BrakeFunction {}

impl Hash for BrakeFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.brake).hash(state);
    }
}

impl ScalarUDFImpl for BrakeFunction {
    fn name(&self) -> &'static str {
        "membrane_brake"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        if self.brake.is_due() {
            return Err(ScanFault::Time.into());
        }
        args.args
            .into_iter()
            .next()
            .ok_or_else(|| DataFusionError::Internal("the brake has one argument".to_owned()))
    }
}

#[cfg(test)]
mod tests;
