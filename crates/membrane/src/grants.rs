//! Break-glass grants, as they follow from the signed steps in the ledger.
//!
//! ```text
//! request (who, what for, which columns, how many hours) --approve (another person)--> open until its hours are over
//!                                                        --nobody for a day----------> lapsed
//! at any time --end--> ended
//! ```

use chrono::{DateTime, TimeDelta, Utc};
use membrane_ledger::DocumentKind;
use membrane_model::{ColumnName, DatasetName, PrincipalId, Purpose};
use membrane_policy::{BreakGlassRequest, BrokenGlass};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::steps::{Stepped, Steps, as_stored, is_ahead};
use crate::ticket::Ticket;

/// The name of the stored form.
const FORMAT: &str = "membrane-break-glass/1";
/// Hours for which a grant is open at most.
pub(crate) const HOURS_MAX: u32 = 24;
/// Hours within which somebody must agree.
const LAPSES_AFTER_HOURS: i64 = 24;

/// A step in the life of a grant, as it is signed and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    format: String,
    /// The grant: the number of the document that asked for it.
    grant: u64,
    /// Who took the step.
    principal: PrincipalId,
    /// When: RFC 3339, UTC.
    at: DateTime<Utc>,
    what: What,
}

/// What a step is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum What {
    Request { purpose: Purpose, columns: Vec<(DatasetName, ColumnName)>, hours: u32, ticket: Ticket },
    Approve,
    End,
}

/// A grant, as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its number.
    pub number: u64,
    /// Who asked, for what, to see which columns.
    pub asked: BreakGlassRequest,
    /// For which case.
    pub ticket: Ticket,
    /// For how many hours from when another agrees.
    pub hours: u32,
    /// When it was asked for.
    pub requested: DateTime<Utc>,
    /// Who agreed, and when.
    pub approved: Option<(PrincipalId, DateTime<Utc>)>,
    /// Who ended it, and when.
    pub ended: Option<(PrincipalId, DateTime<Utc>)>,
}

/// Where a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantState {
    /// Nobody has agreed yet.
    Requested,
    /// Nobody agreed in time.
    Lapsed,
    /// The columns are seen.
    Open,
    /// Its hours are over.
    Expired,
    /// Somebody ended it.
    Ended,
}

impl GrantState {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Lapsed => "lapsed",
            Self::Open => "open",
            Self::Expired => "expired",
            Self::Ended => "ended",
        }
    }
}

impl Grant {
    /// Returns where it stands at a moment.
    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> GrantState {
        match (&self.ended, self.until()) {
            (Some(_), _) => GrantState::Ended,
            // Whoever agreed has a clock that is ahead: not yet.
            (None, Some(_)) if self.agreed_ahead_of(now) => GrantState::Requested,
            (None, Some(until)) if now < until => GrantState::Open,
            (None, Some(_)) => GrantState::Expired,
            (None, None) if now < self.requested + TimeDelta::hours(LAPSES_AFTER_HOURS) => {
                GrantState::Requested
            }
            (None, None) => GrantState::Lapsed,
        }
    }

    fn agreed_ahead_of(&self, now: DateTime<Utc>) -> bool {
        self.approved.as_ref().is_some_and(|(_, at)| is_ahead(*at, now))
    }

    /// Returns when its hours are over; none while nobody has agreed.
    #[must_use]
    pub fn until(&self) -> Option<DateTime<Utc>> {
        self.approved.as_ref().map(|(_, at)| *at + TimeDelta::hours(i64::from(self.hours)))
    }
}

impl Step {
    /// Makes a step.
    pub(crate) fn new(grant: u64, principal: PrincipalId, at: DateTime<Utc>, what: What) -> Self {
        Self { format: FORMAT.to_owned(), grant, principal, at: as_stored(at), what }
    }
}

impl Steps<Grant> {
    /// Returns the grants that are open for a principal and a purpose.
    pub(crate) async fn open_for(
        &self,
        principal: &PrincipalId,
        purpose: &Purpose,
        now: DateTime<Utc>,
    ) -> Result<Vec<BrokenGlass>, Error> {
        let (_, all) = self.all().await?;
        let open = all.iter().filter(|grant| {
            grant.asked.requester == *principal
                && grant.asked.purpose == *purpose
                && grant.state(now) == GrantState::Open
        });
        let broken =
            open.map(|grant| BrokenGlass { grant: grant.number, columns: grant.asked.columns.clone() });
        Ok(broken.collect())
    }
}

impl Stepped for Grant {
    const KIND: DocumentKind = DocumentKind::BreakGlass;
    const STEP: &'static str = "break-glass step";
    type Step = Step;

    fn take(all: &mut Vec<Self>, number: u64, step: Step) -> Option<()> {
        (step.format == FORMAT).then(|| take(all, number, step)).flatten()
    }
}

/// Takes one step; nothing when it does not fit.
fn take(grants: &mut Vec<Grant>, number: u64, step: Step) -> Option<()> {
    if let What::Request { purpose, columns, hours, ticket } = step.what {
        let fits = step.grant == number && (1..=HOURS_MAX).contains(&hours);
        let asked = BreakGlassRequest { requester: step.principal, purpose, columns };
        let requested = step.at;
        let grant = Grant { number, asked, ticket, hours, requested, approved: None, ended: None };
        return fits.then(|| grants.push(grant));
    }
    let grant = grants.iter_mut().rev().find(|grant| grant.number == step.grant)?;
    match step.what {
        // INVARIANT: two people.
        What::Approve
            if grant.state(step.at) == GrantState::Requested
                && !grant.asked.requester.same_name(&step.principal) =>
        {
            grant.approved = Some((step.principal, step.at));
        }
        // What is over already is not opened by being ended.
        What::End if grant.ended.is_none() => grant.ended = Some((step.principal, step.at)),
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests;
