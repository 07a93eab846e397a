//! Whether time tells of noise. Only where somebody asks for it: on a machine that has other things to do, times say little.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use membrane_model::Clock;
use membrane_privacy::audit::correlation;
use membrane_query::{Lie, Trial};

use super::hubs::{bring_in, open};
use super::{Area, AuditError, Check, Effort, Verdict, asker};
use crate::config::Config;
use crate::ctx::RequestCtx;
use crate::flow::{self, ReleaseRequest};
use crate::hub::Hub;

/// Releases that are under way at once: each waits for its tick most of the time.
const AT_ONCE: usize = 8;
/// What may be left of a connection between time and noise.
const CORRELATION_MAX: f64 = 0.05;
const MEMBERS: u32 = 50;
/// Orders of all of them: the number that is asked for.
const ORDERS: f64 = 150.0;
/// One number is drawn so often where nothing hides how long that takes.
const BARE: usize = 20_000;

pub(super) async fn checks(
    config: &Config,
    folder: &Path,
    clock: Arc<dyn Clock>,
    effort: &Effort,
) -> Result<Vec<Check>, AuditError> {
    let hub = Arc::new(open(config, folder, clock).await?);
    bring_in(&hub, folder, MEMBERS, false).await?;
    let ctx = asker(&hub)?;
    let each = effort.timed / AT_ONCE;
    let workers = (0..AT_ONCE).map(|worker| {
        let (ctx, hub) = (ctx.clone(), Arc::clone(&hub));
        tokio::spawn(async move { timed(&ctx, &hub, worker * each..(worker + 1) * each).await })
    });
    let mut pairs = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        pairs.extend(worker.await.map_err(|_| AuditError::Query(membrane_query::QueryError::Failed))??);
    }
    let told = correlation(&pairs);
    let (_, trial) = Box::pin(flow::plan_trial(&ctx, &hub, &request(0))).await?;
    let bare = correlation(&bare(&trial).await?);
    Ok(vec![
        Check {
            area: Area::Time,
            name: "releases, as they leave at ticks".to_owned(),
            asserted: "latency and |noise| have nothing to do with each other".to_owned(),
            claimed: format!("|r| below {CORRELATION_MAX}"),
            measured: format!("r = {told:+.4}"),
            verdict: Verdict::of(told.abs() < CORRELATION_MAX),
            trials: pairs.len(),
            conditions: format!(
                "Laplace noise, {AT_ONCE} at once; chance alone makes |r| 0.016 once in three"
            ),
        },
        Check {
            area: Area::Planted,
            name: "the time of the sampler itself, without ticks".to_owned(),
            asserted: "is found to tell of noise".to_owned(),
            claimed: format!("|r| above {CORRELATION_MAX}"),
            measured: format!("r = {bare:+.4}"),
            verdict: Verdict::of(bare.abs() > CORRELATION_MAX),
            trials: BARE,
            conditions: "Laplace noise, one number each".to_owned(),
        },
    ])
}

/// Each costs a little else, so that none is found among those of before.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn request(number: usize) -> ReleaseRequest {
    ReleaseRequest {
        sql: "SELECT COUNT(*) AS n FROM pos_orders".to_owned(),
        epsilon: Some(0.1 + number as f64 * 1e-6),
        noise: membrane_privacy::NoiseKind::Laplace,
        reuse: Some(false),
        ..ReleaseRequest::default()
    }
}

/// Asks one after the other: how long each takes, and how much noise it has.
async fn timed(
    ctx: &RequestCtx,
    hub: &Hub,
    numbers: std::ops::Range<usize>,
) -> Result<Vec<(f64, f64)>, AuditError> {
    let mut pairs = Vec::with_capacity(numbers.len());
    for number in numbers {
        let asked = request(number);
        let started = Instant::now();
        let released = Box::pin(flow::release(ctx, hub, asked)).await?;
        let took = started.elapsed().as_secs_f64();
        let value = released.answer.as_ref().and_then(|answer| answer.rows.first()?.first()?.clone());
        let noise = value.and_then(|value| value.parse::<f64>().ok()).map(|value| (value - ORDERS).abs());
        pairs.extend(noise.map(|noise| (took, noise)));
    }
    Ok(pairs)
}

/// Takes the time of draws alone.
async fn bare(trial: &Trial) -> Result<Vec<(f64, f64)>, AuditError> {
    let totals = trial.totals(&trial.people(1, MEMBERS)?, &Lie::default()).await?;
    let exact = trial.mechanism().bounded(&totals);
    let exact = exact.groups.first().and_then(|group| group.values.first()).map_or(0, |value| value.value);
    let mut pairs = Vec::with_capacity(BARE);
    for _ in 0..BARE {
        let started = Instant::now();
        let released = trial.mechanism().release(&totals)?;
        let took = started.elapsed().as_secs_f64();
        let value = released.groups.first().and_then(|group| group.values.first());
        #[expect(clippy::cast_precision_loss, reason = "noise of the audit is small")]
        let noise = value.map(|value| (value.value - exact).unsigned_abs() as f64);
        pairs.extend(noise.map(|noise| (took, noise)));
    }
    // What a machine does besides takes a hundred times as long, now and then.
    let mut times: Vec<f64> = pairs.iter().map(|pair| pair.0).collect();
    times.sort_unstable_by(f64::total_cmp);
    let most = times.get(times.len() * 99 / 100).copied().unwrap_or(f64::INFINITY);
    pairs.retain(|(took, _)| *took <= most);
    Ok(pairs)
}
