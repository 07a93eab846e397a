//! Delegation: somebody hands on to a colleague what they may read, for named purposes and datasets, until a day.
//!
//! Ana, who plans campaigns for Shanghai and Beijing, goes on leave. She hands `crm_members` on to Chen, who works for Guangdong:
//!
//! | Chen asks | in whose name | sees |
//! | --- | --- | --- |
//! | `crm_members` | his own | members of Guangdong, as before |
//! | `crm_members` for Ana | hers | members of Shanghai and Beijing, as she does, but none that a `forbid` hides from him |
//! | `pos_orders` for Ana | hers | nothing: it was not handed on |
//!
//! What acting for somebody gives is asked again at each use: what the delegator may read now, whether the delegator may still hand
//! it on (`delegate` on the dataset), and what policies forbid about the delegate. Some things are fixed here, whatever policies
//! say: both are of one kind, which is neither partner nor service, and not the same person; only reading is handed on; and what
//! somebody sees on behalf of another, or behind broken glass, is not theirs to hand on: it is not asked for.

mod usable;

use membrane_ledger::{Decision, OpenRun};
use membrane_model::{Action, DatasetName, PrincipalId, PrincipalKind, Purpose};

use chrono::{DateTime, Utc};

use crate::ask::{Answer, Asker, Outcome};
use crate::authorizer::record;
use crate::break_glass::same_run;
use crate::judge::{judge, refusal};
use crate::{Authorizer, Policies, Refused, RefusedReason, Request};

/// On whose behalf a request is made, and what was handed on for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    /// On whose behalf.
    pub delegator: PrincipalId,
    /// The delegations to the request's principal that are open for its purpose; none: nothing is seen.
    pub handed: Vec<Handed>,
}

/// A delegation that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// Its number.
    pub delegation: u64,
    /// The datasets.
    pub datasets: Vec<DatasetName>,
}

impl Handed {
    /// Returns the reason on record of a decision that let a dataset be seen by a delegation. Uses are counted by this text.
    #[must_use]
    pub fn reason(delegation: u64, delegator: &PrincipalId) -> String {
        format!("permitted, on behalf of {delegator} by delegation {delegation}")
    }
}

/// What somebody hands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegationRequest {
    /// Who hands on.
    pub delegator: PrincipalId,
    /// To whom.
    pub delegate: PrincipalId,
    /// What for.
    pub purposes: Vec<Purpose>,
    /// Which datasets.
    pub datasets: Vec<DatasetName>,
}

impl DelegationRequest {
    /// Tells whether there can be such a delegation, whatever policies say.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        may_act_for(&self.delegate, &self.delegator)
    }
}

/// A delegation that somebody wants to end.
#[derive(Debug, Clone, Copy)]
pub struct DelegationEnd<'a> {
    /// Its number.
    pub number: u64,
    /// Who handed on, to whom, for what, which datasets.
    pub asked: &'a DelegationRequest,
    /// Whether it is over already.
    pub is_over: bool,
}

/// Tells whether one principal may act for another at all.
///
/// INVARIANT: both are of one kind, which reads rows for people, and they are two.
pub(crate) fn may_act_for(delegate: &PrincipalId, delegator: &PrincipalId) -> bool {
    delegate.kind() == delegator.kind()
        && !matches!(delegate.kind(), PrincipalKind::Partner | PrincipalKind::Service)
        && !delegate.same_name(delegator)
}

impl Authorizer {
    /// Decides whether the run's principal may hand this on, for some days, and writes the decisions to the run's record.
    ///
    /// # Errors
    /// [`Refused`], which is on record too, unless it is [`RefusedReason::RecordFault`].
    pub async fn decide_delegation(
        &self,
        run: &mut OpenRun,
        (asked, days): (&DelegationRequest, u32),
        now: DateTime<Utc>,
    ) -> Result<(), Refused> {
        same_run(run, Action::Delegate, None)?;
        if *run.principal() != asked.delegator {
            return Err(Refused::plain(RefusedReason::RecordFault));
        }
        if let Some(reason) = self.hindrance(asked, now) {
            return self.refuse_delegation(run, reason, (asked, days)).await;
        }
        let mut decisions = Vec::with_capacity(asked.purposes.len().saturating_mul(asked.datasets.len()));
        let mut verdict = Ok(());
        for purpose in &asked.purposes {
            for dataset in &asked.datasets {
                let answer = self.policies().may_hand_on(asked, purpose, dataset, now);
                verdict = verdict.and(answer.verdict());
                let mut decision = self.decision(Some(dataset), &answer);
                let why = if decision.allowed { "permitted" } else { decision.reason.as_str() };
                decision.reason =
                    format!("{why}, to hand on to {} for {purpose}, for {days} days", asked.delegate);
                decisions.push(decision);
            }
        }
        if decisions.is_empty() {
            return self.refuse_delegation(run, RefusedReason::NotPermitted, (asked, days)).await;
        }
        record(run, &decisions).await?;
        verdict
    }

