//! How the plans of a release run: as those of a query do, with brakes, and so that what operators hold does not
//! depend on rows about members.
//!
//! Tables that were made are held on one side of each join (the left one, in one piece); rows about members pass
//! by on the other. So joins are neither put in another order nor turned round nor spread by hash, which would queue rows of
//! members in memory; what comes of a plan is looked at before it runs.

use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::datatypes::DataType;
use datafusion::catalog::default_table_source::source_as_provider;
use datafusion::common::Result as DataFusionResult;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::datasource::MemTable;
use datafusion::execution::SessionState;
use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, execute_stream};
use membrane_model::Limits;
use tokio::time::Instant;

use super::in_turn::in_turn;
use super::scalar::is_total;
use crate::QueryError;
use crate::brake::Brake;
use crate::engine::braked_physical;
use crate::sanitise::sanitise;
use crate::scan::{GovernedScanExec, single};
use crate::session::release_session;
use crate::table::GovernedTable;

/// Stops what runs under a brake when nobody waits for it any more.
pub(super) struct StopOnDrop(pub(super) Arc<Brake>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// A year: no clock overflows on it, and no release takes longer.
const SECONDS_MAX: u64 = 31_536_000;

/// Makes the brake of what may take as long as a request may.
pub(super) fn brake_of(limits: &Limits) -> Arc<Brake> {
    Brake::new(Instant::now() + Duration::from_secs(limits.seconds_max.min(SECONDS_MAX)))
}

/// Where the plans of one release run.
pub(super) struct Machine {
    pub(super) state: SessionState,
    pub(super) limits: Limits,
    pub(super) brake: Arc<Brake>,
    /// What may be counted.
    pool: Arc<dyn MemoryPool>,
    /// What tables without subject take, half of it at most, until the release has run.
    pub(super) without_subject: MemoryReservation,
}

impl Machine {
    /// Makes the session in which a release runs. No table is in it: plans are made of providers.
    ///
    /// What is held is counted apart, of members with noise ([`super::exact`]) and of datasets without subject
    /// ([`super::made`]); no operator is refused memory for what was counted.
    pub(super) fn new(limits: &Limits, brake: &Arc<Brake>) -> Result<Self, QueryError> {
        let pool = |bytes: usize| -> Arc<dyn MemoryPool> { Arc::new(GreedyMemoryPool::new(bytes)) };
        let half = pool(limits.memory_bytes_max / 2);
        Ok(Self {
            state: release_session(limits)?,
            limits: *limits,
            brake: Arc::clone(brake),
            pool: pool(limits.memory_bytes_max),
            without_subject: MemoryConsumer::new("tables without subject").register(&half),
        })
    }

    /// Returns how many processors there are.
    pub(super) fn processors(&self) -> usize {
        self.state.config().target_partitions()
    }

    /// Registers what is held.
    pub(super) fn memory(&self, name: &'static str) -> MemoryReservation {
        MemoryConsumer::new(name).register(&self.pool)
    }

    /// Makes the plan that runs.
    pub(super) async fn physical(&self, plan: LogicalPlan) -> Result<Arc<dyn ExecutionPlan>, QueryError> {
        let Self { state, limits, brake, .. } = self;
        check(&plan)?;
        let pairs = pairs_of(&plan)?;
        let analysed = state
            .analyzer()
            .execute_and_check(plan, state.config_options(), |_, _| {})
            .map_err(|error| sanitise(&error, limits))?;
        let physical = braked_physical(analysed, state, limits, brake).await?;
        // With several partitions rows lie ready in memory, as many as the data make it.
        let physical = single(physical).and_then(in_turn).map_err(|error| sanitise(&error, limits))?;
        check_joins(&physical, pairs)?;
        Ok(physical)
    }

    /// Starts a plan.
    pub(super) async fn stream(&self, plan: LogicalPlan) -> Result<SendableRecordBatchStream, QueryError> {
        let physical = self.physical(plan).await?;
        execute_stream(physical, self.state.task_ctx()).map_err(|error| sanitise(&error, &self.limits))
    }
}

/// Returns how many pairs of values must be equal in all joins of a plan.
fn pairs_of(plan: &LogicalPlan) -> Result<usize, QueryError> {
    let mut pairs: usize = 0;
    let walked = plan.apply(|node| {
        if let LogicalPlan::Join(join) = node {
            pairs = pairs.saturating_add(join.on.len());
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.map(|_| pairs).map_err(|_| QueryError::Failed)
}

/// Refuses a plan whose joins are not those that were planned: each holds its left side, on which no stored row is, and
/// compares all that it was told to.
fn check_joins(plan: &Arc<dyn ExecutionPlan>, pairs: usize) -> Result<(), QueryError> {
    let (mut fits, mut found): (bool, usize) = (true, 0);
    let walked = plan.apply(|node| {
        if let Some(join) = node.downcast_ref::<HashJoinExec>() {
            fits &= *join.partition_mode() == PartitionMode::CollectLeft && !reads_stored_rows(join.left())?;
            found = found.saturating_add(join.on().len());
        } else {
            fits &= !node.name().contains("Join");
        }
        Ok(TreeNodeRecursion::Continue)
    });
    if fits && found == pairs && walked.is_ok() { Ok(()) } else { Err(QueryError::Failed) }
}

/// Tells whether a plan reads stored rows, and not only tables that were made.
fn reads_stored_rows(plan: &Arc<dyn ExecutionPlan>) -> DataFusionResult<bool> {
    plan.exists(|node| Ok(node.is::<GovernedScanExec>()))
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
