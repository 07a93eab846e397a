//! A statement that is tried on synthetic rows: planned, bounded and given noise like any other, and paid for by nobody.
//!
//! PRIVACY: nothing about a member is read: the rows are made of stored answers of this partner. So it is answered at once, and how
//! long that takes, or that it fails, tells of nobody.

use std::collections::BTreeSet;

use membrane_model::{DatasetName, RunId};
use membrane_query::FoundPilot;

use super::pilot::Bounded;
use super::price::Asked;
use super::{Released, told};
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::flow::sandbox::{deadline, find};
use crate::hub::Hub;

const SYNTHETIC: &str = "synthetic: made of differentially private marginals, for trying statements on; no number says anything about \
                         anybody, and numbers of members and rows may be smaller than they are";

/// Answers from synthetic rows, and tells what the statement would cost.
pub(super) async fn answer(
    ctx: &RequestCtx,
    hub: &Hub,
    run: RunId,
    (mut asked, bounded): (Asked, Bounded),
) -> Result<Released, Error> {
    let deadline = deadline(ctx);
    // PRIVACY: a turn of its own: to wait for one of the releases that are paid for would tell how long these take.
    let _turn = hub.engine().synthetic_turn().await.ok_or(Error::Busy)?;
    let private = match &bounded {
        Bounded::Release(plan, _) => plan.private_datasets(),
        Bounded::Pilot(pilot) => pilot.private_datasets(),
    };
    let datasets: BTreeSet<DatasetName> = private.into_iter().cloned().collect();
    let synthetic = find(ctx, hub, &asked.permit, datasets.iter()).await?;
    let bounded = match bounded {
        Bounded::Pilot(pilot) => {
            let found = pilot.run_on_synthetic(&synthetic, deadline).await.map_err(Error::Query)?;
            let found = FoundPilot { report: found.report, is_own: true };
            asked.bounded_by(ctx, hub, found).await?
        }
        release @ Bounded::Release(..) => release,
    };
    let Bounded::Release(plan, pilot) = bounded else {
        return Err(Error::Internal("a pilot left bounds open"));
    };
    let told = told::price(ctx, hub, run, &plan, pilot).await?;
    let answer = plan.run_on_synthetic(&synthetic, deadline).await.map_err(Error::Query)?;
    let notes = std::iter::once(SYNTHETIC.to_owned()).chain(answer.notes.iter().cloned()).collect();
    Ok(Released { answer: Some(answer), notes, forecasts: Vec::new(), sandbox: true, ..told })
}
