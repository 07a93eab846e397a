//! One question to Cedar at a time.

use std::collections::HashMap;

use cedar_policy::{
    AuthorizationError, Context, Decision, Entities, EntityUid, Policy, PolicyId, PolicySet,
    PrincipalConstraint, Request, RequestValidationError, RestrictedExpression,
};
use chrono::{DateTime, SecondsFormat, Utc};
use membrane_model::{PrincipalKind, Purpose};

use crate::Policies;

/// Asks on behalf of one principal, for one purpose, at one moment.
#[derive(Debug)]
pub(crate) struct Asker<'a> {
    pub(crate) policies: &'a Policies,
    pub(crate) principal: &'a EntityUid,
    /// All that is known: the policies' own world, or one that is supposed.
    pub(crate) entities: &'a Entities,
    pub(crate) context: Context,
    /// Of some actions only the policies that may be about this principal.
    pub(crate) own: HashMap<&'static str, PolicySet>,
    /// Who acts for the principal: what is forbidden to either is forbidden.
    pub(crate) floor: Option<Box<Asker<'a>>>,
}

/// What Cedar said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    /// The ids of the policies that determined it, sorted.
    pub(crate) factors: Vec<String>,
}

/// What Cedar's answer means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// At least one policy permits, none forbids and none erred.
    Permitted,
    /// At least one policy forbids.
    Forbidden,
    /// No policy speaks about it.
    Unmentioned,
    /// A policy erred. Cedar skips such a policy, forbids included; here it denies.
    Faulty,
}

impl<'a> Asker<'a> {
    /// Prepares questions. Nothing when the context cannot be built.
    pub(crate) fn new(
        policies: &'a Policies,
        principal: &'a EntityUid,
        purpose: Option<&Purpose>,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        Self::behind_glass(policies, principal, purpose, now, &[])
    }

    /// Prepares questions of somebody for whom the glass before some columns is broken.
    pub(crate) fn behind_glass(
        policies: &'a Policies,
        principal: &'a EntityUid,
        purpose: Option<&Purpose>,
        now: DateTime<Utc>,
        broken: &[EntityUid],
    ) -> Option<Self> {
        let mut pairs = circumstances(purpose, now);
        if !broken.is_empty() {
            let columns = broken.iter().cloned().map(RestrictedExpression::new_entity_uid);
            pairs.push(("breakGlass".to_owned(), RestrictedExpression::new_set(columns)));
        }
        Self::with(policies, principal, pairs)
    }

    /// Prepares the questions whether the principal may hand something on to another, of some kind.
    pub(crate) fn to_hand_on(
        policies: &'a Policies,
        principal: &'a EntityUid,
        purpose: &Purpose,
        now: DateTime<Utc>,
        (kind, to): (PrincipalKind, &EntityUid),
    ) -> Option<Self> {
        let to = RestrictedExpression::new_entity_uid(to.clone());
        let to = RestrictedExpression::new_record([(kind.as_str().to_owned(), to)]).ok()?;
        let mut pairs = circumstances(Some(purpose), now);
        pairs.push(("to".to_owned(), to));
        Self::with(policies, principal, pairs)
    }

    fn with(
        policies: &'a Policies,
        principal: &'a EntityUid,
        pairs: Vec<(String, RestrictedExpression)>,
    ) -> Option<Self> {
        let context = Context::from_pairs(pairs).ok()?;
        let entities = &policies.world.entities;
        Some(Self { policies, principal, entities, context, own: HashMap::new(), floor: None })
    }

    /// Puts a floor under the questions: whatever is forbidden about the one who acts for the principal is forbidden too. What
    /// is permitted to that one permits nothing.
    pub(crate) fn above(self, floor: Self) -> Self {
        Self { floor: Some(Box::new(floor)), ..self }
    }

