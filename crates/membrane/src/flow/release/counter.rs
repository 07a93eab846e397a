//! A refresh of a counter: the first one pays for all of them, and each counts on from the one before.
//!
//! ```text
//! all refreshes   reserved, and stored as paid for: by whichever edition is made first
//! this one        reserved under that, at no price; drawn from the stored answer before; stored
//! ```
//!
//! Wherever a hub dies in between, the next try finds what was stored, or takes up what was paid and lost.

use chrono::{SecondsFormat, TimeDelta};
use membrane_ledger::StoredRelease;
use membrane_model::{Price, RunId};
use membrane_query::{QueryError, ReleaseAnswer, ReleasePlan};
use tokio::time::Instant;

use super::price::Asked;
use super::{Drawn, Paid, Released, burn, lease, price, receipt, to_reserve};
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::flow::caps::Held;
use crate::flow::reserve::{Had, ToReserve, is_stored, reserve};
use crate::flow::run::Work;
use crate::hub::Hub;

/// Other moments at which the rows of a counter have to be the same.
const SOON: TimeDelta = TimeDelta::seconds(1);
const LATER_THAT_DAY: TimeDelta = TimeDelta::hours(13);

/// What is stored for all refreshes together begins with this; what they were paid for follows.
const PAID: &str = "membrane-counter/1";

/// Pays for all refreshes if nobody has, and answers this one.
pub(super) async fn answer(
    ctx: &RequestCtx,
    hub: &Hub,
    run: RunId,
    (asked, plan, stored): (&Asked, ReleasePlan, bool),
    deadline: Instant,
    work: &mut Work,
) -> Result<(Released, Paid), Error> {
    // What is stored waits for nobody, and goes on from nothing.
    let (_turn, before) = if stored {
        (None, None)
    } else {
        let turn = hub.engine().turn().await.ok_or(Error::Busy)?;
        (Some(turn), before(hub, &plan).await?)
    };
    let (whole, plan_sha256) = (plan.price(), plan.plan_hash().map_err(Error::Query)?);
    let (unit, edges) = (plan.unit().clone(), plan.edges().to_vec());
    let whole_wanted = to_reserve(run, &plan, asked.options.edition.as_ref());
    let (paid_in, charged, under) = pay(ctx, hub, (asked, &plan, stored), &whole_wanted).await?;
    let own = ToReserve { price: Price::default(), under: Some(under.clone()), ..whole_wanted };
    let (answer, replay_of) = match reserve(ctx, hub, &own, lease(ctx)).await? {
        Had::Stored(StoredRelease { run, answer, .. }) => {
            (ReleaseAnswer::from_bytes(&answer).map_err(Error::Query)?, Some(run))
        }
        Had::Granted(reservation) => {
            let drawn = plan.count(&reservation, before, deadline).await;
            let drawn = drawn.and_then(|answer| answer.to_bytes().map(|bytes| (answer, bytes)));
            let Ok((_, bytes)) = drawn else {
                burn(hub, run, &reservation).await;
                return Err(Error::ReleaseFailed { price: charged, taken_up: true });
            };
            hub.ledger().commit_release(&reservation, &bytes, ctx.now()).await.map_err(Error::Record)?;
            // What leaves is what was stored.
            (ReleaseAnswer::from_bytes(&bytes).map_err(Error::Query)?, None)
        }
    };
    let (record, lost) = receipt::paid(hub, paid_in, &under).await?;
    let charged_in = lost.or_else(|| (paid_in != replay_of.unwrap_or(run)).then_some(paid_in));
    let drawn = Drawn { answer, price: whole, whole, charged, replay_of, unit, edges };
    let released = drawn.told(ctx, hub, run, (asked, None, &own), work).await;
    Ok((released, Paid { record, charged_in, plan_sha256 }))
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

/// Pays for all refreshes, unless that was done. Returns the run in which it was, what was charged just now, and the name of it.
async fn pay(
    ctx: &RequestCtx,
    hub: &Hub,
    (asked, plan, stored): (&Asked, &ReleasePlan, bool),
    own: &ToReserve,
) -> Result<(RunId, Price, String), Error> {
    let name = plan.paid_by().ok_or(Error::Internal("a counter has no name"))?.to_owned();
    let whole = ToReserve {
        run: own.run,
        query_key: name.clone(),
        shape: None,
        resumes: true,
        price: own.price,
        datasets: own.datasets.clone(),
        under: None,
    };
    let terms = format!("{PAID} {}", plan.paid_terms());
    if !is_stored(hub, &name).await? {
        check_rows(ctx, hub, asked)?;
        let most = Held::now(ctx, hub).await?.release_max(&ctx.principal)?;
        price::check(most, plan, None, false)?;
    }
    match reserve(ctx, hub, &whole, lease(ctx)).await? {
        // What was paid for is what is drawn, or nothing.
        Had::Stored(paid) if stored || paid.answer == terms.as_bytes() => {
            Ok((paid.run, Price::default(), name))
        }
        Had::Stored(_) => Err(Error::CounterEnded),
        Had::Granted(reservation) => {
            hub.ledger()
                .commit_release(&reservation, terms.as_bytes(), ctx.now())
                .await
                .map_err(Error::Record)?;
            let charged = if reservation.is_resumed() { Price::default() } else { plan.price() };
            Ok((own.run, charged, name))
        }
    }
}

/// Refuses a counter whose rows are others at another time, as the policies say now: it would be paid for in whole, and end.
fn check_rows(ctx: &RequestCtx, hub: &Hub, asked: &Asked) -> Result<(), Error> {
    let now = ctx.now();
    let until = asked.counts_until.map_or(now, |until| until.max(now));
    // The clock itself, another time of the day, and the last refresh; stretches of time are looked at in any case.
    let soon = [SOON, LATER_THAT_DAY].map(|more| now + more);
    let moments: Vec<_> =
        soon.into_iter().filter(|moment| *moment <= until).chain([until.max(now + SOON)]).collect();
    match hub.authorizer().rows_change(&asked.permit, &moments) {
        None => Ok(()),
        Some(moment) => Err(Error::Query(QueryError::NotBounded {
            what: "a counter whose rows are others by the policies at",
            name: Some(moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            rewrite: "a member could count twice. Have the policies that say which rows of its datasets count go by what stands in the \
                      rows, and not by the time; or ask for editions of their own, without `continual`",
        })),
    }
}
