//! Break-glass: to see clear values of named columns for some hours, which one person asks for and another agrees to.
//!
//! Who may ask, who may agree and what it then shows is for the policies to say, like all else: `requestBreakGlass` on each
//! column, `approveBreakGlass` on the request, and levels on columns, whose questions carry the columns of open grants as
//! `context.breakGlass`. One thing is fixed here, whatever policies say: nobody agrees to what they asked for, nor does another
//! principal of the same name, who may be the same person.

use std::collections::HashSet;

use cedar_policy::{Entity, EntityUid, RestrictedExpression};
use chrono::{DateTime, Utc};
use membrane_ledger::{ColumnDecision, Decision, OpenRun};
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, Purpose};
use tracing::{error, info};

use crate::ask::{Answer, Asker, Outcome};
use crate::authorizer::record;
use crate::judge::refusal;
use crate::schema::resource_type;
use crate::{Authorizer, Policies, Refused, RefusedReason};

/// A grant that is open: the glass before these columns is broken for the principal and purpose of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenGlass {
    /// Its number.
    pub grant: u64,
    /// The columns.
    pub columns: Vec<(DatasetName, ColumnName)>,
}

impl BrokenGlass {
    /// Returns the reason on record of a decision that showed columns by a grant. Uses are counted by this text.
    #[must_use]
    pub fn reason(grant: u64) -> String {
        format!("permitted, break-glass {grant}")
    }
}

/// What somebody asks for, and another may agree to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakGlassRequest {
    /// Who wants to see.
    pub requester: PrincipalId,
    /// What for.
    pub purpose: Purpose,
    /// Which columns.
    pub columns: Vec<(DatasetName, ColumnName)>,
}

impl Authorizer {
    /// Decides which break-glass the run's principal may list: all, for those who look at the record; what they asked for
    /// themselves, for others, who know of it anyway. Writes the decision to the run's record, and returns whether it is all.
    ///
    /// # Errors
    /// [`Refused`], which is on record too, unless it is [`RefusedReason::RecordFault`].
    pub async fn decide_break_glass_list(
        &self,
        run: &mut OpenRun,
        now: DateTime<Utc>,
    ) -> Result<bool, Refused> {
        same_run(run, Action::Audit, None)?;
        let policies = self.policies();
        let principal = run.principal().clone();
        let Some(uid) = policies.world.principals.get(&principal) else {
            return self.refuse(run, RefusedReason::UnknownPrincipal).await.map(|()| false);
        };
        let Some(asker) = Asker::new(policies, uid, None, now) else {
            return self.refuse(run, RefusedReason::PolicyFault).await.map(|()| false);
        };
        let answer = asker.ask(Action::Audit.as_str(), &policies.world.hub);
        match answer.outcome {
            Outcome::Forbidden | Outcome::Unmentioned => {
                let own = refusal(policies, "permitted, their own");
                record(run, &[Decision { allowed: true, ..own }]).await?;
                Ok(false)
            }
            Outcome::Permitted | Outcome::Faulty => {
                record(run, &[self.decision(None, &answer)]).await?;
                answer.verdict().map(|()| true)
            }
        }
    }

    /// Decides whether the run's principal may ask for this, and writes the decisions to the run's record.
    ///
    /// # Errors
    /// [`Refused`], which is on record too, unless it is [`RefusedReason::RecordFault`].
    pub async fn decide_break_glass_request(
        &self,
        run: &mut OpenRun,
        asked: &BreakGlassRequest,
        now: DateTime<Utc>,
    ) -> Result<(), Refused> {
        if run.action() == Action::RequestBreakGlass && run.purpose().is_none() {
            // One that nobody knows does not come into the run.
            return self.refuse(run, RefusedReason::UnknownPurpose).await;
        }
        same_run(run, Action::RequestBreakGlass, Some(&asked.purpose))?;
        if *run.principal() != asked.requester {
            return Err(Refused::plain(RefusedReason::RecordFault));
        }
        let world = &self.policies().world;
        let Some(principal) = world.principals.get(&asked.requester) else {
            return self.refuse(run, RefusedReason::UnknownPrincipal).await;
        };
        let Some(asker) = Asker::new(self.policies(), principal, Some(&asked.purpose), now) else {
            return self.refuse(run, RefusedReason::PolicyFault).await;
        };
        let mut decisions = Vec::with_capacity(asked.columns.len());
        let mut verdict = Ok(());
        for (dataset, column) in &asked.columns {
            // PRIVACY: a name that no column has may be a value that someone typed in the wrong place.
            let Some(uid) = world.datasets.get(dataset).and_then(|uids| uids.columns.get(column)) else {
                return self.refuse(run, RefusedReason::NotPermitted).await;
            };
            let answer = asker.ask(Action::RequestBreakGlass.as_str(), uid);
            verdict = verdict.and(answer.verdict());
            let factors = answer.factors.clone();
            let mut decision = self.decision(Some(dataset), &answer);
            decision.columns.push(ColumnDecision { column: column.clone(), level: None, factors });
            decisions.push(decision);
        }
        if decisions.is_empty() {
            return self.refuse(run, RefusedReason::NotPermitted).await;
        }
        record(run, &decisions).await?;
        verdict
    }

