//! How the plans of a release run: as those of a query do, with brakes, and so that what operators hold does not
//! depend on rows about members.
//!
//! Tables without subject are held on one side of each join (the left one, in one piece); rows about members pass
//! by on the other. So joins are neither turned round nor spread by hash, which would queue rows of members in
//! memory.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::catalog::default_table_source::source_as_provider;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::datasource::MemTable;
use datafusion::execution::SessionState;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, execute_stream};
use membrane_model::Limits;

use super::in_turn::in_turn;
use super::question::{Question, Table};
use super::scalar::is_total;
use crate::QueryError;
use crate::brake::Brake;
use crate::engine::braked_physical;
use crate::sanitise::sanitise;
use crate::scan::single;
use crate::session::user_session;
use crate::table::GovernedTable;

/// Stops what runs under a brake when nobody waits for it any more.
pub(super) struct StopOnDrop(pub(super) Arc<Brake>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Where the plans of one release run.
pub(super) struct Machine {
    pub(super) state: SessionState,
    pub(super) limits: Limits,
    pub(super) brake: Arc<Brake>,
}

/// How much more than what was counted joins may hold of tables that were made and counted before.
const POOL_FACTOR: usize = 2;

impl Machine {
    /// Makes the session in which a release runs. No table is in it: plans are made of providers.
    ///
    /// What is held of members is counted apart ([`super::exact`]), and whether it is too much is told with noise; so the
    /// pool of the session, which would tell exactly, is larger than what can be counted.
    pub(super) fn new(question: &Question, limits: &Limits, brake: &Arc<Brake>) -> Result<Self, QueryError> {
        let holds = |table: &Table| matches!(table, Table::Kept(_) | Table::PerMember(_));
        let factor = if question.tables.iter().any(holds) { POOL_FACTOR } else { 1 };
        let wide = Limits { memory_bytes_max: limits.memory_bytes_max.saturating_mul(factor), ..*limits };
        let mut state = user_session(Vec::new(), &wide)?;
        let optimizer = &mut state.config_mut().options_mut().optimizer;
        optimizer.join_reordering = false;
        optimizer.repartition_joins = false;
        optimizer.enable_round_robin_repartition = false;
        Ok(Self { state, limits: *limits, brake: Arc::clone(brake) })
    }

    /// Registers what is held.
    pub(super) fn memory(&self, name: &'static str) -> MemoryReservation {
        MemoryConsumer::new(name).register(&self.state.runtime_env().memory_pool)
    }

    /// Makes the plan that runs.
    pub(super) async fn physical(&self, plan: LogicalPlan) -> Result<Arc<dyn ExecutionPlan>, QueryError> {
        let Self { state, limits, brake } = self;
        check(&plan)?;
        let analysed = state
            .analyzer()
            .execute_and_check(plan, state.config_options(), |_, _| {})
            .map_err(|error| sanitise(&error, limits))?;
        let physical = braked_physical(analysed, state, limits, brake).await?;
        // With several partitions rows lie ready in memory, as many as the data make it.
        single(physical).and_then(in_turn).map_err(|error| sanitise(&error, limits))
    }

    /// Starts a plan.
    pub(super) async fn stream(&self, plan: LogicalPlan) -> Result<SendableRecordBatchStream, QueryError> {
        let physical = self.physical(plan).await?;
        execute_stream(physical, self.state.task_ctx()).map_err(|error| sanitise(&error, &self.limits))
    }
}

/// Refuses plans that are not made by [`super::rows`]: a last look at what runs, over whose shoulder nobody else looks.
fn check(plan: &LogicalPlan) -> Result<(), QueryError> {
    let mut fits = true;
    let walked = plan.apply(|node| {
        fits &= match node {
            LogicalPlan::Projection(_)
            | LogicalPlan::Filter(_)
            | LogicalPlan::Join(_)
            | LogicalPlan::Union(_)
            | LogicalPlan::SubqueryAlias(_) => true,
            LogicalPlan::TableScan(scan) => source_as_provider(&scan.source)
                .is_ok_and(|provider| provider.is::<GovernedTable>() || provider.is::<MemTable>()),
            _ => false,
        };
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                fits &= match part {
                    Expr::ScalarFunction(call) => is_total(&call.func),
                    Expr::Cast(cast) => *cast.field.data_type() == DataType::Utf8View,
                    Expr::Alias(_)
                    | Expr::Column(_)
                    | Expr::Literal(..)
                    | Expr::BinaryExpr(_)
                    | Expr::InList(_)
                    | Expr::Like(_)
                    | Expr::IsNull(_)
                    | Expr::Not(_)
                    | Expr::Case(_) => true,
                    _ => false,
                };
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    if fits && walked.is_ok() { Ok(()) } else { Err(QueryError::Failed) }
}