    /// Writes to the run's record which delegation it made.
    ///
    /// # Errors
    /// [`RefusedReason::RecordFault`].
    pub async fn record_delegation(&self, run: &mut OpenRun, number: u64) -> Result<(), Refused> {
        same_run(run, Action::Delegate, None)?;
        self.permit_own(run, &format!("made delegation {number}")).await
    }

    /// Refuses, with what was to be handed on to whom, as far as the catalog and the policies know the names.
    async fn refuse_delegation(
        &self,
        run: &mut OpenRun,
        reason: RefusedReason,
        (asked, days): (&DelegationRequest, u32),
    ) -> Result<(), Refused> {
        // PRIVACY: a name that nobody knows may be a value that someone typed in the wrong place.
        let to = if self.policies().knows(&asked.delegate) {
            asked.delegate.to_string()
        } else {
            "someone who is not known".to_owned()
        };
        let purposes = asked.purposes.iter().filter(|purpose| self.catalog().has_purpose(purpose));
        let purposes = purposes.map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let purposes = if purposes.is_empty() { "no known purpose" } else { &purposes };
        let words = format!("{reason}: to hand on to {to} for {purposes}, for {days} days");
        let refused = refusal(self.policies(), &words);
        let known = asked.datasets.iter().filter(|name| self.catalog().dataset(name).is_some());
        let mut decisions: Vec<Decision> =
            known.map(|name| Decision { dataset: Some(name.clone()), ..refused.clone() }).collect();
        if decisions.is_empty() {
            decisions.push(refused);
        }
        record(run, &decisions).await?;
        Err(Refused::plain(reason))
    }

    /// Returns why there can be no such delegation, whatever policies say of handing on.
    fn hindrance(&self, asked: &DelegationRequest, now: DateTime<Utc>) -> Option<RefusedReason> {
        let principals = &self.policies().world.principals;
        if !principals.contains_key(&asked.delegator) {
            return Some(RefusedReason::UnknownPrincipal);
        }
        if !asked.purposes.iter().all(|purpose| self.catalog().has_purpose(purpose)) {
            return Some(RefusedReason::UnknownPurpose);
        }
        // What the names say themselves.
        if !asked.is_possible() {
            return Some(RefusedReason::Delegate);
        }
        // PRIVACY: of a dataset that the delegator does not see, whether it exists must not show.
        let sees = |purpose: &Purpose| {
            let request = Request::of(
                (asked.delegator.clone(), Action::Read),
                Some(purpose.clone()),
                asked.datasets.clone(),
                now,
            );
            let granted = judge(self.policies(), self.catalog(), &request).verdict.unwrap_or_default();
            let is_granted = |name: &DatasetName| granted.iter().any(|one| one.dataset.name == *name);
            asked.datasets.iter().all(is_granted)
        };
        if !asked.purposes.iter().all(sees) {
            return Some(RefusedReason::NotFound);
        }
        // PRIVACY: only whoever may hand this on to somebody learns whether there is somebody of a name.
        if !self.may_hand_on_to_somebody(asked, now) {
            return Some(RefusedReason::NotPermitted);
        }
        (!principals.contains_key(&asked.delegate)).then_some(RefusedReason::Delegate)
    }

    /// Tells whether each dataset may be handed on for each purpose, to somebody at least.
    fn may_hand_on_to_somebody(&self, asked: &DelegationRequest, now: DateTime<Utc>) -> bool {
        let policies = self.policies();
        let others = policies.world.principals.keys().filter(|other| may_act_for(other, &asked.delegator));
        let candidates: Vec<DelegationRequest> = std::iter::once(&asked.delegate)
            .chain(others)
            .map(|delegate| DelegationRequest { delegate: delegate.clone(), ..asked.clone() })
            .collect();
        let to_somebody = |purpose: &Purpose, dataset: &DatasetName| {
            let may = |to| policies.may_hand_on(to, purpose, dataset, now).outcome == Outcome::Permitted;
            candidates.iter().any(may)
        };
        asked
            .purposes
            .iter()
            .all(|purpose| asked.datasets.iter().all(|dataset| to_somebody(purpose, dataset)))
    }

