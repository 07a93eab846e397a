//! Delegations.

use chrono::{DateTime, SecondsFormat, Utc};
use membrane_model::{DatasetName, PrincipalId, Purpose, RunId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::delegations::Delegation;
use crate::flow::{DelegationLine, NewDelegation, SettledDelegation};
use crate::ticket::Ticket;

/// What somebody hands on.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDelegationBody {
    /// To whom: another principal of one's own kind.
    #[schema(value_type = String, example = "analyst:chen")]
    pub to: PrincipalId,
    /// What for, 5 at most.
    #[schema(value_type = Vec<String>, example = json!(["marketing_analysis"]))]
    pub purposes: Vec<Purpose>,
    /// Which datasets, 20 at most.
    #[schema(value_type = Vec<String>, example = json!(["crm_members"]))]
    pub datasets: Vec<DatasetName>,
    /// For how many days from now, 31 at most.
    #[schema(example = 7)]
    pub days: u32,
    /// For which case, as another system knows it: letters, `-`, digits.
    #[schema(value_type = String, example = "HR-12")]
    pub ticket: Ticket,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DelegationAnswerBody {
    /// The run in which it was made or ended.
    pub run: String,
    /// The delegation.
    pub delegation: DelegationBody,
    /// Others from the same to the same that are open: by those they still act.
    pub still_open: Vec<u64>,
}

/// Delegations: all of them, or those from and to the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DelegationsBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The delegations, in the order in which they were made.
    pub delegations: Vec<DelegationBody>,
}

/// A delegation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DelegationBody {
    /// Its number.
    pub number: u64,
    /// Where it stands: open, expired or ended; `ahead`, when it was made by a clock that is ahead of this hub's.
    pub state: String,
    /// Why nothing is seen by it, though it is open: compliance is told what has changed, others that something has; only in a
    /// list.
    pub unusable: Option<String>,
    /// Who handed on.
    pub from: String,
    /// To whom.
    pub to: String,
    /// What for.
    pub purposes: Vec<String>,
    /// Which datasets.
    pub datasets: Vec<String>,
    /// For which case.
    pub ticket: String,
    /// When it was made.
    pub made: String,
    /// Until when it is open, unless somebody ends it.
    pub until: String,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// When that was.
    pub ended_at: Option<String>,
    /// Runs in which something was seen by it; only in a list.
    pub runs: Option<u64>,
}

impl From<NewDelegationBody> for NewDelegation {
    fn from(body: NewDelegationBody) -> Self {
        let NewDelegationBody { to, purposes, datasets, days, ticket } = body;
        Self { to, purposes, datasets, days, ticket }
    }
}

impl DelegationBody {
    /// Tells of a delegation as it stands at a moment.
    #[must_use]
    pub fn of(one: &Delegation, now: DateTime<Utc>) -> Self {
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        Self {
            number: one.number,
            state: one.state(now).as_str().to_owned(),
            unusable: None,
            from: one.asked.delegator.to_string(),
            to: one.asked.delegate.to_string(),
            purposes: one.asked.purposes.iter().map(ToString::to_string).collect(),
            datasets: one.asked.datasets.iter().map(ToString::to_string).collect(),
            ticket: one.ticket.to_string(),
            made: time(one.made),
            until: time(one.until()),
            ended_by: one.ended.as_ref().map(|(who, _)| who.to_string()),
            ended_at: one.ended.as_ref().map(|(_, at)| time(*at)),
            runs: None,
        }
    }

    /// Tells of a delegation and how it was used.
    #[must_use]
    pub fn of_line(line: &DelegationLine, now: DateTime<Utc>) -> Self {
        let unusable = line.unusable.clone();
        Self { unusable, runs: Some(line.runs), ..Self::of(&line.delegation, now) }
    }
}

impl DelegationAnswerBody {
    /// Tells of a delegation that was made or ended in a run.
    #[must_use]
    pub fn of(run: RunId, settled: &SettledDelegation, now: DateTime<Utc>) -> Self {
        Self {
            run: run.to_string(),
            delegation: DelegationBody::of(&settled.delegation, now),
            still_open: settled.still_open.clone(),
        }
    }
}
