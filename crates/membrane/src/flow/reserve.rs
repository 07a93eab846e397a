//! Reserving: a price is charged on the terms that hold at that moment, or not at all.
//!
//! What a partner may spend is read from the signed steps right before. If somebody takes another step meanwhile, as closing
//! the budget, the ledger reserves nothing (`Terms`), and it is read again.

use chrono::TimeDelta;
use membrane_ledger::{Reservation, ReserveRequest, Reserved, StoredRelease};
use membrane_model::{DatasetName, Price, RunId};

use super::caps::Held;
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::hub::Hub;

/// How often it is read again: each time somebody was quicker.
const TRIES_MAX: usize = 16;

/// A price to reserve.
pub(super) struct ToReserve {
    pub(super) run: RunId,
    /// The name of the question.
    pub(super) query_key: String,
    /// The name of its shape, where others of that shape can use the answer.
    pub(super) shape: Option<String>,
    /// Whether what was paid for under this name, and lost, is taken up.
    pub(super) resumes: bool,
    pub(super) price: Price,
    /// The datasets about members that are read.
    pub(super) datasets: Vec<DatasetName>,
    /// The name of the release that paid for this one, which then has no price of its own.
    pub(super) under: Option<String>,
}

/// What there is after a price was to be reserved.
pub(super) enum Had {
    /// The price is spent; the answer may be computed.
    Granted(Reservation),
    /// The answer, which was paid for before.
    Stored(StoredRelease),
}

/// Reserves a price of the context's principal, for so long.
pub(super) async fn reserve(
    ctx: &RequestCtx,
    hub: &Hub,
    wanted: &ToReserve,
    lease: TimeDelta,
) -> Result<Had, Error> {
    let price = wanted.price;
    for _ in 0..TRIES_MAX {
        let held = Held::now(ctx, hub).await?;
        // What one release may cost was looked at before it waited for its turn, and may be less since.
        let most = held.release_max(&ctx.principal)?;
        if price.rho_nano > most.rho_nano && !is_stored(hub, &wanted.query_key).await? {
            return Err(Error::OverPrice { price, most, epsilon_milli: None });
        }
        let request = request(ctx, &held, wanted)?;
        let reserved = match &wanted.under {
            Some(paid_by) => hub.ledger().reserve_under(&request, paid_by, lease).await,
            None => hub.ledger().reserve_for(&request, lease).await,
        };
        let reserved = reserved.map_err(Error::Ledger)?;
        return match reserved {
            Reserved::Outdated => continue,
            Reserved::Granted(reservation) => Ok(Had::Granted(reservation)),
            Reserved::Replay(stored) => Ok(Had::Stored(stored)),
            Reserved::Closed => Err(Error::BudgetClosed),
            Reserved::OverBudget(shortage) => Err(Error::OverBudget { shortage: Box::new(shortage), price }),
            Reserved::InFlight { until } => Err(Error::InFlight { until, taken_up: wanted.resumes }),
            Reserved::GivenUp => Err(Error::GivenUp),
        };
    }
    Err(Error::Busy)
}

/// Tells whether it was answered before: that is given whatever it cost then.
pub(super) async fn is_stored(hub: &Hub, query_key: &str) -> Result<bool, Error> {
    let stored = hub.ledger().find_release(query_key).await;
    stored.map(|stored| stored.is_some()).map_err(Error::Ledger)
}

fn request(ctx: &RequestCtx, held: &Held<'_>, wanted: &ToReserve) -> Result<ReserveRequest, Error> {
    let scopes = held.scopes(&ctx.principal, &wanted.datasets)?;
    Ok(ReserveRequest {
        run: wanted.run,
        partner: ctx.principal.clone(),
        query_key: wanted.query_key.clone(),
        shape: wanted.shape.clone(),
        resumes: wanted.resumes,
        price: wanted.price,
        caps: scopes.into_iter().map(|(scope, allowed)| (scope, allowed.caps)).collect(),
        terms: held.terms(&ctx.principal),
        now: ctx.now(),
    })
}
