//! RELEASE: differentially private aggregates for a partner, paid for before they are computed.
//!
//! The order of things: statement, permit, plan with its price and its name (query key); the price is reserved on every
//! budget that it touches, in one durable transaction; only then are the exact totals computed, noise is drawn, and the
//! answer is stored before it leaves. The same question of the same data finds the stored answer and costs nothing.
//!
//! INVARIANT: whatever fails after the price is reserved, the price stays spent.
//!
//! PRIVACY: whatever comes of a release, an answer, a stored one or a failure, leaves at a tick ([`tick`]): how long it
//! took would tell of rows and noise. The run is closed after the tick, so that its duration tells no more. A dry run
//! touches no data and is answered at once. Nothing is counted by outcome, as metrics are public.

mod counter;
mod pilot;
mod price;
mod receipt;
mod rehearse;
mod reuse;
mod sandbox;
mod tick;
mod told;
mod trial;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_ledger::{ReleaseRecord, Reservation, StoredRelease};
use membrane_model::{Action, ColumnName, DatasetName, Delta, LineageEdge, Price, Purpose, RunId};
use membrane_privacy::{MechanismSummary, NoiseKind, PrivacyUnit};
use membrane_query::{
    CounterOptions, EditionKey, QueryError, ReleaseAnswer, ReleaseForecast, ReleaseOptions, ReleasePlan,
    Statement,
};
use tokio::time::Instant;

use self::pilot::Bounded;
pub use self::pilot::PilotTold;
use self::price::Asked;
pub use self::rehearse::rehearse;
pub use self::trial::plan_trial;
use super::budget::{BudgetLine, own_left};
use super::caps::Held;
use super::reserve::{Had, ToReserve, is_stored, reserve};
use super::run::{ActiveRun, RunHead, Work, finish, knows};
use crate::config::PrivacySection;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;
use crate::receipt::Receipt;

/// How much longer than a release may take its reservation is held: for storing the answer, and for clocks that differ.
const LEASE_SLACK: TimeDelta = TimeDelta::minutes(5);
/// A year: no release takes longer.
const LEASE_SECONDS_MAX: u64 = 31_536_000;

/// What a partner asks.
#[derive(Debug, Clone, Default)]
pub struct ReleaseRequest {
    /// One SELECT with aggregates.
    pub sql: String,
    /// Why; the configuration's when not stated.
    pub purpose: Option<Purpose>,
    /// Epsilon of this release; the configuration's when not stated.
    pub epsilon: Option<f64>,
    /// What it may cost as rho of zero-concentrated DP, in place of epsilon.
    pub rho: Option<f64>,
    /// Delta of this release; the configuration's when not stated.
    pub delta: Option<f64>,
    /// Which noise is drawn.
    pub noise: NoiseKind,
    /// Groups in which one member may count; the contract's when not stated.
    pub groups_max: Option<u32>,
    /// Rows of one member that may count in one group; the contract's when not stated.
    pub rows_max: Option<u32>,
    /// Least and greatest value of one row of a summed column; the contract's when not stated.
    pub bounds: BTreeMap<ColumnName, (f64, f64)>,
    /// Half of the width that the 95 % interval of a column of the answer may have; the price is as low as that allows.
    pub targets: BTreeMap<ColumnName, f64>,
    /// The same as a share of what a typical group comes to, which a pilot finds out.
    pub shares: BTreeMap<ColumnName, f64>,
    /// Have a pilot choose all bounds that are not stated here, also those that the contract states.
    pub choose_bounds: bool,
    /// Whether an answer may be made of a stored one, for nothing, also where its error bars are wider than what is asked for;
    /// when not stated, where no price and no width are.
    pub reuse: Option<bool>,
    /// The edition of a standing release that this is, and its name.
    pub edition: Option<EditionKey>,
    /// Which refresh of a counter that is.
    pub counter: Option<CounterOptions>,
    /// When the last refresh of that counter is made.
    pub counts_until: Option<DateTime<Utc>>,
    /// Answer from synthetic rows, for nothing.
    pub sandbox: bool,
    /// Only tell the price and the error bars.
    pub dry_run: bool,
}

