//! Answers made of stored ones, for nothing.

use membrane_ledger::ReleaseRecord;
use membrane_model::RunId;
use membrane_query::{ReleaseAnswer, ReleasePlan, Reused};

use super::receipt;
use crate::ctx::RequestCtx;
use crate::error::Error;
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
