//! How the plans of a release run: as those of a query do, with brakes, and so that what operators hold does not
//! depend on rows about members.
//!
//! Tables without subject are held on one side of each join (the left one, in one piece); rows about members pass
//! by on the other. So joins are neither turned round nor spread by hash, which would queue rows of members in
//! memory.

use std::sync::Arc;

use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, execute_stream};
use membrane_model::Limits;

use crate::QueryError;
use crate::brake::Brake;
use crate::engine::braked_physical;
use crate::sanitise::sanitise;
use crate::scan::single;
use crate::session::user_session;

/// Stops what runs under a brake when nobody waits for it any more.
pub(super) struct StopOnDrop(pub(super) Arc<Brake>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Makes the session in which a release runs. No table is in it: plans are made of providers.
pub(super) fn session(limits: &Limits) -> Result<SessionState, QueryError> {
    let mut state = user_session(Vec::new(), limits)?;
    let optimizer = &mut state.config_mut().options_mut().optimizer;
    optimizer.join_reordering = false;
    optimizer.repartition_joins = false;
    optimizer.enable_round_robin_repartition = false;
    Ok(state)
}

/// Makes the plan that runs.
pub(super) async fn physical(
    plan: LogicalPlan,
    state: &SessionState,
    limits: &Limits,
    brake: &Arc<Brake>,
) -> Result<Arc<dyn ExecutionPlan>, QueryError> {
    let analysed = state
        .analyzer()
        .execute_and_check(plan, state.config_options(), |_, _| {})
        .map_err(|error| sanitise(&error, limits))?;
    let physical = braked_physical(analysed, state, limits, brake).await?;
    // With several partitions rows lie ready in memory, as many as the data make it.
    single(physical).map_err(|error| sanitise(&error, limits))
}

/// Starts a plan.
pub(super) async fn stream(
    plan: LogicalPlan,
    state: &SessionState,
    limits: &Limits,
    brake: &Arc<Brake>,
) -> Result<SendableRecordBatchStream, QueryError> {
    let physical = physical(plan, state, limits, brake).await?;
    execute_stream(physical, state.task_ctx()).map_err(|error| sanitise(&error, limits))
}