/// What the partner gets.
#[derive(Debug)]
pub struct Released {
    /// The run.
    pub run: RunId,
    /// What the answer costs, or would cost.
    pub price: Price,
    /// What this request was charged: nothing for a dry run and for an answer that was paid before.
    pub charged: Price,
    /// Bounds, noise and error bars; none for a dry run of what needs a pilot first.
    pub mechanism: Option<MechanismSummary>,
    /// The pilot that chose bounds, if there was one.
    pub pilot: Option<PilotTold>,
    /// The epsilon of the price, at [`Self::delta`].
    pub epsilon: f64,
    /// The failure probability at which epsilon is stated.
    pub delta: f64,
    /// Whom the price protects.
    pub unit: PrivacyUnit,
    /// What a reader of the numbers should know.
    pub notes: Vec<String>,
    /// What is left of the partner's own budgets.
    pub budgets: Vec<BudgetLine>,
    /// So many more at this price fit into those; none when they could not be read.
    pub more: Option<u64>,
    /// How groups of some sizes will look; of a dry run only.
    pub forecasts: Vec<ReleaseForecast>,
    /// The run in which the answer was drawn, when that was an earlier one.
    pub replay_of: Option<RunId>,
    /// The answer; none for a dry run.
    pub answer: Option<ReleaseAnswer>,
    /// The edition of a standing release that it is.
    pub edition: Option<String>,
    /// Whether the answer is of synthetic rows.
    pub sandbox: bool,
    /// What was asked, answered and paid, signed; none for a dry run.
    pub receipt: Option<Receipt>,
}

/// Answers a release, or tells its price.
///
/// # Errors
/// [`Failure`] when it is refused, cannot be bounded, is beyond the budget, or fails. The price stays spent when it
/// fails after it was reserved.
pub async fn release(ctx: &RequestCtx, hub: &Hub, request: ReleaseRequest) -> Result<Released, Failure> {
    timed_release(ctx, hub, request).await.map(|(released, _)| released)
}

/// Answers as [`release`] does, at a tick, and says how long the work took: for benches.
///
/// PRIVACY: how long it took tells of rows and noise. No door calls this (`tests/architecture.rs`).
///
/// # Errors
/// As [`release`].
pub async fn timed_release(
    ctx: &RequestCtx,
    hub: &Hub,
    request: ReleaseRequest,
) -> Result<(Released, Duration), Failure> {
    let (started, asked) = (Instant::now(), ctx.now());
    let statement = Statement::parse(&request.sql, &ctx.limits);
    let (head, purpose) = head(hub, &request, statement.as_ref().ok(), job(&request))?;
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let planned = match ask(&mut run, ctx, hub, statement, &request).await {
        Ok(mut question) => question.bounded(ctx, hub).await.map(|bounded| (question, bounded)),
        Err(error) => Err(error),
    };
    let (question, bounded) = match planned {
        Ok(planned) => planned,
        Err(error) => return Err(run.fail(error).await),
    };
    let id = run.id();
    let inputs = match &bounded {
        Bounded::Release(plan, _) => plan.inputs().to_vec(),
        Bounded::Pilot(pilot) => pilot.inputs().to_vec(),
    };
    run.work = Work { inputs, ..Work::default() };
    if request.dry_run {
        let told = match bounded {
            Bounded::Release(plan, pilot) => told::price(ctx, hub, id, &plan, pilot).await,
            Bounded::Pilot(plan) => told::pilot(ctx, hub, id, &plan, &question).await,
        };
        return finish(run, told).await.map(|(_, told)| (told, started.elapsed()));
    }
    if request.sandbox {
        // No version of anything about members is read.
        run.work = Work::default();
        let told = Box::pin(sandbox::answer(ctx, hub, id, (question, bounded))).await;
        return finish(run, told).await.map(|(_, told)| (told, started.elapsed()));
    }
    let signed = receipt::Question { sql: request.sql, purpose, asked };
    let answered = Box::pin(answer(ctx, hub, id, (question, bounded), started, &mut run.work)).await;
    let work = started.elapsed();
    let tick = tick::wait(started, ctx.limits.seconds_max).await;
    let left = ctx.now();
    match answered.map_err(|error| told_at(tick, error, ctx.limits.seconds_max)) {
        Ok((mut released, paid)) => {
            let closed = run.complete().await?;
            let receipt = signed.receipt(ctx, hub, &released, &paid, (left, &closed));
            released.receipt = Some(receipt.map_err(|error| Failure { error, run: Some(id) })?);
            Ok((released, work))
        }
        Err(error) => Err(run.fail(error).await),
    }
}

