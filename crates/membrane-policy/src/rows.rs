//! Which rows may be seen: what type-aware partial evaluation leaves of the row policies.
//!
//! Cedar is asked `readRow` for a row of which only type and dataset are known. Every policy then is
//! true, false, an error, or a residual: an expression over the row's attributes. The rule is
//!
//! > (some permit is true) and no forbid is true and no required column that it reads is NULL
//!
//! Cedar skips a policy that errs. For a permit that is the safe direction; a forbid that errs, or that
//! cannot be translated, hides every row here. A permit that cannot be translated permits nothing. The
//! last clause is for columns that the contract requires: the validator lets policies read those without
//! asking `has`, so a NULL there, which ingest does not let in, must not be argued away by an `||`.
//!
//! This is the only module that names `tpe`, which is experimental in Cedar.

mod translate;

use cedar_policy::{Effect, PartialEntityUid, PartialRequest, Policy, TpeResponse};
use membrane_catalog::Dataset;

use crate::ask::Asker;
use crate::schema::READ_ROW;
use crate::world::DatasetUids;
use crate::{RowExpr, RowRule};

/// What was decided about the rows of one dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowVerdict {
    pub(crate) rule: RowRule,
    /// The policies that decided, sorted.
    pub(crate) factors: Vec<String>,
}

/// Decides which rows of a dataset may be seen.
pub(crate) fn decide_rows(asker: &Asker<'_>, dataset: &Dataset, uids: &DatasetUids) -> RowVerdict {
    let nothing = RowVerdict { rule: RowRule::None, factors: Vec::new() };
    let policies = asker.policies;
    let known = (policies.world.actions.get(READ_ROW), asker.policies_of(READ_ROW));
    let (Some(action), Some(set)) = known else { return nothing };
    let request = PartialRequest::new(
        PartialEntityUid::from_concrete(asker.principal.clone()),
        action.clone(),
        PartialEntityUid::from_concrete(uids.row.clone()),
        Some(asker.context.clone()),
        &policies.schema,
    );
    let Ok(request) = request else { return nothing };
    match set.tpe(&request, &policies.world.partial, &policies.schema) {
        Ok(response) => compose(&response, dataset),
        Err(_) => nothing,
    }
}

fn compose(response: &TpeResponse<'_>, dataset: &Dataset) -> RowVerdict {
    let mut factors: Vec<String> =
        response.true_forbids().chain(response.error_forbids()).map(ToString::to_string).collect();
    if !factors.is_empty() {
        factors.sort();
        return RowVerdict { rule: RowRule::None, factors };
    }
    let mut permits: Vec<RowExpr> = Vec::new();
    for id in response.true_permits() {
        permits.push(RowExpr::Constant(true));
        factors.push(id.to_string());
    }
    let mut forbids = Vec::new();
    let mut residuals: Vec<Policy> = response.residual_policies().collect();
    residuals.sort_by(|left, right| left.id().cmp(right.id()));
    for policy in residuals {
        let condition = translate::condition(&policy, dataset);
        match (policy.effect(), condition) {
            (Effect::Permit, Some(condition)) => permits.push(condition),
            (Effect::Permit, None) => continue,
            (Effect::Forbid, Some(condition)) => forbids.push(condition.negated()),
            (Effect::Forbid, None) => {
                return RowVerdict { rule: RowRule::None, factors: vec![policy.id().to_string()] };
            }
        }
        factors.push(policy.id().to_string());
    }
    factors.sort();
    let condition = RowExpr::all(std::iter::once(RowExpr::any(permits)).chain(forbids));
    RowVerdict { rule: RowRule::from_condition(with_required(condition, dataset)), factors }
}

fn with_required(condition: RowExpr, dataset: &Dataset) -> RowExpr {
    let required = condition
        .columns()
        .into_iter()
        .filter(|name| dataset.column(name).is_some_and(|column| column.required));
    let present: Vec<RowExpr> = required.map(RowExpr::Has).collect();
    RowExpr::all(std::iter::once(condition).chain(present))
}

#[cfg(test)]
mod tests;
