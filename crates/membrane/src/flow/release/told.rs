//! Dry runs: what a release would cost, and how exact it would be.

use membrane_model::{Price, RunId};
use membrane_query::{PilotPlan, ReleasePlan};

use super::pilot::PilotTold;
use super::{Asked, Released, is_stored, reuse};
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::flow::budget::{own_lines, times_left};
use crate::flow::caps::caps;
use crate::hub::Hub;

/// Tells the price.
pub(super) async fn price(
    ctx: &RequestCtx,
    hub: &Hub,
    run: RunId,
    plan: &ReleasePlan,
    pilot: Option<PilotTold>,
) -> Result<Released, Error> {
    let scopes = caps(hub.privacy(), &ctx.principal, plan.private_datasets())?;
    let (_, budgets) = own_lines(ctx, hub, scopes).await?;
    let mut notes = plan.notes().to_vec();
    let stored = is_stored(hub, plan).await?;
    if let Some(found) = reuse::find(ctx, hub, plan, f64::INFINITY).await?.filter(|_| !stored) {
        notes.push(format!(
            "an answer of run {} holds these numbers for nothing, with error bars {:.2} times as wide: ask with `reuse`, or without \
             a price",
            found.run, found.reused.width
        ));
    }
    if let Err(dear) = super::price::check(ctx, hub, plan, pilot.as_ref(), stored) {
        notes.push(format!("it would be refused: {dear}"));
    }
    let more = times_left(&budgets, plan.price());
    if more == 0 && !stored {
        notes.push("it would be refused: what is left of a budget does not allow it".to_owned());
    }
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

/// Tells the price of what needs a pilot first: nothing else is known yet.
pub(super) async fn pilot(
    ctx: &RequestCtx,
    hub: &Hub,
    run: RunId,
    plan: &PilotPlan,
    asked: &Asked,
) -> Result<Released, Error> {
    let scopes = caps(hub.privacy(), &ctx.principal, plan.private_datasets())?;
    let (_, budgets) = own_lines(ctx, hub, scopes).await?;
    let mut notes = vec![format!(
        "no bounds are stated for what one member may add: a pilot finds them first, for {} of the price, and what it finds is \
         used by later questions of this form as well. To see error bars before anything is paid, state groups_max, rows_max \
         and bounds",
        plan.price()
    )];
    if let Err(dear) = super::price::check_amount(ctx, hub, plan.whole(), |_| None) {
        notes.push(format!("it would be refused: {dear}"));
    }
    let more = times_left(&budgets, plan.whole());
    if more == 0 {
        notes.push("it would be refused: what is left of a budget does not allow it".to_owned());
    }
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
