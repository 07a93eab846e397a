//! Dry runs: what a release would cost, and how exact it would be.

use membrane_model::{Price, RunId};
use membrane_query::{PilotPlan, ReleasePlan};

use super::pilot::PilotTold;
use super::{Asked, Released, reuse};
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::flow::budget::own_left;
use crate::flow::caps::Held;
use crate::flow::reserve::is_stored;
use crate::hub::Hub;

/// Tells the price.
pub(super) async fn price(
    ctx: &RequestCtx,
    hub: &Hub,
    run: RunId,
    plan: &ReleasePlan,
    pilot: Option<PilotTold>,
) -> Result<Released, Error> {
    let (budgets, more) = own_left(ctx, hub, plan.private_datasets(), plan.price()).await?;
    let held = Held::now(ctx, hub).await?;
    let mut notes = plan.notes().to_vec();
    let stored = is_stored(hub, &plan.query_key()).await?;
    if let Some(found) = reuse::find(ctx, hub, plan, f64::INFINITY).await?.filter(|_| !stored) {
        notes.push(format!(
            "an answer of run {} holds these numbers for nothing, with error bars {:.2} times as wide: ask with `reuse`, or without \
             a price",
            found.run, found.reused.width
        ));
    }
    let closed = closed(&held, ctx);
    let most = held.release_max(&ctx.principal)?;
    if let Err(dear) = super::price::check(most, plan, pilot.as_ref(), stored) {
        notes.push(format!("it would be refused: {dear}"));
    }
    notes.extend(closed.or_else(|| short(more)).filter(|_| !stored));
    let summary = plan.summary();
    Ok(Released {
        run,
        price: super::price::whole(plan, pilot.as_ref())?,
        charged: Price::default(),
        epsilon: summary.epsilon,
        delta: summary.delta,
        mechanism: Some(summary.clone()),
        pilot,
        unit: plan.unit().clone(),
        notes,
        more: Some(more),
        budgets,
        forecasts: plan.forecasts().map_err(Error::Query)?,
        replay_of: None,
        answer: None,
        edition: None,
        sandbox: false,
        receipt: None,
    })
}

/// Says that nothing would be released, where that is so.
fn closed(held: &Held<'_>, ctx: &RequestCtx) -> Option<String> {
    held.is_closed(&ctx.principal).then(|| format!("it would be refused: {}", Error::BudgetClosed))
}

/// Says that nothing like this fits any more, where that is so.
fn short(more: u64) -> Option<String> {
    (more == 0).then(|| "it would be refused: what is left of a budget does not allow it".to_owned())
}

/// Tells the price of what needs a pilot first: nothing else is known yet.
pub(super) async fn pilot(
    ctx: &RequestCtx,
    hub: &Hub,
    run: RunId,
    plan: &PilotPlan,
    asked: &Asked,
) -> Result<Released, Error> {
    let (budgets, more) = own_left(ctx, hub, plan.private_datasets(), plan.whole()).await?;
    let held = Held::now(ctx, hub).await?;
    let mut notes = vec![format!(
        "no bounds are stated for what one member may add: a pilot finds them first, for {} of the price, and what it finds is \
         used by later questions of this form as well. To see error bars before anything is paid, state groups_max, rows_max \
         and bounds",
        plan.price()
    )];
    let most = held.release_max(&ctx.principal)?;
    if let Err(dear) = super::price::check_amount(most, plan.whole(), |_| None) {
        notes.push(format!("it would be refused: {dear}"));
    }
    notes.extend(closed(&held, ctx).or_else(|| short(more)));
    let delta = asked.options.delta;
    Ok(Released {
        run,
        price: plan.whole(),
        charged: Price::default(),
        epsilon: plan.epsilon().map_err(Error::Query)?,
        delta: delta.get(),
        mechanism: None,
        pilot: Some(PilotTold { price: plan.price(), is_own: true }),
        unit: plan.unit().clone(),
        notes,
        more: Some(more),
        budgets,
        forecasts: Vec::new(),
        replay_of: None,
        answer: None,
        edition: None,
        sandbox: false,
        receipt: None,
    })
}