/// Says what a run about a release is opened with, and why it is asked.
fn head(
    hub: &Hub,
    request: &ReleaseRequest,
    statement: Option<&Statement>,
    job: &str,
) -> Result<(RunHead, Purpose), Failure> {
    let purpose = match &request.purpose {
        Some(purpose) => purpose.clone(),
        None => hub.privacy().purpose.parse().map_err(|error| Failure::without_run(Error::Name(error)))?,
    };
    let head = RunHead {
        action: Action::Release,
        purpose: Some(purpose.clone()),
        job: job.to_owned(),
        statement: statement.map(|statement| statement.redacted(|word| knows(hub, word))),
    };
    Ok((head, purpose))
}

/// Names what is done in a run.
const fn job(request: &ReleaseRequest) -> &'static str {
    match (request.dry_run, request.sandbox) {
        (true, _) => "price release",
        (_, true) => "release of synthetic rows",
        _ => "release",
    }
}

async fn ask(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    statement: Result<Statement, QueryError>,
    request: &ReleaseRequest,
) -> Result<Asked, Error> {
    let statement = statement.map_err(Error::Query)?;
    let defaults = hub.privacy();
    let delta = Delta::new(request.delta.unwrap_or(defaults.delta))?;
    let most = Held::now(ctx, hub).await?.release_max(&ctx.principal)?;
    let options = planned_with(request, delta, defaults, most)?;
    let permit = run.permit(hub, statement.tables().to_vec()).await?;
    let (width_max, counts_until) = (price::width_max(request), request.counts_until);
    Ok(Asked { permit, statement, options, width_max, counts_until })
}

/// Returns what a request is planned with, besides its statement. `most` is what one release may cost.
pub(super) fn planned_with(
    request: &ReleaseRequest,
    delta: Delta,
    defaults: &PrivacySection,
    most: Price,
) -> Result<ReleaseOptions, Error> {
    Ok(ReleaseOptions {
        price: price::asked(request, delta, defaults.epsilon, most)?,
        delta,
        noise: request.noise,
        groups_max: request.groups_max,
        rows_max: request.rows_max,
        cohort_min: defaults.cohort_min,
        bounds: request.bounds.clone(),
        targets: request.targets.clone(),
        shares: request.shares.clone(),
        choose_bounds: request.choose_bounds,
        pilot: None,
        edition: request.edition.clone(),
        counter: request.counter.clone(),
    })
}

/// What was paid for an answer, as it is on record, and the hash of what was read out of its statement.
struct Paid {
    record: ReleaseRecord,
    /// The run that was charged, where that is another than the one in which the answer was drawn.
    charged_in: Option<RunId>,
    plan_sha256: String,
}

