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

/// Decides which rows of a dataset may be seen. Of whoever acts for the one who asks, only what is forbidden counts.
pub(crate) fn decide_rows(asker: &Asker<'_>, dataset: &Dataset, uids: &DatasetUids) -> RowVerdict {
    match (remainder(asker, dataset, uids), asker.floor.as_ref().map(|floor| remainder(floor, dataset, uids)))
    {
        (Err(hidden), _) | (_, Some(Err(hidden))) => hidden,
        (Ok(own), None) => own.compose(dataset),
        (Ok(own), Some(Ok(floor))) => own.above(floor).compose(dataset),
    }
}

/// What is left of the row policies: conditions that each permit, and such that each must not be so.
struct Remainder {
    permits: Vec<(String, RowExpr)>,
    forbids: Vec<(String, RowExpr)>,
}

/// Asks about any row of a dataset. The error is the verdict that every row is hidden.
fn remainder(asker: &Asker<'_>, dataset: &Dataset, uids: &DatasetUids) -> Result<Remainder, RowVerdict> {
    let nothing = || RowVerdict { rule: RowRule::None, factors: Vec::new() };
    let policies = asker.policies;
    let known = (policies.world.actions.get(READ_ROW), asker.policies_of(READ_ROW));
    let (Some(action), Some(set)) = known else { return Err(nothing()) };
    let request = PartialRequest::new(
        PartialEntityUid::from_concrete(asker.principal.clone()),
        action.clone(),
        PartialEntityUid::from_concrete(uids.row.clone()),
        Some(asker.context.clone()),
        &policies.schema,
    );
    let request = request.map_err(|_| nothing())?;
    let response = set.tpe(&request, &policies.world.partial, &policies.schema).map_err(|_| nothing())?;
    read(&response, dataset)
}

fn read(response: &TpeResponse<'_>, dataset: &Dataset) -> Result<Remainder, RowVerdict> {
    let mut factors: Vec<String> =
        response.true_forbids().chain(response.error_forbids()).map(ToString::to_string).collect();
    if !factors.is_empty() {
        factors.sort();
        return Err(RowVerdict { rule: RowRule::None, factors });
    }
    let permits = response.true_permits().map(|id| (id.to_string(), RowExpr::Constant(true)));
    let mut found = Remainder { permits: permits.collect(), forbids: Vec::new() };
    let mut residuals: Vec<Policy> = response.residual_policies().collect();
    residuals.sort_by(|left, right| left.id().cmp(right.id()));
    for policy in residuals {
        let (id, condition) = (policy.id().to_string(), translate::condition(&policy, dataset));
        match (policy.effect(), condition) {
            (Effect::Permit, Some(condition)) => found.permits.push((id, condition)),
            (Effect::Permit, None) => {}
            (Effect::Forbid, Some(condition)) => found.forbids.push((id, condition.negated())),
            (Effect::Forbid, None) => return Err(RowVerdict { rule: RowRule::None, factors: vec![id] }),
        }
    }
    Ok(found)
}

impl Remainder {
    /// Returns what is left above another, of which only what it forbids counts.
    fn above(mut self, floor: Self) -> Self {
        self.forbids.extend(floor.forbids);
        self
    }

    fn compose(self, dataset: &Dataset) -> RowVerdict {
        let (mut factors, permits): (Vec<String>, Vec<RowExpr>) = self.permits.into_iter().unzip();
        let (of_forbids, forbids): (Vec<String>, Vec<RowExpr>) = self.forbids.into_iter().unzip();
        factors.extend(of_forbids);
        factors.sort();
        factors.dedup();
        let condition = RowExpr::all(std::iter::once(RowExpr::any(permits)).chain(forbids));
        RowVerdict { rule: RowRule::from_condition(with_required(condition, dataset)), factors }
    }
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
