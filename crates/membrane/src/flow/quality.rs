//! QUALITY: what became of deliveries, by dataset and day, held against what contracts promise.
//!
//! A day is that on which a delivery was there, in UTC. A delivery that was there before is no delivery; what is replayed from the
//! quarantine is one. One that was refused as a whole counts too: as its rows, where they were counted, and as a delivery.

mod days;
mod promise;
mod totals;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use membrane_ledger::Alert;
use membrane_model::{Action, DatasetName, RunId};

use super::run::{ActiveRun, RunHead, finish};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

use days::by_day;
use promise::broken_on;

pub use days::{QualityDay, TotalsToday};
pub use promise::{Promise, check_promises};
pub use totals::{DeliveryTotals, TotalsRequest, totals};

/// The share of rows that is to fit the contract, unless it or somebody says otherwise.
pub const OBJECTIVE: f64 = 0.99;
/// Days that are told of at most.
const DAYS_MAX: u32 = 400;

/// What is asked.
#[derive(Debug, Clone)]
pub struct QualityRequest {
    /// Of which dataset; all of them when not stated.
    pub dataset: Option<DatasetName>,
    /// Of how many days, today among them.
    pub days: u32,
    /// The share of rows that is to fit the contract, from 0 to 1; what each contract says when not stated.
    pub objective: Option<f64>,
}

/// What became of deliveries.
#[derive(Debug, Clone, PartialEq)]
pub struct Quality {
    /// By dataset, the latest day first.
    pub days: Vec<(QualityDay, Vec<Promise>)>,
    /// Promises that are broken at present, as the hub found when it looked last.
    pub alerts: Vec<Alert>,
}

/// Tells what became of deliveries.
///
/// # Errors
/// [`Failure`] when it is refused or the ledger cannot be read.
pub async fn quality(
    ctx: &RequestCtx,
    hub: &Hub,
    request: QualityRequest,
) -> Result<(RunId, Quality), Failure> {
    let head = RunHead { action: Action::Audit, purpose: None, job: "quality".to_owned(), statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let found = look(&mut run, ctx, hub, request).await;
    finish(run, found).await
}

async fn look(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    request: QualityRequest,
) -> Result<Quality, Error> {
    run.permit(hub, Vec::new()).await?;
    let is_share = |share: f64| (0.0..=1.0).contains(&share);
    if request.objective.is_some_and(|objective| !is_share(objective)) {
        return Err(Error::BadRequest("`objective` is a share, from 0 to 1".to_owned()));
    }
    let asked = request.dataset.as_ref();
    if asked.is_some_and(|name| hub.catalog().dataset(name).is_none()) {
        return Err(Error::UnknownDataset);
    }
    let since = since(ctx, request.days)?;
    let deliveries = hub.ledger().deliveries(asked, since).await.map_err(Error::Ledger)?;
    let refused = hub.ledger().refused_deliveries(asked, since).await.map_err(Error::Ledger)?;
    let days =
        by_day((&deliveries, &refused), |name| request.objective.unwrap_or_else(|| objective_of(hub, name)));
    let mut alerts = hub.ledger().alerts().await.map_err(Error::Ledger)?;
    alerts.retain(|alert| asked.is_none_or(|asked| *asked == alert.dataset));
    Ok(Quality { days: days.into_iter().map(|day| with_broken(hub, day)).collect(), alerts })
}

/// Adds up what became of the deliveries to a dataset on so many days, also where its contract is gone: for whoever may look at the record.
pub(super) async fn days_of(
    hub: &Hub,
    ctx: &RequestCtx,
    dataset: &DatasetName,
    days: u32,
) -> Result<Vec<(QualityDay, Vec<Promise>)>, Error> {
    let since = since(ctx, days)?;
    let deliveries = hub.ledger().deliveries(Some(dataset), since).await.map_err(Error::Ledger)?;
    let refused = hub.ledger().refused_deliveries(Some(dataset), since).await.map_err(Error::Ledger)?;
    let days = by_day((&deliveries, &refused), |name| objective_of(hub, name));
    Ok(days.into_iter().map(|day| with_broken(hub, day)).collect())
}

fn with_broken(hub: &Hub, day: QualityDay) -> (QualityDay, Vec<Promise>) {
    let broken = hub.catalog().dataset(&day.dataset).map(|dataset| broken_on(dataset, &day));
    (day, broken.unwrap_or_default())
}

/// Returns when the first of so many days began, of which today is the last.
fn since(ctx: &RequestCtx, days: u32) -> Result<DateTime<Utc>, Error> {
    if days == 0 || days > DAYS_MAX {
        return Err(Error::BadRequest("`days` is from 1 to 400".to_owned()));
    }
    Ok(start_of(ctx.now()) - TimeDelta::days(i64::from(days) - 1))
}

/// Returns when a day began.
fn start_of(now: DateTime<Utc>) -> DateTime<Utc> {
    now.date_naive().and_time(NaiveTime::MIN).and_utc()
}

/// Returns the share of a dataset's rows that is to fit its contract.
fn objective_of(hub: &Hub, name: &DatasetName) -> f64 {
    let errors = hub.catalog().dataset(name).and_then(|dataset| dataset.service.error_share);
    errors.map_or(OBJECTIVE, |errors| 1.0 - errors)
}