/// Reserves the price and answers, from what was stored or by drawing; returns what was paid for it as well. What leaves is
/// put into `work`.
async fn answer(
    ctx: &RequestCtx,
    hub: &Hub,
    run: RunId,
    (mut asked, bounded): (Asked, Bounded),
    started: Instant,
    work: &mut Work,
) -> Result<(Released, Paid), Error> {
    let deadline = deadline(ctx, started);
    let Ready { plan, pilot, piloted, turn } = ready(ctx, hub, run, (&mut asked, bounded), deadline).await?;
    let stored = is_stored(hub, &plan.query_key()).await?;
    if plan.paid_by().is_some() {
        return counter::answer(ctx, hub, run, (&asked, plan, stored), deadline, work).await;
    }
    if let Some(found) = reuse::wanted(ctx, hub, &asked, &plan, stored).await? {
        return reuse::made(ctx, hub, run, (plan, pilot, piloted), found, work).await;
    }
    let most = Held::now(ctx, hub).await?.release_max(&ctx.principal)?;
    price::check(most, &plan, pilot.as_ref(), stored)?;
    if let Some(survival) = plan.survival().filter(|survival| !stored && survival.is_empty()) {
        return Err(Error::NothingShown { groups: survival.groups_about() });
    }
    // An answer that was paid for waits for nobody. Who waits has not paid yet.
    let _turn = match (stored, turn) {
        (true, turn) => turn,
        (false, Some(turn)) => Some(turn),
        (false, None) => Some(hub.engine().turn().await.ok_or(Error::Busy)?),
    };
    let (price, whole) = (plan.price(), price::whole(&plan, pilot.as_ref())?);
    let (unit, edges) = (plan.unit().clone(), plan.edges().to_vec());
    let plan_sha256 = plan.plan_hash().map_err(Error::Query)?;
    let wanted = to_reserve(run, &plan, asked.options.edition.as_ref());
    let (answer, charged, replay_of) = match reserve(ctx, hub, &wanted, lease(ctx)).await? {
        Had::Stored(StoredRelease { run, answer, .. }) => {
            (ReleaseAnswer::from_bytes(&answer).map_err(Error::Query)?, piloted, Some(run))
        }
        Had::Granted(reservation) => {
            let own = if reservation.is_resumed() { Price::default() } else { price };
            let charged = own.checked_add(piloted)?;
            (draw(ctx, hub, (run, wanted.resumes), plan, &reservation, deadline).await?, charged, None)
        }
    };
    let (record, charged_in) = receipt::paid(hub, replay_of.unwrap_or(run), &wanted.query_key).await?;
    let paid = Paid { record, charged_in, plan_sha256 };
    let drawn = Drawn { answer, price, whole, charged, replay_of, unit, edges };
    let released = drawn.told(ctx, hub, run, (&asked, pilot, &wanted), work).await;
    Ok((released, paid))
}

/// An answer that is stored, and what it cost.
struct Drawn {
    answer: ReleaseAnswer,
    /// What it costs by itself, and with its pilot.
    price: Price,
    whole: Price,
    charged: Price,
    replay_of: Option<RunId>,
    unit: PrivacyUnit,
    edges: Vec<LineageEdge>,
}

impl Drawn {
    /// Tells of it. From here on nothing but a receipt that fails keeps it back.
    async fn told(
        self,
        ctx: &RequestCtx,
        hub: &Hub,
        run: RunId,
        (asked, pilot, wanted): (&Asked, Option<PilotTold>, &ToReserve),
        work: &mut Work,
    ) -> Released {
        let Self { answer, price, whole, charged, replay_of, unit, edges } = self;
        work.rows_out = u64::try_from(answer.rows.len()).ok();
        work.edges = edges;
        let left = budgets_left(ctx, hub, wanted, price).await;
        let more = left.as_ref().map(|(_, more)| *more);
        let budgets = left.map(|(budgets, _)| budgets).unwrap_or_default();
        let (mechanism, notes) = (answer.mechanism.clone(), answer.notes.clone());
        Released {
            run,
            price: whole,
            charged,
            epsilon: mechanism.epsilon,
            delta: mechanism.delta,
            mechanism: Some(mechanism),
            pilot,
            unit,
            notes,
            budgets,
            more,
            forecasts: Vec::new(),
            replay_of,
            answer: Some(answer),
            edition: asked.options.edition.as_ref().map(|edition| edition.edition.clone()),
            sandbox: false,
            receipt: None,
        }
    }
}

fn to_reserve(run: RunId, plan: &ReleasePlan, edition: Option<&EditionKey>) -> ToReserve {
    ToReserve {
        run,
        query_key: plan.query_key(),
        shape: edition.is_none().then(|| plan.basis().to_owned()),
        resumes: edition.is_some(),
        price: plan.price(),
        datasets: plan.private_datasets().into_iter().cloned().collect(),
        under: None,
    }
}

/// A release all of whose bounds are known.
struct Ready {
    plan: ReleasePlan,
    pilot: Option<PilotTold>,
    /// What was charged for its pilot just now.
    piloted: Price,
    /// The turn that the pilot took, for the release as well.
    turn: Option<tokio::sync::OwnedSemaphorePermit>,
}

