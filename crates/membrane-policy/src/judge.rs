//! Decides about a whole request. Pure: nothing is recorded here, and no permit comes from here.

use std::collections::BTreeSet;
use std::sync::Arc;

use membrane_catalog::{Catalog, Dataset};
use membrane_ledger::{ColumnDecision, Decision};
use membrane_model::{Action, DatasetName, RevealLevel, Shown};

use crate::ask::{Answer, Asker, Outcome};
use crate::authorizer::{Lookup, Request};
use crate::column::decide_column;
use crate::permit::{GrantedColumn, GrantedDataset};
use crate::rows::decide_rows;
use crate::schema::LOOK_UP;
use crate::{Policies, Refused, RefusedReason, RowRule};

/// The reason on record of a decision that gave the token of one exact value. It is counted by this text.
pub(crate) const LOOKED_UP: &str = "permitted, an exact value looked up";

/// What was decided, and what the record must say about it.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub(crate) decisions: Vec<Decision>,
    pub(crate) verdict: Result<Vec<GrantedDataset>, Refused>,
}

/// Which datasets a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Those that it names. Each gets a decision on record.
    Named,
    /// All that there are, for a listing. Only the visible ones get a decision on record.
    Listing,
}

/// Decides about a request.
pub(crate) fn judge(policies: &Policies, catalog: &Catalog, request: &Request, extent: Extent) -> Judgement {
    let judge = Judge { policies, catalog, request };
    let Some(principal) = policies.world.principals.get(&request.principal) else {
        return judge.refuse(RefusedReason::UnknownPrincipal, "unknown principal", Vec::new());
    };
    let known = match &request.purpose {
        Some(purpose) => catalog.has_purpose(purpose),
        None => !matches!(request.action, Action::Read | Action::Release),
    };
    if !known {
        return judge.refuse(RefusedReason::UnknownPurpose, "unknown or missing purpose", Vec::new());
    }
    let Some(asker) = Asker::new(policies, principal, request.purpose.as_ref(), request.now) else {
        return judge.refuse(RefusedReason::PolicyFault, "the question to Cedar cannot be built", Vec::new());
    };
    match request.action {
        Action::Audit | Action::Administer | Action::Erase => judge.hub(&asker),
        Action::Ingest | Action::Read | Action::Release => judge.datasets(&asker, extent),
    }
}

struct Judge<'a> {
    policies: &'a Policies,
    catalog: &'a Catalog,
    request: &'a Request,
}

