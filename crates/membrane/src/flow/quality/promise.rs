//! Promises of contracts, and which of them are broken.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use membrane_catalog::Dataset;
use membrane_ledger::Delivered;
use membrane_model::DatasetName;

use super::days::{QualityDay, by_day};
use super::{objective_of, start_of};
use crate::error::Error;
use crate::hub::Hub;

/// What a contract promises of deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// So many rows fit the contract, and so many deliveries are taken in: `errorRate`, 99 % unless it says otherwise.
    ErrorRate,
    /// Rows come so soon after what they tell of: `latency`. As many may be late as may be wrong.
    Latency,
    /// There is a delivery so often: `frequency`.
    Frequency,
    /// A day has so many rows: `membrane.rowsPerDay`.
    Volume,
    /// A delivery has what its source says.
    Totals,
}

impl Promise {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ErrorRate => "error_rate",
            Self::Latency => "latency",
            Self::Frequency => "frequency",
            Self::Volume => "volume",
            Self::Totals => "totals",
        }
    }
}

/// Returns the promises of a contract that are broken: on one of its days, or by there being no delivery. Of today it is not
/// known yet whether its rows will be enough.
pub(super) fn broken(
    dataset: &Dataset,
    days: &[&QualityDay],
    delivered: Option<Delivered>,
    now: DateTime<Utc>,
) -> BTreeSet<Promise> {
    let mut broken: BTreeSet<Promise> = days.iter().flat_map(|day| broken_on(dataset, day)).collect();
    let service = &dataset.service;
    if let Some(frequency) = service.frequency.and_then(|frequency| TimeDelta::from_std(frequency).ok())
        && delivered.is_none_or(|delivered| now - delivered.last > frequency)
    {
        broken.insert(Promise::Frequency);
    }
    let yesterday = now.date_naive().pred_opt();
    if let (Some((least, _)), Some(yesterday), Some(delivered)) = (service.rows_per_day, yesterday, delivered)
        && delivered.first.date_naive() <= yesterday
        && rows_of(days, yesterday) < least
    {
        broken.insert(Promise::Volume);
    }
    broken
}

/// Returns the promises that are broken on a day, whatever is still to come on it.
pub(super) fn broken_on(dataset: &Dataset, day: &QualityDay) -> Vec<Promise> {
    let too_many = dataset.service.rows_per_day.is_some_and(|(_, most)| day.rows_accepted > most);
    [
        (Promise::ErrorRate, !day.meets_objective),
        (Promise::Latency, is_late(day)),
        (Promise::Volume, too_many),
        (Promise::Totals, day.totals.differ > 0),
    ]
    .into_iter()
    .filter_map(|(promise, is_broken)| is_broken.then_some(promise))
    .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a share of rows, to about 15 digits")]
fn is_late(day: &QualityDay) -> bool {
    day.rows_late as f64 > (1.0 - day.objective) * day.rows_accepted as f64
}

fn rows_of(days: &[&QualityDay], wanted: NaiveDate) -> u64 {
    days.iter().filter(|day| day.day == wanted).map(|day| day.rows_accepted).sum()
}

/// Looks which promises are broken, today or yesterday; tells the log what changed since the last look.
///
/// # Errors
/// [`Error`] when the ledger cannot be read or written.
pub async fn check_promises(hub: &Hub, now: DateTime<Utc>) -> Result<(), Error> {
    let since = start_of(now) - TimeDelta::days(1);
    let deliveries = hub.ledger().deliveries(None, since).await.map_err(Error::Ledger)?;
    let delivered = hub.ledger().delivered().await.map_err(Error::Ledger)?;
    let refused = hub.ledger().refused_deliveries(None, since).await.map_err(Error::Ledger)?;
    let days = by_day((&deliveries, &refused), |name| objective_of(hub, name));
    let mut all: BTreeSet<(DatasetName, String)> = BTreeSet::new();
    for dataset in hub.catalog().datasets() {
        let days: Vec<&QualityDay> = days.iter().filter(|day| day.dataset == dataset.name).collect();
        let broken = broken(dataset, &days, delivered.get(&dataset.name).copied(), now);
        all.extend(broken.into_iter().map(|promise| (dataset.name.clone(), promise.as_str().to_owned())));
    }
    let changes = hub.ledger().set_alerts(&all, now).await.map_err(Error::Ledger)?;
    for (dataset, promise) in changes.opened {
        tracing::warn!(
            dataset.name = %dataset, promise,
            "`{dataset}` breaks a promise of its contract: {promise}; `membrane quality {dataset}` tells more"
        );
    }
    for (dataset, promise) in changes.ended {
        tracing::info!(dataset.name = %dataset, promise, "`{dataset}` keeps its promise again: {promise}");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
