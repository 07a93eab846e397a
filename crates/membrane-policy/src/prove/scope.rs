//! Which policies can matter for a kind of request: by their scope alone, without the solver.
//!
//! A policy whose scope names another type of principal or resource, or another action, neither permits, nor forbids, nor errs.
//! Leaving it out changes no answer. One that might match is never left out.

use cedar_policy::{Effect, Policy, PolicySet, PrincipalConstraint, RequestEnv, ResourceConstraint};

use crate::parameters;

/// Returns the policies that might match a kind of request.
pub(super) fn matching(policies: &PolicySet, env: &RequestEnv) -> PolicySet {
    let found = policies.policies().filter(|policy| may_match(policy, env)).cloned();
    PolicySet::from_policies(found).unwrap_or_else(|_| policies.clone())
}

/// Tells whether a policy might match a kind of request.
pub(super) fn may_match(policy: &Policy, env: &RequestEnv) -> bool {
    let principal = match policy.principal_constraint() {
        PrincipalConstraint::Is(of) | PrincipalConstraint::IsIn(of, _) => of == *env.principal(),
        PrincipalConstraint::Eq(uid) => uid.type_name() == env.principal(),
        PrincipalConstraint::Any | PrincipalConstraint::In(_) => true,
    };
    let resource = match policy.resource_constraint() {
        ResourceConstraint::Is(of) | ResourceConstraint::IsIn(of, _) => of == *env.resource(),
        ResourceConstraint::Eq(uid) => uid.type_name() == env.resource(),
        ResourceConstraint::Any | ResourceConstraint::In(_) => true,
    };
    principal && resource && parameters::may_match(policy, env.action().id().as_ref())
}

/// Tells whether a claim, of which only what might match is given, permits every request of the kind: it forbids none, and one
/// of its permits has no condition of any sort.
pub(super) fn permits_all(claim: &PolicySet) -> bool {
    let unconditional = |policy: &Policy| {
        !policy.has_non_scope_constraint()
            && policy.principal_constraint() == PrincipalConstraint::Any
            && policy.resource_constraint() == ResourceConstraint::Any
    };
    claim.policies().all(|policy| policy.effect() == Effect::Permit) && claim.policies().any(unconditional)
}

/// Tells whether a set permits nothing, whatever is asked.
pub(super) fn permits_none(policies: &PolicySet) -> bool {
    policies.policies().all(|policy| policy.effect() == Effect::Forbid)
}

#[cfg(test)]
mod tests;
