//! RELEASE: differentially private aggregates for a partner, paid for before they are computed.
//!
//! The order of things: statement, permit, plan with its price and its name (query key); the price is reserved on every
//! budget that it touches, in one durable transaction; only then are the exact totals computed, noise is drawn, and the
//! answer is stored before it leaves. The same question of the same data finds the stored answer and costs nothing.
//!
//! INVARIANT: whatever fails after the price is reserved, the price stays spent.

use std::collections::BTreeMap;

use membrane_ledger::{ReserveRequest, Reserved, StoredRelease};
use membrane_model::{Action, ColumnName, Delta, Epsilon, Price, Purpose, RunId};
use membrane_privacy::MechanismSummary;
use membrane_query::{ReleaseAnswer, ReleaseOptions, ReleasePlan, Statement};

use super::budget::BudgetLine;
use super::caps::caps;
use super::run::{ActiveRun, RunHead, Work};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// What a partner asks.
#[derive(Debug, Clone, Default)]
pub struct ReleaseRequest {
    /// One SELECT with aggregates.
    pub sql: String,
    /// Why; the configuration's when not stated.
    pub purpose: Option<Purpose>,
    /// Epsilon of this release; the configuration's when not stated.
    pub epsilon: Option<f64>,
    /// Delta of this release; the configuration's when not stated.
    pub delta: Option<f64>,
    /// Groups in which one member may count; the contract's when not stated.
    pub groups_max: Option<u32>,
    /// Rows of one member that may count in one group; the contract's when not stated.
    pub rows_max: Option<u32>,
    /// Least and greatest value of one row of a summed column; the contract's when not stated.
    pub bounds: BTreeMap<ColumnName, (f64, f64)>,
    /// Only tell the price and the error bars.
    pub dry_run: bool,
}

/// What the partner gets.
#[derive(Debug)]
pub struct Released {
    /// The run.
    pub run: RunId,
    /// What the answer costs, or would cost.
    pub price: Price,
    /// What this request was charged: nothing for a dry run and for an answer that was paid before.
    pub charged: Price,
    /// Bounds, noise and error bars.
    pub mechanism: MechanismSummary,
    /// What is left of the partner's own budgets.
    pub budgets: Vec<BudgetLine>,
    /// The run in which the answer was drawn, when that was an earlier one.
    pub replay_of: Option<RunId>,
    /// The answer; none for a dry run.
    pub answer: Option<ReleaseAnswer>,
}

/// Answers a release, or tells its price.
///
/// # Errors
/// [`Failure`] when it is refused, cannot be bounded, is beyond the budget, or fails. The price stays spent when it
/// fails after it was reserved.
pub async fn release(ctx: &RequestCtx, hub: &Hub, request: ReleaseRequest) -> Result<Released, Failure> {
    let statement = Statement::parse(&request.sql, &ctx.limits);
    let purpose = match &request.purpose {
        Some(purpose) => purpose.clone(),
        None => hub.privacy().purpose.parse().map_err(|error| Failure::without_run(Error::Name(error)))?,
    };
    let head = RunHead {
        action: Action::Release,
        purpose: Some(purpose),
        job: if request.dry_run { "price release".to_owned() } else { "release".to_owned() },
        statement: statement.as_ref().ok().map(|statement| statement.redacted().to_owned()),
    };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let plan = match plan(&mut run, hub, statement, &request).await {
        Ok(plan) => plan,
        Err(error) => return Err(run.fail(error).await),
    };
    run.work = Work { inputs: plan.inputs().to_vec(), ..Work::default() };
    let edges = plan.edges().to_vec();
    match Box::pin(answer(ctx, hub, run.id(), plan, request.dry_run)).await {
        Ok(released) => {
            if let Some(answer) = &released.answer {
                run.work.rows_out = u64::try_from(answer.rows.len()).ok();
                run.work.edges = edges;
            }
            run.complete().await?;
            Ok(released)
        }
        Err(error) => Err(run.fail(error).await),
    }
}

