//! REHEARSE: one release drawn many times, for benches that measure how exact releases are.
//!
//! PRIVACY: every draw is paid for as a release of its own, before anything is read; the price of all of them is burned at
//! the end, as nothing of it is an answer. No door calls this (`tests/architecture.rs`).

use membrane_model::Price;
use membrane_query::{Planned, Rehearsed, Statement};
use tokio::time::Instant;

use super::{Asked, ReleaseRequest, ask, burn, deadline, head, lease};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow::reserve::{Had, ToReserve, reserve};
use crate::flow::run::{ActiveRun, finish};
use crate::hub::Hub;

/// Draws a release so many times.
///
/// # Errors
/// As [`super::release`].
pub async fn rehearse(
    ctx: &RequestCtx,
    hub: &Hub,
    request: ReleaseRequest,
    draws: u32,
) -> Result<Vec<Rehearsed>, Failure> {
    let statement = Statement::parse(&request.sql, &ctx.limits);
    let (head, _) = head(hub, &request, None, "rehearse")?;
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let drawn = match ask(&mut run, ctx, hub, statement, &request).await {
        Ok(asked) => Box::pin(draw(ctx, hub, &run, asked, draws)).await,
        Err(error) => Err(error),
    };
    finish(run, drawn).await.map(|(_, drawn)| drawn)
}

async fn draw(
    ctx: &RequestCtx,
    hub: &Hub,
    run: &ActiveRun,
    asked: Asked,
    draws: u32,
) -> Result<Vec<Rehearsed>, Error> {
    let (price, datasets): (_, Vec<_>) = match asked.plan(ctx, hub).await? {
        Planned::Release(plan) => (plan.price(), plan.private_datasets().into_iter().cloned().collect()),
        Planned::Pilot(plan) => (plan.whole(), plan.private_datasets().into_iter().cloned().collect()),
    };
    let times = u64::from(draws);
    let price = Price {
        rho_nano: price.rho_nano.saturating_mul(times),
        delta_atto: price.delta_atto.saturating_mul(times),
    };
    let query_key = format!("rehearse {}", run.id());
    let wanted =
        ToReserve { run: run.id(), query_key, shape: None, resumes: false, price, datasets, under: None };
    let Had::Granted(reservation) = reserve(ctx, hub, &wanted, lease(ctx)).await? else {
        return Err(Error::Internal("a rehearsal was under way before"));
    };
    let Asked { permit, statement, options, .. } = &asked;
    let paid = (&reservation, draws);
    let until = deadline(ctx, Instant::now());
    let drawn = hub.engine().rehearse(permit, statement, options.clone(), paid, until).await;
    burn(hub, run.id(), &reservation).await;
    drawn.map_err(Error::Query)
}
