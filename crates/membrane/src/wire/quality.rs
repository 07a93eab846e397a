//! What became of deliveries, by dataset and day.

use membrane_model::RunId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::QualityDay;

/// What became of deliveries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QualityBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The share of rows that is to fit the contract.
    pub objective: f64,
    /// By dataset, the latest day first.
    pub days: Vec<QualityDayBody>,
}

/// One dataset on one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QualityDayBody {
    /// The dataset.
    pub dataset: String,
    /// The day, in UTC.
    pub day: String,
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
    /// Whether that is the objective or more.
    pub meets_objective: bool,
    /// Why rows were set aside, the most frequent reason first.
    pub reasons: Vec<QualityReasonBody>,
}

/// How often rows were set aside for a reason. A row may have several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QualityReasonBody {
    /// `code:column`.
    pub reason: String,
    /// How often.
    pub times: u64,
}

impl QualityBody {
    /// Shows days.
    #[must_use]
    pub fn new(run: RunId, objective: f64, days: &[QualityDay]) -> Self {
        Self { run: run.to_string(), objective, days: days.iter().map(QualityDayBody::from).collect() }
    }
}

impl From<&QualityDay> for QualityDayBody {
    fn from(day: &QualityDay) -> Self {
        let reason =
            |(reason, times): &(String, u64)| QualityReasonBody { reason: reason.clone(), times: *times };
        Self {
            dataset: day.dataset.to_string(),
            day: day.day.to_string(),
            deliveries: day.deliveries,
            rows_in: day.rows_in,
            rows_accepted: day.rows_accepted,
            rows_quarantined: day.rows_quarantined,
            duplicates: day.duplicates,
            pass_share: day.pass_share,
            meets_objective: day.meets_objective,
            reasons: day.reasons.iter().map(reason).collect(),
        }
    }
}