async fn plan(
    run: &mut ActiveRun,
    hub: &Hub,
    statement: Result<Statement, membrane_query::QueryError>,
    request: &ReleaseRequest,
) -> Result<ReleasePlan, Error> {
    let statement = statement.map_err(Error::Query)?;
    let defaults = hub.privacy();
    let options = ReleaseOptions {
        epsilon: Epsilon::new(request.epsilon.unwrap_or(defaults.epsilon))?,
        delta: Delta::new(request.delta.unwrap_or(defaults.delta))?,
        groups_max: request.groups_max,
        rows_max: request.rows_max,
        cohort_min: defaults.cohort_min,
        bounds: request.bounds.clone(),
    };
    let permit = run.permit(hub, statement.tables().to_vec()).await?;
    hub.engine().plan_release(&permit, &statement, options).await.map_err(Error::Query)
}

async fn answer(
    ctx: &RequestCtx,
    hub: &Hub,
    run: RunId,
    plan: ReleasePlan,
    dry_run: bool,
) -> Result<Released, Error> {
    let (price, mechanism) = (plan.price(), plan.summary().clone());
    let scopes = caps(hub.privacy(), &ctx.principal, plan.private_dataset())?;
    if dry_run {
        let budgets = own_budgets(hub, &scopes).await?;
        let charged = Price::default();
        return Ok(Released { run, price, charged, mechanism, budgets, replay_of: None, answer: None });
    }
    let request = ReserveRequest {
        run,
        partner: ctx.principal.clone(),
        query_key: plan.query_key(),
        price,
        caps: scopes.clone(),
        now: ctx.now(),
    };
    let reserved = hub.ledger().reserve(&request).await.map_err(Error::Ledger)?;
    let (answer, charged, replay_of) = match reserved {
        Reserved::OverBudget { scope, remaining } => {
            count("over_budget");
            return Err(Error::OverBudget { scope, remaining, price });
        }
        Reserved::InFlight => return Err(Error::InFlight),
        Reserved::Replay(StoredRelease { run, answer, .. }) => {
            count("replayed");
            (ReleaseAnswer::from_bytes(&answer).map_err(Error::Query)?, Price::default(), Some(run))
        }
        Reserved::Granted(reservation) => {
            let drawn = plan.run().await.and_then(|answer| answer.to_bytes());
            match drawn {
                Ok(bytes) => {
                    // Stored, durably, before it leaves; what leaves is what was stored.
                    hub.ledger()
                        .commit_release(&reservation, &bytes, ctx.now())
                        .await
                        .map_err(Error::Record)?;
                    count("granted");
                    (ReleaseAnswer::from_bytes(&bytes).map_err(Error::Query)?, price, None)
                }
                Err(error) => {
                    // Closing the run burns it as well; this only says so at once.
                    if let Err(unrecorded) = hub.ledger().burn(&reservation).await {
                        tracing::error!(run.id = %run, "the reservation of run `{run}` could not be burned: {unrecorded}");
                    }
                    count("burned");
                    return Err(Error::Query(error));
                }
            }
        }
    };
    let budgets = own_budgets(hub, &scopes).await?;
    let mechanism = answer.mechanism.clone();
    Ok(Released { run, price, charged, mechanism, budgets, replay_of, answer: Some(answer) })
}

/// What is left for this partner. What all partners together spent is not for one of them to see.
async fn own_budgets(
    hub: &Hub,
    scopes: &[(membrane_ledger::Scope, Price)],
) -> Result<Vec<BudgetLine>, Error> {
    let mut lines = Vec::new();
    for (scope, cap) in scopes {
        if !matches!(scope, membrane_ledger::Scope::Dataset(_)) {
            let spent = hub.ledger().spent(scope).await.map_err(Error::Ledger)?;
            lines.push(BudgetLine { scope: scope.clone(), cap: *cap, spent });
        }
    }
    Ok(lines)
}

fn count(outcome: &'static str) {
    metrics::counter!("membrane_releases_total", "outcome" => outcome).increment(1);
}