    /// Prepares many questions about some actions: leaves out the policies whose scope says another principal. Those can
    /// neither decide nor err.
    pub(crate) fn ready_for(&self, actions: &[&'static str]) -> Self {
        let own = actions.iter().copied().filter_map(|action| {
            let all = self.policies.by_action.get(action)?.policies();
            let own = all.filter(|policy| self.is_meant(policy)).cloned();
            Some((action, PolicySet::from_policies(own).ok()?))
        });
        Self {
            policies: self.policies,
            principal: self.principal,
            entities: self.entities,
            context: self.context.clone(),
            own: own.collect(),
            floor: self.floor.as_ref().map(|floor| Box::new(floor.ready_for(actions))),
        }
    }

    /// Returns the policies that can decide about an action.
    pub(crate) fn policies_of(&self, action: &'static str) -> Option<&PolicySet> {
        self.own.get(action).or_else(|| self.policies.by_action.get(action))
    }

    /// Tells whether a policy's scope lets it be about the principal.
    fn is_meant(&self, policy: &Policy) -> bool {
        let within =
            |uid: &EntityUid| uid == self.principal || self.entities.is_ancestor_of(uid, self.principal);
        match policy.principal_constraint() {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::In(uid) => within(&uid),
            PrincipalConstraint::Eq(uid) => uid == *self.principal,
            PrincipalConstraint::Is(of) => of == *self.principal.type_name(),
            PrincipalConstraint::IsIn(of, uid) => of == *self.principal.type_name() && within(&uid),
        }
    }

    /// Asks whether the principal may do `action` on `resource`, and whether whoever acts for it is forbidden to.
    pub(crate) fn ask(&self, action: &'static str, resource: &EntityUid) -> Answer {
        let answer = self.ask_alone(action, resource);
        match &self.floor {
            Some(floor) => answer.above(floor.ask(action, resource)),
            None => answer,
        }
    }

    fn ask_alone(&self, action: &'static str, resource: &EntityUid) -> Answer {
        let policies = self.policies;
        let known = (policies.world.actions.get(action), self.policies_of(action));
        let (Some(action), Some(set)) = known else { return Answer::faulty() };
        let request = Request::new(
            self.principal.clone(),
            action.clone(),
            resource.clone(),
            self.context.clone(),
            Some(&policies.schema),
        );
        let request = match request {
            Ok(request) => request,
            // The schema does not let this kind of principal do it at all.
            Err(RequestValidationError::InvalidPrincipalType(_)) => {
                return Answer { outcome: Outcome::Unmentioned, factors: Vec::new() };
            }
            Err(_) => return Answer::faulty(),
        };
        let response = policies.cedar.is_authorized(&request, set, self.entities);
        let diagnostics = response.diagnostics();
        let mut errors = diagnostics.errors().peekable();
        if errors.peek().is_some() {
            // PRIVACY: the error's text may quote values; the policy's id says where to look.
            let factors =
                sorted(errors.map(|AuthorizationError::PolicyEvaluationError(error)| error.policy_id()));
            return Answer { outcome: Outcome::Faulty, factors };
        }
        let factors = sorted(diagnostics.reason());
        let outcome = match (response.decision(), factors.is_empty()) {
            (Decision::Allow, _) => Outcome::Permitted,
            (Decision::Deny, true) => Outcome::Unmentioned,
            (Decision::Deny, false) => Outcome::Forbidden,
        };
        Answer { outcome, factors }
    }
}

impl Answer {
    pub(crate) const fn faulty() -> Self {
        Self { outcome: Outcome::Faulty, factors: Vec::new() }
    }

    /// Returns what the answer is above another, of which only what it forbids counts.
    fn above(self, floor: Self) -> Self {
        match (self.outcome, floor.outcome) {
            (_, Outcome::Permitted | Outcome::Unmentioned) | (Outcome::Faulty, _) => self,
            (Outcome::Forbidden, Outcome::Forbidden) => {
                let mut factors = self.factors;
                factors.extend(floor.factors);
                factors.sort();
                factors.dedup();
                Self { factors, ..floor }
            }
            (_, Outcome::Forbidden | Outcome::Faulty) => floor,
        }
    }

    /// Says in the record's words what the answer was.
    pub(crate) const fn reason(&self) -> &'static str {
        match self.outcome {
            Outcome::Permitted => "permitted",
            Outcome::Forbidden => "forbidden by policy",
            Outcome::Unmentioned => "no policy permits it",
            Outcome::Faulty => "a policy could not be evaluated",
        }
    }
}

/// What every question has.
fn circumstances(purpose: Option<&Purpose>, now: DateTime<Utc>) -> Vec<(String, RestrictedExpression)> {
    let time = now.to_rfc3339_opts(SecondsFormat::Millis, true);
    let time = ("time".to_owned(), RestrictedExpression::new_datetime(time));
    let purpose =
        purpose.map(|purpose| ("purpose".to_owned(), RestrictedExpression::new_string(purpose.to_string())));
    std::iter::once(time).chain(purpose).collect()
}

fn sorted<'i>(ids: impl Iterator<Item = &'i PolicyId>) -> Vec<String> {
    let mut names: Vec<String> = ids.map(ToString::to_string).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests;
