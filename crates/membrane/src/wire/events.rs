//! What became of a push of events.

use membrane_model::DatasetName;
use serde::{Deserialize, Serialize};

use crate::flow::Pushed;

/// What became of a push of events: they are durable.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventsBody {
    /// The run that commits them.
    pub run: String,
    /// The dataset.
    pub dataset: String,
    /// Events in the push.
    pub events: u64,
    /// Rows that were new and fit.
    pub rows_accepted: u64,
    /// Rows that break the contract; they are set aside with the reason.
    pub rows_quarantined: u64,
    /// Rows that came before and were left out.
    pub duplicates: u64,
    /// Accepted rows that came later after their event than the contract promises.
    pub rows_late: u64,
    /// Whether a push of this name came before: the rest is what was answered then.
    pub already: bool,
}

impl EventsBody {
    pub(crate) fn new(dataset: &DatasetName, pushed: &Pushed) -> Self {
        let Pushed { run, answer, again } = pushed;
        Self {
            run: run.to_string(),
            dataset: dataset.to_string(),
            events: answer.read,
            rows_accepted: answer.accepted,
            rows_quarantined: answer.quarantined,
            duplicates: answer.duplicates,
            rows_late: answer.late,
            already: *again,
        }
    }
}
