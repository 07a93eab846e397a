//! Many draws of one release, with rows read once: how exact releases are, measured.
//!
//! Every draw is made as if it were the only one: with a pilot of its own where bounds are open, with bounds chosen from
//! what that found, with noise of its own. Only the reading of rows is shared.
//!
//! PRIVACY: each draw costs what a release costs, and the price of all of them is reserved before the first row is read
//! (`flow::rehearse`). Nothing of it is an answer: no door calls this (`tests/architecture.rs`).

use membrane_ledger::Reservation;
use membrane_policy::Permit;
use membrane_privacy::{MechanismSummary, PilotTotals};
use tokio::time::Instant;

use super::answer::ReleaseColumn;
use super::bounds::{FoundPilot, ReleaseOptions, widest};
use super::exact::Shards;
use super::plan::{PilotPlan, Planned, ReleasePlan, absorb, shape, until};
use crate::QueryError;
use crate::engine::Engine;
use crate::gate::Statement;

/// One draw.
#[derive(Debug, Clone)]
pub struct Rehearsed {
    /// The columns of the answer.
    pub columns: Vec<ReleaseColumn>,
    /// Its rows.
    pub rows: Vec<Vec<Option<String>>>,
    /// Bounds, noise and error bars.
    pub mechanism: MechanismSummary,
}

impl Engine {
    /// Draws a release so many times, for a price that was reserved for all of them.
    ///
    /// # Errors
    /// As [`Engine::plan_release`] and [`ReleasePlan::run`].
    pub async fn rehearse(
        &self,
        permit: &Permit,
        statement: &Statement,
        options: ReleaseOptions,
        (_paid, draws): (&Reservation, u32),
        deadline: Instant,
    ) -> Result<Vec<Rehearsed>, QueryError> {
        let pilot = match self.plan_release(permit, statement, options.clone()).await? {
            Planned::Pilot(pilot) => Some(counted(&pilot, deadline).await?).map(|totals| (pilot, totals)),
            Planned::Release(_) => None,
        };
        let mut rows: Option<Shards> = None;
        let mut drawn = Vec::new();
        for _ in 0..draws {
            let mut options = options.clone();
            if let Some((pilot, totals)) = &pilot {
                let report = pilot.pilot.release(totals).map_err(QueryError::Privacy)?;
                options.pilot = Some(FoundPilot { report, is_own: true });
            }
            let Planned::Release(plan) = self.plan_release(permit, statement, options).await? else {
                return Err(QueryError::Failed);
            };
            let exact = match rows.take() {
                Some(exact) => exact,
                None => read(&plan, pilot.is_some(), deadline).await?,
            };
            let (exact, one) = draw(*plan, exact).await?;
            rows = Some(exact);
            drawn.push(one);
        }
        Ok(drawn)
    }
}

/// Counts members for a pilot, once.
async fn counted(plan: &PilotPlan, deadline: Instant) -> Result<PilotTotals, QueryError> {
    until(deadline, |brake| async move {
        let (spec, source) = (plan.pilot.spec(), &plan.source);
        let limit = plan.pilot.draw_size_limit()?;
        let sampling = source.sampling.clone();
        let found =
            absorb(&plan.question, (spec, limit), &source.providers, sampling, &source.limits, &brake)
                .await?;
        found.finish_pilot(&plan.pilot)
    })
    .await
}

/// Reads the rows of a release; where bounds are open, as much of each member as any choice can let in.
async fn read(plan: &ReleasePlan, is_open: bool, deadline: Instant) -> Result<Shards, QueryError> {
    until(deadline, |brake| async move {
        let (question, source) = (&plan.question, &plan.source);
        let limit = plan.mechanism.draw_size_limit()?;
        let spec = plan.mechanism.spec();
        let wide = if is_open { widest(spec) } else { spec.clone() };
        let sampling = source.sampling.clone();
        absorb(question, (&wide, limit), &source.providers, sampling, &source.limits, &brake).await
    })
    .await
}

/// Draws once.
async fn draw(plan: ReleasePlan, exact: Shards) -> Result<(Shards, Rehearsed), QueryError> {
    let work = tokio::task::spawn_blocking(move || {
        let ReleasePlan { question, mechanism, summary, .. } = plan;
        let released = mechanism.release(&exact.totals(&mechanism)?)?;
        let (columns, rows) = shape(&question, &mechanism, &released)?;
        Ok((exact, Rehearsed { columns, rows, mechanism: summary }))
    });
    work.await.map_err(|_| QueryError::Failed)?
}
