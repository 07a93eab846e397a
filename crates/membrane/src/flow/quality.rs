//! QUALITY: what became of deliveries, by dataset and day: the history from which an objective is held.
//!
//! A day is that on which a delivery was there, in UTC. A delivery that was there before is no delivery; what is replayed from the
//! quarantine is one.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use membrane_ledger::Delivery;
use membrane_model::{Action, DatasetName, RunId};

use super::run::{ActiveRun, RunHead, finish};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// The share of rows that is to fit the contract, unless somebody says otherwise.
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
    /// The share of rows that is to fit the contract, from 0 to 1.
    pub objective: f64,
}

/// One dataset on one day.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityDay {
    /// The dataset.
    pub dataset: DatasetName,
    /// The day, in UTC.
    pub day: NaiveDate,
    /// Deliveries.
    pub deliveries: u64,
    /// Records in them.
    pub rows_in: u64,
    /// Rows that were added.
    pub rows_accepted: u64,
    /// Rows that were set aside.
    pub rows_quarantined: u64,
    /// Rows that were set aside as duplicates.
    pub duplicates: u64,
    /// The share of rows that fit the contract; none of no rows.
    pub pass_share: Option<f64>,
    /// Whether that is the objective or more. No rows meet it.
    pub meets_objective: bool,
    /// How often each reason occurred, by `code:column`, the most frequent first.
    pub reasons: Vec<(String, u64)>,
}

/// Tells what became of deliveries.
///
/// # Errors
/// [`Failure`] when it is refused or the ledger cannot be read.
pub async fn quality(
    ctx: &RequestCtx,
    hub: &Hub,
    request: QualityRequest,
) -> Result<(RunId, Vec<QualityDay>), Failure> {
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
) -> Result<Vec<QualityDay>, Error> {
    run.permit(hub, Vec::new()).await?;
    let wrong = |told: &str| Err(Error::BadRequest(told.to_owned()));
    if request.days == 0 || request.days > DAYS_MAX {
        return wrong("`days` is from 1 to 400");
    }
    if !(0.0..=1.0).contains(&request.objective) {
        return wrong("`objective` is a share, from 0 to 1");
    }
    if request.dataset.as_ref().is_some_and(|name| hub.catalog().dataset(name).is_none()) {
        return Err(Error::UnknownDataset);
    }
    let today = ctx.now().date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    let since = today - TimeDelta::days(i64::from(request.days) - 1);
    let deliveries = hub.ledger().deliveries(request.dataset.as_ref(), since).await.map_err(Error::Ledger)?;
    Ok(by_day(&deliveries, request.objective))
}

/// Adds deliveries up by dataset and day, the latest day first.
fn by_day(deliveries: &[Delivery], objective: f64) -> Vec<QualityDay> {
    let mut days: BTreeMap<(DatasetName, NaiveDate), Vec<&Delivery>> = BTreeMap::new();
    for delivery in deliveries {
        let key = (delivery.dataset.clone(), delivery.ended.date_naive());
        days.entry(key).or_default().push(delivery);
    }
    let mut told: Vec<QualityDay> =
        days.into_iter().map(|((dataset, day), of)| add_up(dataset, day, &of, objective)).collect();
    told.sort_by(|one, other| (&one.dataset, other.day).cmp(&(&other.dataset, one.day)));
    told
}

#[expect(clippy::cast_precision_loss, reason = "a share of rows, to about 15 digits")]
fn add_up(dataset: DatasetName, day: NaiveDate, of: &[&Delivery], objective: f64) -> QualityDay {
    let sum = |part: fn(&Delivery) -> u64| of.iter().map(|delivery| part(delivery)).sum::<u64>();
    let rows_in = sum(|delivery| delivery.rows_in);
    let rows_accepted = sum(|delivery| delivery.rows_accepted);
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for (reason, times) in of.iter().flat_map(|delivery| &delivery.reasons) {
        *reasons.entry(reason).or_default() += times;
    }
    let duplicates =
        reasons.iter().filter(|(reason, _)| reason.starts_with("duplicate")).map(|(_, times)| times).sum();
    let mut reasons: Vec<(String, u64)> =
        reasons.into_iter().map(|(reason, times)| (reason.to_owned(), times)).collect();
    reasons.sort_by(|one, other| (other.1, &one.0).cmp(&(one.1, &other.0)));
    let pass_share = (rows_in > 0).then(|| rows_accepted as f64 / rows_in as f64);
    QualityDay {
        dataset,
        day,
        deliveries: u64::try_from(of.len()).unwrap_or(u64::MAX),
        rows_in,
        rows_accepted,
        rows_quarantined: sum(|delivery| delivery.rows_quarantined),
        duplicates,
        pass_share,
        meets_objective: pass_share.is_none_or(|share| share >= objective),
        reasons,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn delivery(dataset: &str, day: i64, accepted: u64, reasons: &[(&str, u64)]) -> Delivery {
        let bad = reasons.iter().map(|(_, times)| times).sum::<u64>();
        let ended = DateTime::from_timestamp(1_800_000_000 + day * 86_400, 0).unwrap();
        Delivery {
            run: RunId::new(ended),
            dataset: dataset.parse().unwrap(),
            source: None,
            ended,
            rows_in: accepted + bad,
            rows_accepted: accepted,
            rows_quarantined: bad,
            reasons: reasons.iter().map(|(reason, times)| ((*reason).to_owned(), *times)).collect(),
        }
    }

    #[test]
    fn deliveries_add_up_by_day() {
        let told = by_day(
            &[
                delivery("pos_orders", 1, 98, &[("duplicate:order_id", 1), ("missing:amount", 1)]),
                delivery("pos_orders", 1, 100, &[("missing:amount", 2)]),
                delivery("pos_orders", 0, 99, &[("missing:amount", 1)]),
                delivery("crm_members", 1, 0, &[]),
            ],
            OBJECTIVE,
        );
        let lines: Vec<String> = told
            .iter()
            .map(|day| {
                let share = day.pass_share.map(|share| format!("{share:.4}"));
                format!(
                    "{} {} {} {share:?} {} {}",
                    day.dataset, day.deliveries, day.rows_in, day.duplicates, day.meets_objective
                )
            })
            .collect();
        assert_eq!(
            lines,
            [
                "crm_members 1 0 None 0 true",
                "pos_orders 2 202 Some(\"0.9802\") 1 false",
                "pos_orders 1 100 Some(\"0.9900\") 0 true",
            ]
        );
        assert_eq!(told[1].reasons, [("missing:amount".to_owned(), 3), ("duplicate:order_id".to_owned(), 1)]);
    }
}
