//! What became of deliveries, by dataset and day.

use chrono::SecondsFormat;
use membrane_ledger::Alert;
use membrane_model::{Reconciled, RunId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::{DeliveryTotals, Promise, Quality, QualityDay, TotalsToday};

/// What became of deliveries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QualityBody {
    /// The run in which this was looked up.
    pub run: String,
    /// By dataset, the latest day first.
    pub days: Vec<QualityDayBody>,
    /// Promises of contracts that are broken at present.
    pub alerts: Vec<AlertBody>,
}

/// One dataset on one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QualityDayBody {
    /// The dataset.
    pub dataset: String,
    /// The day, in UTC.
    pub day: String,
    /// Deliveries that were taken in.
    pub deliveries: u64,
    /// Deliveries of which nothing was taken in, each once however often it was tried.
    pub refused: u64,
    /// Why, the most frequent code first.
    pub refusals: Vec<QualityReasonBody>,
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
    /// Whether that is the objective or more, and so is the share of deliveries that were taken in.
    pub meets_objective: bool,
    /// Promises of the contract that were broken on that day: `error_rate`, `latency`, `volume`, `totals`.
    pub broken: Vec<String>,
    /// What came of comparing deliveries with what their sources said of them.
    pub totals: TotalsBody,
    /// Why rows were set aside, the most frequent reason first.
    pub reasons: Vec<QualityReasonBody>,
}

/// How many deliveries had what their sources said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TotalsBody {
    /// Those that had.
    pub agree: u64,
    /// Those that had not.
    pub differ: u64,
    /// Those of which it cannot be told: values were set aside that cannot be read as numbers.
    pub unknown: u64,
    /// What differed: `rows`, and names of columns.
    pub of: Vec<String>,
}

/// How often rows were set aside, or deliveries refused, for a reason. A row may have several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QualityReasonBody {
    /// `code:column` of rows, a code of deliveries.
    pub reason: String,
    /// How often.
    pub times: u64,
}

/// A promise of a contract that is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertBody {
    /// The dataset.
    pub dataset: String,
    /// The promise: `error_rate`, `latency`, `frequency`, `volume` or `totals`.
    pub promise: String,
    /// Since when that is known.
    pub since: String,
}

/// The control totals of deliveries to a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReconciliationBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The latest first; those of which no source said anything are left out.
    pub deliveries: Vec<ReconciledBody>,
}

/// The control totals of one delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReconciledBody {
    /// The run that brought it in.
    pub run: String,
    /// The source, when it came from one.
    pub source: Option<String>,
    /// When it was there.
    pub ended: String,
    /// Those that the asker may see.
    pub totals: Vec<TotalBody>,
    /// How many the asker may not.
    pub withheld: usize,
}

/// One control total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TotalBody {
    /// What was counted: `rows`, or a column.
    pub of: String,
    /// `agrees`, `differs`, or `unknown` where values cannot be read as numbers.
    pub verdict: String,
    /// What the source said; nothing for a sum of a delivery with rows that were set aside.
    pub stated: Option<String>,
    /// What of it was taken in.
    pub taken: String,
    /// What of it was set aside; nothing for such a sum.
    pub aside: Option<String>,
    /// Rows whose value cannot be read as a number.
    pub unread: u64,
}

impl QualityBody {
    /// Shows days.
    #[must_use]
    pub fn new(run: RunId, quality: &Quality) -> Self {
        Self {
            run: run.to_string(),
            days: quality.days.iter().map(|(day, broken)| QualityDayBody::new(day, broken)).collect(),
            alerts: quality.alerts.iter().map(AlertBody::from).collect(),
        }
    }
}

impl QualityDayBody {
    pub(super) fn new(day: &QualityDay, broken: &[Promise]) -> Self {
        let reason =
            |(reason, times): &(String, u64)| QualityReasonBody { reason: reason.clone(), times: *times };
        Self {
            dataset: day.dataset.to_string(),
            day: day.day.to_string(),
            deliveries: day.deliveries,
            refused: day.refused,
            refusals: day.refusals.iter().map(reason).collect(),
            rows_in: day.rows_in,
            rows_accepted: day.rows_accepted,
            rows_quarantined: day.rows_quarantined,
            duplicates: day.duplicates,
            rows_late: day.rows_late,
            pass_share: day.pass_share,
            objective: day.objective,
            meets_objective: day.meets_objective,
            broken: broken.iter().map(|promise| promise.as_str().to_owned()).collect(),
            totals: TotalsBody::from(&day.totals),
            reasons: day.reasons.iter().map(reason).collect(),
        }
    }
}

impl From<&TotalsToday> for TotalsBody {
    fn from(totals: &TotalsToday) -> Self {
        let TotalsToday { agree, differ, unknown, of } = totals;
        Self { agree: *agree, differ: *differ, unknown: *unknown, of: of.iter().cloned().collect() }
    }
}

impl From<&Alert> for AlertBody {
    fn from(alert: &Alert) -> Self {
        Self {
            dataset: alert.dataset.to_string(),
            promise: alert.promise.clone(),
            since: alert.since.to_rfc3339_opts(SecondsFormat::Secs, true),
        }
    }
}

impl ReconciliationBody {
    /// Shows deliveries.
    #[must_use]
    pub fn new(run: RunId, deliveries: &[DeliveryTotals]) -> Self {
        let stated =
            deliveries.iter().filter(|totals| !totals.delivery.totals.is_empty() || totals.withheld > 0);
        Self { run: run.to_string(), deliveries: stated.map(ReconciledBody::from).collect() }
    }
}

impl From<&DeliveryTotals> for ReconciledBody {
    fn from(totals: &DeliveryTotals) -> Self {
        let delivery = &totals.delivery;
        Self {
            run: delivery.run.to_string(),
            source: delivery.source.as_ref().map(ToString::to_string),
            ended: delivery.ended.to_rfc3339_opts(SecondsFormat::Secs, true),
            totals: delivery.totals.iter().map(TotalBody::from).collect(),
            withheld: totals.withheld,
        }
    }
}

impl From<&Reconciled> for TotalBody {
    fn from(total: &Reconciled) -> Self {
        Self {
            of: total.what().to_owned(),
            verdict: total.verdict.as_str().to_owned(),
            stated: total.rest.as_ref().map(|rest| rest.stated.clone()),
            taken: total.taken.clone(),
            aside: total.rest.as_ref().map(|rest| rest.aside.clone()),
            unread: total.unread,
        }
    }
}
