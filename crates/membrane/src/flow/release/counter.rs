//! A refresh of a counter: the first one pays for all of them, and each counts on from the one before.
//!
//! ```text
//! all refreshes   reserved, and stored as paid for: by whichever edition is made first
//! this one        reserved under that, at no price; drawn from the stored answer before; stored
//! ```
//!
//! Wherever a hub dies in between, the next try finds what was stored, or takes up what was paid and lost.

use membrane_ledger::{ReserveRequest, Reserved, StoredRelease};
use membrane_model::{Price, RunId};
use membrane_query::{ReleaseAnswer, ReleasePlan};
use tokio::time::Instant;

use super::price::Asked;
use super::{Drawn, Paid, Released, burn, lease, price, receipt, reserve_request};
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::flow::caps::caps;
use crate::flow::run::Work;
use crate::hub::Hub;

/// What is stored for all refreshes together.
const PAID: &[u8] = b"membrane-counter/1";

/// Pays for all refreshes if nobody has, and answers this one.
pub(super) async fn answer(
    ctx: &RequestCtx,
    hub: &Hub,
    run: RunId,
    (asked, plan, stored): (&Asked, ReleasePlan, bool),
    deadline: Instant,
    work: &mut Work,
) -> Result<(Released, Paid), Error> {
    price::check(ctx, hub, &plan, None, stored)?;
    // What is stored waits for nobody, and goes on from nothing.
    let (_turn, before) = if stored {
        (None, None)
    } else {
        let turn = hub.engine().turn().await.ok_or(Error::Busy)?;
        (Some(turn), before(hub, &plan).await?)
    };
    let (whole, plan_sha256) = (plan.price(), plan.plan_hash().map_err(Error::Query)?);
    let (unit, edges) = (plan.unit().clone(), plan.edges().to_vec());
    let scopes = caps(hub.privacy(), &ctx.principal, plan.private_datasets())?;
    let request = reserve_request(ctx, run, &plan, asked.options.edition.as_ref(), scopes.clone());
    let (paid_in, charged) = pay(ctx, hub, &plan, &request).await?;
    let under = plan.paid_by().unwrap_or_default().to_owned();
    let own = ReserveRequest { price: Price::default(), ..request };
    let reserved = hub.ledger().reserve_under(&own, &under, lease(ctx)).await.map_err(Error::Ledger)?;
    let (answer, replay_of) = match reserved {
        Reserved::OverBudget(shortage) => {
            return Err(Error::OverBudget { shortage: Box::new(shortage), price: whole });
        }
        Reserved::InFlight { until } => return Err(Error::InFlight { until }),
        Reserved::GivenUp => return Err(Error::GivenUp),
        Reserved::Replay(StoredRelease { run, answer, .. }) => {
            (ReleaseAnswer::from_bytes(&answer).map_err(Error::Query)?, Some(run))
        }
        Reserved::Granted(reservation) => {
            let drawn = plan.count(&reservation, before, deadline).await;
            let drawn = drawn.and_then(|answer| answer.to_bytes().map(|bytes| (answer, bytes)));
            let Ok((answer, bytes)) = drawn else {
                burn(hub, run, &reservation).await;
                return Err(Error::ReleaseFailed { price: charged });
            };
            hub.ledger().commit_release(&reservation, &bytes, ctx.now()).await.map_err(Error::Record)?;
            (answer, None)
        }
    };
    let record = receipt::paid(hub, paid_in, &under).await?;
    let drawn = Drawn { answer, price: whole, whole, charged, replay_of, unit, edges };
    let released = drawn.told(ctx, hub, run, (asked, None, scopes), work).await;
    Ok((released, Paid { record, plan_sha256 }))
}

/// Finds the answer from which this one counts on, and makes sure that it can.
async fn before(hub: &Hub, plan: &ReleasePlan) -> Result<Option<ReleaseAnswer>, Error> {
    let Some(name) = plan.counts_from() else { return Ok(None) };
    let stored = hub.ledger().find_release(name).await.map_err(Error::Ledger)?;
    let stored = stored.ok_or(Error::Internal("the edition before was not made"))?;
    let before = ReleaseAnswer::from_bytes(&stored.answer).map_err(Error::Query)?;
    if plan.is_older(&before) {
        return Err(Error::Busy);
    }
    if plan.goes_on(&before) { Ok(Some(before)) } else { Err(Error::CounterEnded) }
}

/// Pays for all refreshes, unless that was done. Returns the run in which it was, and what was charged just now.
async fn pay(
    ctx: &RequestCtx,
    hub: &Hub,
    plan: &ReleasePlan,
    own: &ReserveRequest,
) -> Result<(RunId, Price), Error> {
    let query_key = plan.paid_by().unwrap_or_default().to_owned();
    let request = ReserveRequest { query_key, ..own.clone() };
    let reserved = hub.ledger().reserve_for(&request, lease(ctx)).await.map_err(Error::Ledger)?;
    match reserved {
        Reserved::OverBudget(shortage) => {
            Err(Error::OverBudget { shortage: Box::new(shortage), price: plan.price() })
        }
        Reserved::InFlight { until } => Err(Error::InFlight { until }),
        Reserved::GivenUp => Err(Error::GivenUp),
        Reserved::Replay(stored) => Ok((stored.run, Price::default())),
        Reserved::Granted(reservation) => {
            hub.ledger().commit_release(&reservation, PAID, ctx.now()).await.map_err(Error::Record)?;
            let charged = if reservation.is_resumed() { Price::default() } else { plan.price() };
            Ok((request.run, charged))
        }
    }
}
