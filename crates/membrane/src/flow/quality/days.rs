//! Deliveries, added up by dataset and day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use membrane_ledger::Delivery;
use membrane_model::{DatasetName, Verdict};

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
    /// Rows that were added and came later than the contract says.
    pub rows_late: u64,
    /// The share of rows that fit the contract; none of no rows.
    pub pass_share: Option<f64>,
    /// The share that is to fit.
    pub objective: f64,
    /// Whether that is the objective or more. No rows meet it.
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

/// Adds deliveries up by dataset and day, the latest day first. `objective` says what share of a dataset's rows is to fit.
pub(super) fn by_day(deliveries: &[Delivery], objective: impl Fn(&DatasetName) -> f64) -> Vec<QualityDay> {
    let mut days: BTreeMap<(DatasetName, NaiveDate), Vec<&Delivery>> = BTreeMap::new();
    for delivery in deliveries {
        let key = (delivery.dataset.clone(), delivery.ended.date_naive());
        days.entry(key).or_default().push(delivery);
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
        rows_late: sum(|delivery| delivery.rows_late),
        pass_share,
        objective,
        meets_objective: pass_share.is_none_or(|share| share >= objective),
        totals: totals(of),
        reasons,
    }
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