impl Judge<'_> {
    fn hub(&self, asker: &Asker<'_>) -> Judgement {
        let answer = asker.ask(self.request.action.as_str(), &self.policies.world.hub);
        let reason = match answer.outcome {
            Outcome::Permitted => {
                let decision = self.decision(true, None, answer.reason(), answer.factors);
                return Judgement { decisions: vec![decision], verdict: Ok(Vec::new()) };
            }
            Outcome::Faulty => RefusedReason::PolicyFault,
            Outcome::Forbidden | Outcome::Unmentioned => RefusedReason::NotPermitted,
        };
        self.refuse(reason, answer.reason(), answer.factors)
    }

    fn datasets(&self, asker: &Asker<'_>, extent: Extent) -> Judgement {
        let names: BTreeSet<DatasetName> = match extent {
            Extent::Named => self.request.datasets.iter().cloned().collect(),
            Extent::Listing => self.catalog.datasets().map(|dataset| dataset.name.clone()).collect(),
        };
        let mut decisions = Vec::new();
        let mut granted = Vec::new();
        for name in &names {
            let (decision, found) = self.dataset(asker, name);
            if found.is_some() || extent == Extent::Named {
                decisions.push(decision);
            }
            granted.extend(found);
        }
        if !granted.is_empty() {
            let verdict = self.lookups(asker, &mut granted, &mut decisions).map(|()| granted);
            return Judgement { decisions, verdict };
        }
        let anywhere = self.anywhere(asker);
        if names.is_empty() && anywhere.outcome == Outcome::Permitted {
            // A query without tables, such as the `SELECT 1` of a driver.
            let mut decisions =
                vec![self.decision(true, None, "permitted, no dataset named", anywhere.factors)];
            let verdict = self.lookups(asker, &mut granted, &mut decisions).map(|()| granted);
            return Judgement { decisions, verdict };
        }
        let reason = match anywhere.outcome {
            Outcome::Permitted => RefusedReason::NotFound,
            Outcome::Faulty => RefusedReason::PolicyFault,
            Outcome::Forbidden | Outcome::Unmentioned => RefusedReason::NotPermitted,
        };
        // PRIVACY: neither the reason nor its factors depend on the datasets that were named: whether
        // one of them exists must not show.
        let factors = if reason == RefusedReason::NotFound { Vec::new() } else { anywhere.factors.clone() };
        if decisions.is_empty() {
            decisions.push(self.decision(false, None, anywhere.reason(), anywhere.factors));
        }
        Judgement { decisions, verdict: Err(Refused { reason, factors }) }
    }

    /// Decides about the values that are looked up: each needs a column that is shown as its token, and a policy.
    fn lookups(
        &self,
        asker: &Asker<'_>,
        granted: &mut [GrantedDataset],
        decisions: &mut Vec<Decision>,
    ) -> Result<(), Refused> {
        for lookup in &self.request.lookups {
            let found = self.lookup(asker, granted, lookup);
            match found {
                Ok(decision) => decisions.push(decision),
                Err(reason) => {
                    // PRIVACY: the names that were given may be values in the wrong place: they are not recorded.
                    decisions.push(self.decision(false, None, &reason.to_string(), Vec::new()));
                    return Err(Refused::plain(reason));
                }
            }
        }
        Ok(())
    }

    fn lookup(
        &self,
        asker: &Asker<'_>,
        granted: &mut [GrantedDataset],
        lookup: &Lookup,
    ) -> Result<Decision, RefusedReason> {
        let mut found: Option<(Decision, (String, Shown))> = None;
        for one in granted {
            let name = one.dataset.name.clone();
            if lookup.dataset.as_ref().is_some_and(|wanted| *wanted != name) {
                continue;
            }
            let resource =
                self.policies.world.datasets.get(&name).and_then(|uids| uids.columns.get(&lookup.column));
            let column = one.columns.iter_mut().find(|column| column.column == lookup.column);
            let contract = one.dataset.column(&lookup.column);
            let (Some(resource), Some(column), Some(contract)) = (resource, column, contract) else {
                continue;
            };
            if !matches!(column.shown, Shown::Token(_)) || !column.when.is_empty() {
                continue;
            }
            let answer = asker.ask(LOOK_UP, resource);
            match answer.outcome {
                Outcome::Permitted => {}
                Outcome::Faulty => return Err(RefusedReason::PolicyFault),
                Outcome::Forbidden | Outcome::Unmentioned => continue,
            }
            let kind = (contract.token_domain(), column.shown);
            match &found {
                Some((_, before)) if *before != kind => return Err(RefusedReason::LookupAmbiguous),
                Some(_) => {}
                None => {
                    column.look_up = true;
                    let level = Some(RevealLevel::Token);
                    let recorded = ColumnDecision {
                        column: column.column.clone(),
                        level,
                        factors: answer.factors.clone(),
                    };
                    let mut decision = self.decision(true, Some(&name), LOOKED_UP, answer.factors);
                    decision.columns.push(recorded);
                    found = Some((decision, kind));
                }
            }
        }
        found.map(|(decision, _)| decision).ok_or(RefusedReason::Lookup)
    }

    // Whether the principal may do this, for this purpose, with any dataset at all.
    fn anywhere(&self, asker: &Asker<'_>) -> Answer {
        let action = self.request.action.as_str();
        let mut worst = Answer { outcome: Outcome::Unmentioned, factors: Vec::new() };
        for uids in self.catalog.datasets().filter_map(|found| self.policies.world.datasets.get(&found.name))
        {
            let answer = asker.ask(action, &uids.dataset);
            match answer.outcome {
                Outcome::Permitted => return answer,
                Outcome::Faulty => worst = answer,
                Outcome::Forbidden if worst.outcome == Outcome::Unmentioned => worst = answer,
                Outcome::Forbidden | Outcome::Unmentioned => {}
            }
        }
        worst
    }

    fn dataset(&self, asker: &Asker<'_>, name: &DatasetName) -> (Decision, Option<GrantedDataset>) {
        let known = (self.catalog.dataset(name), self.policies.world.datasets.get(name));
        let (Some(dataset), Some(uids)) = known else {
            return (self.decision(false, Some(name), "no such dataset", Vec::new()), None);
        };
        let answer = asker.ask(self.request.action.as_str(), &uids.dataset);
        if answer.outcome != Outcome::Permitted {
            return (self.decision(false, Some(name), answer.reason(), answer.factors), None);
        }
        if self.request.action == Action::Ingest {
            let granted =
                GrantedDataset { dataset: Arc::clone(dataset), columns: Vec::new(), row_rule: RowRule::None };
            return (self.decision(true, Some(name), answer.reason(), answer.factors), Some(granted));
        }
        let (columns, recorded) = columns(asker, dataset, uids);
        if columns.is_empty() {
            let mut decision = self.decision(false, Some(name), "no column may be seen", answer.factors);
            decision.columns = recorded;
            return (decision, None);
        }
        let rows = decide_rows(asker, dataset, uids);
        let mut factors = answer.factors;
        factors.extend(rows.factors);
        factors.sort();
        factors.dedup();
        let reason = match rows.rule {
            RowRule::All => "permitted, every row",
            RowRule::When(_) => "permitted, some rows",
            RowRule::None => "permitted, no row",
        };
        let mut decision = self.decision(true, Some(name), reason, factors);
        decision.columns = recorded;
        (decision, Some(GrantedDataset { dataset: Arc::clone(dataset), columns, row_rule: rows.rule }))
    }

    fn refuse(&self, reason: RefusedReason, words: &str, factors: Vec<String>) -> Judgement {
        let decision = self.decision(false, None, words, factors.clone());
        Judgement { decisions: vec![decision], verdict: Err(Refused { reason, factors }) }
    }

    fn decision(
        &self,
        allowed: bool,
        dataset: Option<&DatasetName>,
        reason: &str,
        factors: Vec<String>,
    ) -> Decision {
        Decision {
            allowed,
            // PRIVACY: a name that no dataset has may be a value that someone typed in the wrong place.
            dataset: dataset.filter(|name| self.catalog.dataset(name).is_some()).cloned(),
            reason: reason.to_owned(),
            factors,
            policy_version: self.policies.version().to_owned(),
            columns: Vec::new(),
        }
    }
}

fn columns(
    asker: &Asker<'_>,
    dataset: &Dataset,
    uids: &crate::world::DatasetUids,
) -> (Vec<GrantedColumn>, Vec<ColumnDecision>) {
    let mut granted = Vec::new();
    let mut recorded = Vec::with_capacity(dataset.columns.len());
    for column in &dataset.columns {
        let Some(resource) = uids.columns.get(&column.name) else { continue };
        let verdict = decide_column(asker, column, resource);
        recorded.push(ColumnDecision {
            column: column.name.clone(),
            level: verdict.granted.as_ref().map(GrantedColumn::level),
            factors: verdict.factors,
        });
        granted.extend(verdict.granted);
    }
    (granted, recorded)
}

#[cfg(test)]
mod tests;