/// Runs the pilot that a release needs first, if it needs one.
async fn ready(
    ctx: &RequestCtx,
    hub: &Hub,
    run: RunId,
    (asked, bounded): (&mut Asked, Bounded),
    deadline: Instant,
) -> Result<Ready, Error> {
    let (plan, pilot, piloted, turn) = match bounded {
        Bounded::Release(plan, pilot) => (plan, pilot, Price::default(), None),
        Bounded::Pilot(plan) => {
            check_data(plan.without_data())?;
            let turn = hub.engine().turn().await.ok_or(Error::Busy)?;
            let (bounded, charged) = asked.pilot(ctx, hub, run, *plan, deadline).await?;
            let Bounded::Release(plan, pilot) = bounded else {
                return Err(Error::Internal("a pilot left bounds open"));
            };
            (plan, pilot, charged, Some(turn))
        }
    };
    check_data(plan.without_data())?;
    Ok(Ready { plan: *plan, pilot, piloted, turn })
}

/// Returns what is left of the budgets, and how often a price fits into that; nothing where it cannot be read, as the answer is
/// stored and paid for.
async fn budgets_left(
    ctx: &RequestCtx,
    hub: &Hub,
    paid: &ToReserve,
    price: Price,
) -> Option<(Vec<BudgetLine>, u64)> {
    let run = paid.run;
    match own_left(ctx, hub, &paid.datasets, price).await {
        Ok(left) => Some(left),
        Err(error) => {
            tracing::warn!(run.id = %run, %error, "the budgets that are left after run `{run}` could not be read");
            None
        }
    }
}

/// Refuses to answer of nothing: it would be noise.
fn check_data(without: Option<&DatasetName>) -> Result<(), Error> {
    without.map_or(Ok(()), |dataset| Err(Error::NoData { dataset: dataset.clone() }))
}

/// Returns until when a release may compute, with its pilot.
fn deadline(ctx: &RequestCtx, started: Instant) -> Instant {
    let most = Duration::from_secs(ctx.limits.seconds_max.min(LEASE_SECONDS_MAX));
    started.checked_add(most).unwrap_or(started)
}

/// Computes the answer that was paid for and stores it, durably, before it leaves. What leaves is what was stored.
async fn draw(
    ctx: &RequestCtx,
    hub: &Hub,
    (run, taken_up): (RunId, bool),
    plan: ReleasePlan,
    reservation: &Reservation,
    deadline: Instant,
) -> Result<ReleaseAnswer, Error> {
    let price = plan.price();
    let drawn = plan.run(reservation, deadline).await.and_then(|answer| {
        let bytes = answer.to_bytes()?;
        Ok((ReleaseAnswer::from_bytes(&bytes)?, bytes))
    });
    match drawn {
        Ok((answer, bytes)) => {
            let stored = hub.ledger().commit_release(reservation, &bytes, ctx.now()).await;
            stored.map(|()| answer).map_err(Error::Record)
        }
        Err(_) => {
            burn(hub, run, reservation).await;
            Err(Error::ReleaseFailed { price, taken_up })
        }
    }
}

/// Burns what was reserved and failed. Closing the run burns it as well; this only says so at once.
async fn burn(hub: &Hub, run: RunId, reservation: &Reservation) {
    if let Err(unrecorded) = hub.ledger().burn(reservation).await {
        tracing::error!(run.id = %run, "the reservation of run `{run}` could not be burned: {unrecorded}");
    }
}

/// Names a failure by the tick at which it leaves.
///
/// PRIVACY: why a release failed could tell of rows, and is not looked at: whatever leaves as late as a release that ran out
/// of time is told as one. When it leaves, the asker sees anyway.
fn told_at(tick: Duration, error: Error, seconds_max: u64) -> Error {
    match error {
        Error::ReleaseFailed { price, taken_up } if tick::is_late(tick, seconds_max) => {
            Error::ReleaseTimedOut { price, seconds_max, taken_up }
        }
        error => error,
    }
}

/// Returns how long the same question waits for an answer that is under way.
fn lease(ctx: &RequestCtx) -> TimeDelta {
    let seconds = i64::try_from(ctx.limits.seconds_max.min(LEASE_SECONDS_MAX)).unwrap_or(0);
    TimeDelta::seconds(seconds) + LEASE_SLACK
}
