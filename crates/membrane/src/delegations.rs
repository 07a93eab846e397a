//! Delegations, as they follow from the signed steps in the ledger.
//!
//! ```text
//! made (who, to whom, what for, which datasets, how many days) ----> open until its days are over
//!                                                              at any time --ended--> ended
//! ```
//!
//! A delegation says that somebody wants to hand on; whether it may be, and what that then shows, is asked of policies at each use.

use chrono::{DateTime, TimeDelta, Utc};
use membrane_ledger::DocumentKind;
use membrane_model::{DatasetName, PrincipalId, PrincipalKind, Purpose};
use membrane_policy::{DelegationRequest, Handed};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::steps::{Stepped, Steps, as_stored, is_ahead};
use crate::ticket::Ticket;

/// The name of the stored form.
const FORMAT: &str = "membrane-delegation/1";
/// Days for which a delegation is open at most.
pub(crate) const DAYS_MAX: u32 = 31;

/// A step in the life of a delegation, as it is signed and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    format: String,
    /// The delegation: the number of the document that made it.
    delegation: u64,
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
    Made { to: PrincipalId, purposes: Vec<Purpose>, datasets: Vec<DatasetName>, days: u32, ticket: Ticket },
    Ended,
}

/// A delegation, as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// Its number.
    pub number: u64,
    /// Who handed on, to whom, for what, which datasets.
    pub asked: DelegationRequest,
    /// For which case.
    pub ticket: Ticket,
    /// For how many days.
    pub days: u32,
    /// When it was made.
    pub made: DateTime<Utc>,
    /// Who ended it, and when.
    pub ended: Option<(PrincipalId, DateTime<Utc>)>,
}

/// Where a delegation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DelegationState {
    /// Made by a clock that is ahead of this one: not yet.
    Ahead,
    /// Its delegate may act.
    Open,
    /// Its days are over.
    Expired,
    /// Somebody ended it.
    Ended,
}

impl DelegationState {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::Open => "open",
            Self::Expired => "expired",
            Self::Ended => "ended",
        }
    }
}

impl Delegation {
    /// Returns where it stands at a moment.
    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> DelegationState {
        match &self.ended {
            Some(_) => DelegationState::Ended,
            None if is_ahead(self.made, now) => DelegationState::Ahead,
            None if now < self.until() => DelegationState::Open,
            None => DelegationState::Expired,
        }
    }

    /// Returns when its days are over.
    #[must_use]
    pub fn until(&self) -> DateTime<Utc> {
        self.made + TimeDelta::days(i64::from(self.days))
    }

    /// Tells whether nobody can act by it any more.
    #[must_use]
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        matches!(self.state(now), DelegationState::Expired | DelegationState::Ended)
    }

    /// Returns when nobody can act by it any more: when its days are over, or somebody ended it.
    #[must_use]
    pub fn closes(&self) -> DateTime<Utc> {
        self.ended.as_ref().map_or_else(|| self.until(), |(_, ended)| self.until().min(*ended))
    }

    /// Tells whether it was open at a moment, or will be, as far as it is known.
    #[must_use]
    pub fn is_open_at(&self, at: DateTime<Utc>) -> bool {
        self.made <= at && at < self.closes()
    }

    /// Tells whether it is from the same to the same.
    pub(crate) fn is_between(&self, other: &DelegationRequest) -> bool {
        self.asked.delegator == other.delegator && self.asked.delegate == other.delegate
    }

    /// Tells whether a principal handed on by it, or was handed on to.
    #[must_use]
    pub fn is_of(&self, principal: &PrincipalId) -> bool {
        [&self.asked.delegator, &self.asked.delegate].contains(&principal)
    }
}

impl Step {
    /// Makes a step.
    pub(crate) fn new(delegation: u64, principal: PrincipalId, at: DateTime<Utc>, what: What) -> Self {
        Self { format: FORMAT.to_owned(), delegation, principal, at: as_stored(at), what }
    }
}

impl Steps<Delegation> {
    /// Tells whether something was handed on in this name, at whatever time. What cannot be read tells nothing.
    pub(crate) async fn has_from(&self, name: &PrincipalId) -> bool {
        self.all().await.is_ok_and(|(_, all)| all.iter().any(|one| one.asked.delegator == *name))
    }

    /// Returns what one principal has handed on to another that is open for a purpose.
    pub(crate) async fn open_for(
        &self,
        (delegator, delegate): (&PrincipalId, &PrincipalId),
        purpose: &Purpose,
        now: DateTime<Utc>,
    ) -> Result<Vec<Handed>, Error> {
        let (_, all) = self.all().await?;
        let open = all.iter().filter(|one| {
            one.asked.delegator == *delegator
                && one.asked.delegate == *delegate
                && one.asked.purposes.contains(purpose)
                && one.state(now) == DelegationState::Open
        });
        let handed = open.map(|one| Handed { delegation: one.number, datasets: one.asked.datasets.clone() });
        Ok(handed.collect())
    }
}

impl Stepped for Delegation {
    const KIND: DocumentKind = DocumentKind::Delegation;
    const STEP: &'static str = "delegation step";
    type Step = Step;

    fn take(all: &mut Vec<Self>, number: u64, step: Step) -> Option<()> {
        let Step { format, delegation, principal, at, what } = step;
        if format != FORMAT {
            return None;
        }
        match what {
            What::Made { to, purposes, datasets, days, ticket } => {
                let asked = DelegationRequest { delegator: principal, delegate: to, purposes, datasets };
                // INVARIANT: two people of one kind, for some days.
                let fits = delegation == number && (1..=DAYS_MAX).contains(&days) && asked.is_possible();
                fits.then(|| all.push(Self { number, asked, ticket, days, made: at, ended: None }))
            }
            What::Ended => {
                let found = all.iter_mut().rev().find(|one| one.number == delegation)?;
                let may = found.is_of(&principal) || principal.kind() == PrincipalKind::Compliance;
                (may && found.ended.is_none()).then(|| found.ended = Some((principal, at)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