    /// Decides whether the run's principal may end a delegation, of those that there are: whoever handed on and the one to whom
    /// always, and compliance, if it may look at the record. Writes the decision to the run's record, with the number of the
    /// delegation.
    ///
    /// # Errors
    /// [`Refused`], which is on record too, unless it is [`RefusedReason::RecordFault`].
    pub async fn decide_delegation_end(
        &self,
        run: &mut OpenRun,
        end: Option<DelegationEnd<'_>>,
        now: DateTime<Utc>,
    ) -> Result<(), Refused> {
        same_run(run, Action::Delegate, None)?;
        let (principal, policies) = (run.principal().clone(), self.policies());
        let which = end.map_or_else(
            || "a delegation that there is not".to_owned(),
            |end| format!("delegation {}{}", end.number, if end.is_over { ", which is over" } else { "" }),
        );
        let refuse = async |run: &mut OpenRun, reason: RefusedReason| {
            record(run, &[refusal(policies, &format!("{reason}: to end {which}"))]).await?;
            Err(Refused::plain(reason))
        };
        let Some(uid) = policies.world.principals.get(&principal) else {
            return refuse(run, RefusedReason::UnknownPrincipal).await;
        };
        let Some(end) = end else { return refuse(run, RefusedReason::NotPermitted).await };
        let permitted = if end.is_over {
            format!("permitted, delegation {} was over already", end.number)
        } else {
            format!("permitted, ends delegation {}", end.number)
        };
        if principal == end.asked.delegator || principal == end.asked.delegate {
            return self.permit_own(run, &permitted).await;
        }
        if principal.kind() != PrincipalKind::Compliance {
            return refuse(run, RefusedReason::NotPermitted).await;
        }
        let Some(asker) = Asker::new(policies, uid, None, now) else {
            return refuse(run, RefusedReason::PolicyFault).await;
        };
        let answer = asker.ask(Action::Audit.as_str(), &policies.world.hub);
        let mut decision = self.decision(None, &answer);
        decision.reason =
            if decision.allowed { permitted } else { format!("{}: to end {which}", decision.reason) };
        record(run, &[decision]).await?;
        answer.verdict()
    }

    /// Decides whether the run's principal may list the delegations from and to it, and writes the decision to the run's record.
    ///
    /// # Errors
    /// [`Refused`], which is on record too, unless it is [`RefusedReason::RecordFault`].
    pub async fn decide_delegation_listing(&self, run: &mut OpenRun) -> Result<(), Refused> {
        same_run(run, Action::Delegate, None)?;
        let principal = run.principal().clone();
        if !self.policies().world.principals.contains_key(&principal) {
            return self.refuse(run, RefusedReason::UnknownPrincipal).await;
        }
        if matches!(principal.kind(), PrincipalKind::Partner | PrincipalKind::Service) {
            return self.refuse(run, RefusedReason::NotPermitted).await;
        }
        self.permit_own(run, "permitted, one's own").await
    }

    async fn permit_own(&self, run: &mut OpenRun, reason: &str) -> Result<(), Refused> {
        record(run, &[Decision { allowed: true, ..refusal(self.policies(), reason) }]).await
    }
}

impl Policies {
    /// Asks whether the delegator may hand a dataset on. Anything that is not known is a fault, which permits nothing.
    pub(crate) fn may_hand_on(
        &self,
        asked: &DelegationRequest,
        purpose: &Purpose,
        dataset: &DatasetName,
        now: DateTime<Utc>,
    ) -> Answer {
        let people = &self.world.principals;
        let known =
            (people.get(&asked.delegator), people.get(&asked.delegate), self.world.datasets.get(dataset));
        let (Some(delegator), Some(delegate), Some(uids)) = known else { return Answer::faulty() };
        if !asked.is_possible() {
            return Answer { outcome: Outcome::Unmentioned, factors: Vec::new() };
        }
        let to = (asked.delegate.kind(), delegate);
        let asker = Asker::to_hand_on(self, delegator, purpose, now, to);
        asker.map_or_else(Answer::faulty, |asker| asker.ask(Action::Delegate.as_str(), &uids.dataset))
    }
}

#[cfg(test)]
mod tests;
