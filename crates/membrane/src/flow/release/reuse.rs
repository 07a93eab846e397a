//! Answers made of stored ones, for nothing.

use membrane_ledger::ReleaseRecord;
use membrane_model::{Price, RunId};
use membrane_query::{ReleaseAnswer, ReleasePlan, Reused};

use super::pilot::PilotTold;
use super::{Asked, Paid, Released, receipt};
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::flow::budget::own_left;
use crate::flow::run::Work;
use crate::hub::Hub;

/// Stored answers about the same rows that are looked through, at most.
const LOOKED_THROUGH: u32 = 16;

/// An answer that was made of a stored one.
pub(super) struct Found {
    pub(super) reused: Reused,
    /// The run in which the stored one was drawn, and what was paid for it.
    pub(super) run: RunId,
    pub(super) record: ReleaseRecord,
}

/// Finds the exactest answer that stored ones make; none when there is none whose error bars are at most so many times as wide
/// as those that are asked for.
pub(super) async fn find(
    ctx: &RequestCtx,
    hub: &Hub,
    plan: &ReleasePlan,
    width_max: f64,
) -> Result<Option<Found>, Error> {
    let mut best: Option<(Reused, RunId, Vec<u8>)> = None;
    for candidate in plan.candidates() {
        let stored = hub.ledger().releases_of_shape(&ctx.principal, candidate.basis(), LOOKED_THROUGH).await;
        for stored in stored.map_err(Error::Ledger)? {
            let answer = ReleaseAnswer::from_bytes(&stored.answer).map_err(Error::Query)?;
            let Some(reused) = plan.reuse(&answer, candidate).map_err(Error::Query)? else { continue };
            let least = best.as_ref().map_or(width_max, |(best, ..)| best.width);
            if reused.width <= least {
                best = Some((reused, stored.run, stored.answer));
            }
        }
    }
    let Some((reused, run, bytes)) = best else { return Ok(None) };
    let record = receipt::paid_for(hub, run, &bytes).await?;
    Ok(Some(Found { reused, run, record }))
}

/// Finds a stored answer of which this one can be made, where that is wanted.
pub(super) async fn wanted(
    ctx: &RequestCtx,
    hub: &Hub,
    asked: &Asked,
    plan: &ReleasePlan,
    stored: bool,
) -> Result<Option<Found>, Error> {
    let Some(width_max) = asked.width_max.filter(|_| !stored && asked.options.edition.is_none()) else {
        return Ok(None);
    };
    find(ctx, hub, plan, width_max).await
}

/// Gives an answer that was made of a stored one.
pub(super) async fn made(
    ctx: &RequestCtx,
    hub: &Hub,
    run: RunId,
    (plan, pilot, piloted): (ReleasePlan, Option<PilotTold>, Price),
    found: Found,
    work: &mut Work,
) -> Result<(Released, Paid), Error> {
    let plan_sha256 = plan.plan_hash().map_err(Error::Query)?;
    let paid = Paid { record: found.record, charged_in: None, plan_sha256 };
    let (answer, price) = (found.reused.answer, paid.record.price);
    work.rows_out = u64::try_from(answer.rows.len()).ok();
    work.edges = plan.edges().to_vec();
    let (budgets, more) = own_left(ctx, hub, plan.private_datasets(), plan.price()).await?;
    let mechanism = answer.mechanism.clone();
    let released = Released {
        run,
        price,
        charged: piloted,
        epsilon: mechanism.epsilon,
        delta: mechanism.delta,
        mechanism: Some(mechanism),
        pilot,
        unit: plan.unit().clone(),
        notes: answer.notes.clone(),
        more: Some(more),
        budgets,
        forecasts: Vec::new(),
        replay_of: Some(found.run),
        answer: Some(answer),
        edition: None,
        sandbox: false,
        receipt: None,
    };
    Ok((released, paid))
}
