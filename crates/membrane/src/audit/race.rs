//! Many who ask at once for the last of a budget, and again for what they got.

use std::path::Path;
use std::sync::Arc;

use membrane_model::Clock;

use super::hubs::{bring_in, open_with};
use super::{Area, AuditError, Check, Verdict, asker};
use crate::config::{Config, PrivacySection};
use crate::flow::{self, ReleaseRequest, Released};
use crate::hub::Hub;

/// Who ask at once.
const ASKERS: u32 = 64;
/// Releases that there is room for, and what each of them costs.
const ROOM: f64 = 3.0;
const RHO: f64 = 0.01;

pub(super) async fn checks(
    config: &Config,
    folder: &Path,
    clock: Arc<dyn Clock>,
) -> Result<Vec<Check>, AuditError> {
    let cap = ROOM * RHO;
    let privacy = PrivacySection { partner_rho: cap, ..config.privacy.clone().unlimited() };
    let hub = Arc::new(open_with(config, folder, clock, privacy).await?);
    bring_in(&hub, folder, 50, false).await?;
    let ctx = asker(&hub)?;
    let tasks = (0..ASKERS).map(|number| {
        let (ctx, hub) = (ctx.clone(), Arc::clone(&hub));
        tokio::spawn(async move {
            let asked = request(number);
            Box::pin(flow::release(&ctx, &hub, asked)).await.ok().map(|released| (number, released))
        })
    });
    let mut paid: Vec<(u32, Released)> = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        paid.extend(task.await.ok().flatten());
    }
    let lines = hub.ledger().budget_lines(Some(&ctx.principal)).await;
    let spent = lines.map_err(|error| AuditError::Asked(crate::error::Error::Ledger(error)))?;
    let spent = spent.iter().map(|(_, price)| price.rho()).fold(0.0, f64::max);
    let within = paid.len() <= 3 && !paid.is_empty() && spent <= cap * (1.0 + 1e-9);
    let same = replayed(&hub, &ctx, &paid).await?;
    let check = |name: &str, asserted: &str, claimed: String, measured: String, holds: bool, trials| Check {
        area: Area::Ledger,
        name: name.to_owned(),
        asserted: asserted.to_owned(),
        claimed,
        measured,
        verdict: Verdict::of(holds),
        trials,
        conditions: "through the flow of releases, on SQLite".to_owned(),
    };
    Ok(vec![
        check(
            "64 who ask at once where there is room for 3",
            "no more is spent than the cap",
            format!("3 answers, rho {cap:.3}"),
            format!("{} answers, rho {spent:.3}", paid.len()),
            within,
            usize::try_from(ASKERS).unwrap_or(0),
        ),
        check(
            "the same questions again",
            "the same answers byte for byte, for nothing",
            format!("{} of {}", paid.len(), paid.len()),
            format!("{same} of {}", paid.len()),
            same == paid.len(),
            paid.len(),
        ),
    ])
}

/// Each asks another question.
fn request(number: u32) -> ReleaseRequest {
    ReleaseRequest {
        sql: format!("SELECT COUNT(*) AS n FROM pos_orders WHERE amount > {number}"),
        rho: Some(RHO),
        ..ReleaseRequest::default()
    }
}

/// Asks again what was paid for, and counts the answers that are the same.
async fn replayed(
    hub: &Hub,
    ctx: &crate::ctx::RequestCtx,
    paid: &[(u32, Released)],
) -> Result<usize, AuditError> {
    let mut same = 0;
    for (number, first) in paid {
        let again = Box::pin(flow::release(ctx, hub, request(*number))).await?;
        let bytes = |released: &Released| {
            released.answer.as_ref().map(membrane_query::ReleaseAnswer::to_bytes).transpose()
        };
        let is_free = again.charged.rho_nano == 0 && again.replay_of == Some(first.run);
        same += usize::from(is_free && bytes(&again)? == bytes(first)?);
    }
    Ok(same)
}
