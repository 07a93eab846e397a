//! Deliveries, added up by dataset and day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use membrane_ledger::{Delivery, RefusedDelivery};
use membrane_model::{DatasetName, Verdict};

/// One dataset on one day.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityDay {
    /// The dataset.
    pub dataset: DatasetName,
    /// The day, in UTC.
    pub day: NaiveDate,
    /// Deliveries that were taken in.
    pub deliveries: u64,
    /// Deliveries of which nothing was taken in.
    pub refused: u64,
    /// How often each was the reason for that: a code, the most frequent first.
    pub refusals: Vec<(String, u64)>,
    /// Records in them.
    pub rows_in: u64,
    /// Rows that were added.
    pub rows_accepted: u64,
    /// Rows that were set aside.
    pub rows_quarantined: u64,
    /// Rows that were set aside as duplicates.
    pub duplicates: u64,
    /// Rows that were added and came later than the contract says.
    pub rows_late: u64,
    /// The share of rows that fit the contract, those among them that were counted in refused deliveries; none of no rows.
    pub pass_share: Option<f64>,
    /// The share that is to fit.
    pub objective: f64,
    /// Whether that is the objective or more, and so is the share of deliveries that were taken in. No rows meet it, nor does no
    /// delivery.
    pub meets_objective: bool,
    /// What came of comparing deliveries with what their sources said of them.
    pub totals: TotalsToday,
    /// How often each reason occurred, by `code:column`, the most frequent first.
    pub reasons: Vec<(String, u64)>,
}

/// How many deliveries of a day had what their sources said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TotalsToday {
    /// Those that had.
    pub agree: u64,
    /// Those that had not.
    pub differ: u64,
    /// Those of which it cannot be told: values were set aside that cannot be read as numbers.
    pub unknown: u64,
    /// What differed: `rows`, and names of columns.
    pub of: BTreeSet<String>,
}

/// Adds deliveries up by dataset and day, the latest day first: those that were taken in, and those that were not. `objective` says
/// what share of a dataset's rows is to fit.
pub(super) fn by_day(
    (deliveries, refused): (&[Delivery], &[RefusedDelivery]),
    objective: impl Fn(&DatasetName) -> f64,
) -> Vec<QualityDay> {
    let mut days: BTreeMap<(DatasetName, NaiveDate), Day<'_>> = BTreeMap::new();
    for delivery in deliveries {
        let key = (delivery.dataset.clone(), delivery.ended.date_naive());
        days.entry(key).or_default().taken.push(delivery);
    }
    for refused in refused {
        let key = (refused.dataset.clone(), refused.at.date_naive());
        days.entry(key).or_default().refused.push(refused);
    }
    let mut told: Vec<QualityDay> = days
        .into_iter()
        .map(|((dataset, day), of)| {
            let objective = objective(&dataset);
            add_up(dataset, day, &of, objective)
        })
        .collect();
    told.sort_by(|one, other| (&one.dataset, other.day).cmp(&(&other.dataset, one.day)));
    told
}

/// The deliveries of one day.
#[derive(Default)]
struct Day<'a> {
    taken: Vec<&'a Delivery>,
    refused: Vec<&'a RefusedDelivery>,
}

#[expect(clippy::cast_precision_loss, reason = "a share of rows, to about 15 digits")]
fn add_up(dataset: DatasetName, day: NaiveDate, of: &Day<'_>, objective: f64) -> QualityDay {
    let Day { taken: of, refused } = of;
    let sum = |part: fn(&Delivery) -> u64| of.iter().map(|delivery| part(delivery)).sum::<u64>();
    let rows_in = sum(|delivery| delivery.rows_in);
    let rows_accepted = sum(|delivery| delivery.rows_accepted);
    let reasons = of.iter().flat_map(|delivery| &delivery.reasons);
    let reasons = most_first(reasons.map(|(reason, times)| (reason.as_str(), *times)));
    let duplicates =
        reasons.iter().filter(|(reason, _)| reason.starts_with("duplicate")).map(|(_, times)| times).sum();
    let rows_judged = rows_in + refused.iter().filter_map(|refused| refused.rows_in).sum::<u64>();
    let pass_share = (rows_judged > 0).then(|| rows_accepted as f64 / rows_judged as f64);
    let deliveries = u64::try_from(of.len()).unwrap_or(u64::MAX);
    let refusals = u64::try_from(refused.len()).unwrap_or(u64::MAX);
    let taken_share = deliveries as f64 / deliveries.saturating_add(refusals).max(1) as f64;
    let meets = |share: f64| share >= objective;
    QualityDay {
        dataset,
        day,
        deliveries,
        refused: refusals,
        refusals: most_first(refused.iter().map(|refused| (refused.code.as_str(), 1))),
        rows_in,
        rows_accepted,
        rows_quarantined: sum(|delivery| delivery.rows_quarantined),
        duplicates,
        rows_late: sum(|delivery| delivery.rows_late),
        pass_share,
        objective,
        meets_objective: pass_share.is_none_or(meets) && (refused.is_empty() || meets(taken_share)),
        totals: totals(of),
        reasons,
    }
}

/// Adds up how often each reason occurred, the most frequent first.
fn most_first<'a>(reasons: impl Iterator<Item = (&'a str, u64)>) -> Vec<(String, u64)> {
    let mut all: BTreeMap<&str, u64> = BTreeMap::new();
    for (reason, times) in reasons {
        *all.entry(reason).or_default() += times;
    }
    let mut all: Vec<(String, u64)> =
        all.into_iter().map(|(reason, times)| (reason.to_owned(), times)).collect();
    all.sort_by(|one, other| (other.1, &one.0).cmp(&(one.1, &other.0)));
    all
}

fn totals(of: &[&Delivery]) -> TotalsToday {
    let mut today = TotalsToday::default();
    for delivery in of {
        let has = |verdict| delivery.totals.iter().any(|total| total.verdict == verdict);
        if has(Verdict::Differs) {
            today.differ += 1;
        } else if has(Verdict::Unknown) {
            today.unknown += 1;
        } else if has(Verdict::Agrees) {
            today.agree += 1;
        }
        let differ = delivery.totals.iter().filter(|total| total.verdict == Verdict::Differs);
        today.of.extend(differ.map(|total| total.what().to_owned()));
    }
    today
}

#[cfg(test)]
mod tests;
