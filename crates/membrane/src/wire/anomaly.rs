//! What stood out of what principals did.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use membrane_ledger::Flag;
use membrane_model::RunId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::FoundAnomalies;

/// What stood out, the latest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnomaliesBody {
    /// The run in which this was looked up.
    pub run: String,
    /// What stood out.
    pub anomalies: Vec<AnomalyBody>,
    /// Whether there are more that are not listed: before these, or not written down yet.
    pub has_more: bool,
}

/// Something that stood out: it says how many there were and how many are usual, and proves nothing by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnomalyBody {
    /// Its number.
    pub anomaly: u64,
    /// The run in which it was written down.
    pub run: String,
    /// When that run began.
    pub flagged: String,
    /// Who acted.
    #[schema(example = "analyst:ana")]
    pub principal: String,
    /// `cells` opened in a day, `hours`: cells opened in an odd hour, `members`: rows that reads gave in a day, or `lookups` in an hour.
    #[schema(example = "cells")]
    pub kind: String,
    /// The day, in UTC.
    pub day: String,
    /// The hour of it, where it is about one.
    pub hour: Option<u8>,
    /// How many there were when it was written down.
    pub measured: u64,
    /// How many are usual.
    pub usual: u64,
    /// Of whom: `peers`, `own`, or `nobody` where there was nothing to compare with.
    pub usual_of: String,
    /// More than so many stand out.
    pub bound: u64,
    /// Who took note of it.
    pub acknowledged_by: Option<String>,
    /// When that was.
    pub acknowledged: Option<String>,
}

impl AnomaliesBody {
    /// Shapes what stood out.
    #[must_use]
    pub fn new(run: RunId, found: &FoundAnomalies) -> Self {
        let anomalies = found.flags.iter().map(AnomalyBody::from).collect();
        Self { run: run.to_string(), anomalies, has_more: found.has_more }
    }
}

impl From<&Flag> for AnomalyBody {
    fn from(flag: &Flag) -> Self {
        let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let Flag { number, run, flagged, anomaly, acknowledged } = flag;
        Self {
            anomaly: *number,
            run: run.to_string(),
            flagged: moment(*flagged),
            principal: anomaly.principal.to_string(),
            kind: anomaly.kind.to_string(),
            day: anomaly.day.to_string(),
            hour: anomaly.hour,
            measured: anomaly.measured,
            usual: anomaly.usual,
            usual_of: anomaly.usual_of.as_str().to_owned(),
            bound: anomaly.bound,
            acknowledged_by: acknowledged.as_ref().map(|(who, _)| who.to_string()),
            acknowledged: acknowledged.as_ref().map(|(_, at)| moment(*at)),
        }
    }
}

/// A day, from its first moment on, or a moment; in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SinceBody(pub DateTime<Utc>);

impl FromStr for SinceBody {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let day = || Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc());
        text.parse::<DateTime<Utc>>()
            .ok()
            .or_else(day)
            .map(Self)
            .ok_or("expected a date like 2026-11-01 or a moment like 2026-11-01T08:00:00Z")
    }
}

impl TryFrom<String> for SinceBody {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}
