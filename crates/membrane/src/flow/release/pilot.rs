//! Bounds that nobody stated: chosen from what an earlier pilot found, or from one that is paid for first.
//!
//! ```text
//! plan -> a release                                                      all bounds are stated
//!      -> a pilot -> stored for this very question: its price is part of this question's
//!                 -> stored for a question of the same shape, recent and exact enough: nothing is paid for it again
//!                 -> neither: reserved, run and stored first, out of the same price
//! plan with what it found -> a release
//! ```
//!
//! Which pilot a question uses follows from the question, the versions of the data and the pilots that were stored before
//! its own was: so the same question of the same data gets the same bounds, and finds its stored answer.

use membrane_ledger::Shortage;
use membrane_model::{Price, RunId};
use membrane_query::{FoundPilot, PilotAnswer, PilotPlan, Planned, ReleasePlan};
use tokio::time::Instant;

use super::{Asked, lease, price};
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::flow::budget::own_lines;
use crate::flow::caps::Held;
use crate::flow::reserve::{Had, ToReserve, reserve};
use crate::hub::Hub;

/// Pilots of one shape that are looked through, at most.
const LOOKED_THROUGH: u32 = 32;

/// The pilot that chose the bounds of a release.
#[derive(Debug, Clone)]
pub struct PilotTold {
    /// What it cost.
    pub price: Price,
    /// Whether that is part of the price of this question.
    pub is_own: bool,
}

/// A release all of whose bounds are known, or one that needs a pilot first.
pub(super) enum Bounded {
    Release(Box<ReleasePlan>, Option<PilotTold>),
    Pilot(Box<PilotPlan>),
}

impl Asked {
    /// Plans what was asked, with what an earlier pilot found if it needs one.
    pub(super) async fn bounded(&mut self, ctx: &RequestCtx, hub: &Hub) -> Result<Bounded, Error> {
        let pilot = match self.plan(ctx, hub).await? {
            Planned::Release(plan) => return Ok(Bounded::Release(plan, None)),
            Planned::Pilot(pilot) => pilot,
        };
        match earlier(ctx, hub, &pilot).await? {
            Some(found) => self.bounded_by(ctx, hub, found).await,
            None => Ok(Bounded::Pilot(pilot)),
        }
    }

    /// Plans what was asked with what a pilot found.
    pub(super) async fn bounded_by(
        &mut self,
        ctx: &RequestCtx,
        hub: &Hub,
        found: FoundPilot,
    ) -> Result<Bounded, Error> {
        let told = PilotTold { price: found.report.price, is_own: found.is_own };
        self.options.pilot = Some(found);
        match self.plan(ctx, hub).await? {
            Planned::Release(plan) => Ok(Bounded::Release(plan, Some(told))),
            Planned::Pilot(_) => Err(Error::Internal("a pilot left bounds open")),
        }
    }

    /// Pays for a pilot, runs and stores it, and plans what was asked with what it found.
    pub(super) async fn pilot(
        &mut self,
        ctx: &RequestCtx,
        hub: &Hub,
        run: RunId,
        pilot: PilotPlan,
        deadline: Instant,
    ) -> Result<(Bounded, Price), Error> {
        check_whole(ctx, hub, &pilot).await?;
        let price = pilot.price();
        let wanted = ToReserve {
            run,
            query_key: pilot.query_key().to_owned(),
            shape: Some(pilot.shape().to_owned()),
            resumes: self.options.edition.is_some(),
            price,
            datasets: pilot.private_datasets().into_iter().cloned().collect(),
            under: None,
        };
        let (answer, charged) = match reserve(ctx, hub, &wanted, lease(ctx)).await? {
            Had::Stored(stored) => {
                (PilotAnswer::from_bytes(&stored.answer).map_err(Error::Query)?, Price::default())
            }
            Had::Granted(reservation) => {
                let found = pilot.run(&reservation, deadline).await;
                let found = found.and_then(|found| found.to_bytes().map(|bytes| (found, bytes)));
                let Ok((found, bytes)) = found else {
                    super::burn(hub, run, &reservation).await;
                    return Err(Error::ReleaseFailed { price, taken_up: wanted.resumes });
                };
                hub.ledger().commit_release(&reservation, &bytes, ctx.now()).await.map_err(Error::Record)?;
                (found, if reservation.is_resumed() { Price::default() } else { price })
            }
        };
        let found = FoundPilot { report: answer.report, is_own: true };
        Ok((self.bounded_by(ctx, hub, found).await?, charged))
    }
}

/// Finds what was stored of a pilot: of this very one, or of one whose findings are good enough for it.
async fn earlier(ctx: &RequestCtx, hub: &Hub, pilot: &PilotPlan) -> Result<Option<FoundPilot>, Error> {
    let read = |bytes: &[u8]| PilotAnswer::from_bytes(bytes).map_err(Error::Query);
    let ledger = hub.ledger();
    if let Some(stored) = ledger.find_release(pilot.query_key()).await.map_err(Error::Ledger)? {
        return Ok(Some(FoundPilot { report: read(&stored.answer)?.report, is_own: true }));
    }
    let stored = ledger.releases_of_shape(&ctx.principal, pilot.shape(), LOOKED_THROUGH).await;
    for stored in stored.map_err(Error::Ledger)? {
        let found = read(&stored.answer)?;
        if pilot.can_use(&found) {
            return Ok(Some(FoundPilot { report: found.report, is_own: false }));
        }
    }
    Ok(None)
}

/// Refuses a pilot whose release could not be paid for, before anything is.
async fn check_whole(ctx: &RequestCtx, hub: &Hub, pilot: &PilotPlan) -> Result<(), Error> {
    let whole = pilot.whole();
    let most = Held::now(ctx, hub).await?.release_max(&ctx.principal)?;
    price::check_amount(most, whole, |_| None)?;
    let lines = own_lines(ctx, hub, pilot.private_datasets()).await?;
    let short = lines.into_iter().find(|line| line.remaining().times(whole) == 0);
    short.map_or(Ok(()), |line| {
        let refills = line.account.window.refills().filter(|_| line.cap.times(whole) > 0);
        let shortage = Shortage { remaining: line.remaining(), account: line.account, refills };
        Err(Error::OverBudget { shortage: Box::new(shortage), price: whole })
    })
}