    /// Decides whether the run's principal may agree to what another asked for, and writes the decision to the run's record.
    ///
    /// # Errors
    /// [`Refused`], which is on record too, unless it is [`RefusedReason::RecordFault`].
    pub async fn decide_break_glass_approval(
        &self,
        run: &mut OpenRun,
        asked: (u64, &BreakGlassRequest),
        now: DateTime<Utc>,
    ) -> Result<(), Refused> {
        same_run(run, Action::ApproveBreakGlass, None)?;
        // INVARIANT: two people, whatever policies say.
        if run.principal().same_name(&asked.1.requester) {
            info!(run.id = %run.id(), principal.id = %run.principal(), "refused: {}", RefusedReason::OwnRequest);
            return self.refuse(run, RefusedReason::OwnRequest).await;
        }
        self.decide_on_grant(run, asked, now).await
    }

    /// Decides whether the run's principal may end a grant: whoever asked for it may always, others who might agree to it. Writes
    /// the decision to the run's record.
    ///
    /// # Errors
    /// [`Refused`], which is on record too, unless it is [`RefusedReason::RecordFault`].
    pub async fn decide_break_glass_end(
        &self,
        run: &mut OpenRun,
        asked: (u64, &BreakGlassRequest),
        now: DateTime<Utc>,
    ) -> Result<(), Refused> {
        same_run(run, Action::ApproveBreakGlass, None)?;
        if *run.principal() == asked.1.requester && self.policies().knows(run.principal()) {
            let given_back = refusal(self.policies(), "permitted, given back");
            return record(run, &[Decision { allowed: true, ..given_back }]).await;
        }
        self.decide_on_grant(run, asked, now).await
    }

    async fn decide_on_grant(
        &self,
        run: &mut OpenRun,
        (grant, asked): (u64, &BreakGlassRequest),
        now: DateTime<Utc>,
    ) -> Result<(), Refused> {
        let principal = run.principal().clone();
        let policies = self.policies();
        let Some(uid) = policies.world.principals.get(&principal) else {
            return self.refuse(run, RefusedReason::UnknownPrincipal).await;
        };
        let supposed = policies.grant_entity(grant, asked).and_then(|(resource, entity)| {
            let known = policies.world.entities.clone();
            Some((resource, known.upsert_entities([entity], Some(&policies.schema)).ok()?))
        });
        let (Some((resource, entities)), Some(asker)) = (supposed, Asker::new(policies, uid, None, now))
        else {
            return self.refuse(run, RefusedReason::PolicyFault).await;
        };
        let asker = Asker { entities: &entities, ..asker };
        let answer = asker.ask(Action::ApproveBreakGlass.as_str(), &resource);
        record(run, &[self.decision(None, &answer)]).await?;
        answer.verdict()
    }

    pub(crate) fn decision(&self, dataset: Option<&DatasetName>, answer: &Answer) -> Decision {
        Decision {
            allowed: answer.outcome == Outcome::Permitted,
            dataset: dataset.cloned(),
            factors: answer.factors.clone(),
            ..refusal(self.policies(), answer.reason())
        }
    }

    pub(crate) async fn refuse(&self, run: &mut OpenRun, reason: RefusedReason) -> Result<(), Refused> {
        record(run, &[refusal(self.policies(), &reason.to_string())]).await?;
        Err(Refused::plain(reason))
    }
}

impl Policies {
    /// The request as policies know it: who asked, for what, which columns.
    pub(crate) fn grant_entity(&self, grant: u64, asked: &BreakGlassRequest) -> Option<(EntityUid, Entity)> {
        let world = &self.world;
        let kind = resource_type(Action::ApproveBreakGlass);
        let uid: EntityUid = format!("{kind}::\"{grant}\"").parse().ok()?;
        let requester = world.principals.get(&asked.requester)?.clone();
        let columns = asked.columns.iter().filter_map(|(dataset, column)| {
            let uid = world.datasets.get(dataset).and_then(|uids| uids.columns.get(column)).cloned();
            uid.map(RestrictedExpression::new_entity_uid)
        });
        let attributes = [
            ("requester".to_owned(), RestrictedExpression::new_entity_uid(requester)),
            ("columns".to_owned(), RestrictedExpression::new_set(columns)),
            ("purpose".to_owned(), RestrictedExpression::new_string(asked.purpose.to_string())),
        ];
        let within = HashSet::from([world.hub.clone()]);
        let entity = Entity::new(uid.clone(), attributes.into_iter().collect(), within).ok()?;
        Some((uid, entity))
    }
}

impl Answer {
    pub(crate) fn verdict(&self) -> Result<(), Refused> {
        let reason = match self.outcome {
            Outcome::Permitted => return Ok(()),
            Outcome::Faulty => RefusedReason::PolicyFault,
            Outcome::Forbidden | Outcome::Unmentioned => RefusedReason::NotPermitted,
        };
        Err(Refused { reason, factors: self.factors.clone() })
    }
}

/// A record of something else is no record of this act.
pub(crate) fn same_run(run: &OpenRun, action: Action, purpose: Option<&Purpose>) -> Result<(), Refused> {
    if run.action() == action && run.purpose() == purpose {
        return Ok(());
    }
    error!(run.id = %run.id(), "the request to decide is not the one that its run was opened for");
    Err(Refused::plain(RefusedReason::RecordFault))
}

#[cfg(test)]
mod tests;
