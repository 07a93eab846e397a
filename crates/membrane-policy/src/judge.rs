//! Decides about a whole request. Pure: nothing is recorded here, and no permit comes from here.

mod lookups;
mod on_behalf;

use std::collections::BTreeSet;
use std::sync::Arc;

use membrane_catalog::{Catalog, Dataset};
use membrane_ledger::{ColumnDecision, Decision};
use membrane_model::{Action, DatasetName, RevealLevel};

use crate::ask::{Answer, Asker, Outcome};
use crate::authorizer::Request;
use crate::column::decide_column;
use crate::permit::{GrantedColumn, GrantedDataset};
use crate::policies::{Question, Verdict};
use crate::rows::decide_rows;
use crate::schema::READ_ROW;
use crate::world::DatasetUids;
use crate::{BrokenGlass, CompareOperator, Policies, Refused, RefusedReason, RowExpr, RowRule, RowValue};

use on_behalf::HandedOn;

/// The reason on record of a decision that gave the token of one exact value.
pub(crate) const LOOKED_UP: &str = membrane_ledger::LOOKED_UP;

/// The reason on record of a decision by which some rows may be seen.
const SOME_ROWS: &str = "permitted, some rows";

/// What was decided, and what the record must say about it.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub(crate) decisions: Vec<Decision>,
    pub(crate) verdict: Result<Vec<GrantedDataset>, Refused>,
    /// Whether the record may be looked at too.
    pub(crate) audits: bool,
}

impl Judgement {
    /// A judgement about datasets and nothing else.
    fn of(decisions: Vec<Decision>, verdict: Result<Vec<GrantedDataset>, Refused>) -> Self {
        Self { decisions, verdict, audits: false }
    }
}

/// Decides about a request.
pub(crate) fn judge(policies: &Policies, catalog: &Catalog, request: &Request) -> Judgement {
    let judge = Judge { policies, catalog, request, handed: None };
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
    if let Some(acting) = &request.acting {
        return judge.on_behalf(acting, principal);
    }
    let broken = judge.broken_columns();
    let asker = Asker::behind_glass(policies, principal, request.purpose.as_ref(), request.now, &broken);
    let Some(asker) = asker else {
        return judge.refuse(RefusedReason::PolicyFault, "the question to Cedar cannot be built", Vec::new());
    };
    match request.action {
        Action::Audit | Action::Administer | Action::Erase => judge.hub(&asker),
        Action::Ingest | Action::Read | Action::Release => judge.datasets(&asker),
        // Those are decided about columns, grants and delegations.
        Action::RequestBreakGlass | Action::ApproveBreakGlass | Action::Delegate => {
            judge.refuse(RefusedReason::NotPermitted, "not decided here", Vec::new())
        }
    }
}

struct Judge<'a> {
    policies: &'a Policies,
    catalog: &'a Catalog,
    request: &'a Request,
    /// What was handed on, for a request on behalf of another.
    handed: Option<HandedOn>,
}

impl Judge<'_> {
    fn hub(&self, asker: &Asker<'_>) -> Judgement {
        let answer = asker.ask(self.request.action.as_str(), &self.policies.world.hub);
        let reason = match answer.outcome {
            Outcome::Permitted => {
                let decision = self.decision(true, None, answer.reason(), answer.factors);
                let audits = self.request.action == Action::Audit;
                return Judgement { decisions: vec![decision], verdict: Ok(Vec::new()), audits };
            }
            Outcome::Faulty => RefusedReason::PolicyFault,
            Outcome::Forbidden | Outcome::Unmentioned => RefusedReason::NotPermitted,
        };
        self.refuse(reason, answer.reason(), answer.factors)
    }

    fn datasets(&self, asker: &Asker<'_>) -> Judgement {
        let named: BTreeSet<&DatasetName> = self.request.datasets.iter().collect();
        let mut names = named.clone();
        if self.request.lists {
            names.extend(self.catalog.datasets().map(|dataset| &dataset.name));
        }
        let question = self.question().map(Arc::new);
        let mut decisions = Vec::new();
        let mut granted = Vec::new();
        for name in names.iter().copied() {
            let (decision, found) = self.dataset(asker, name, question.as_ref());
            if found.is_some() || named.contains(name) {
                decisions.push(decision);
            }
            granted.extend(found);
        }
        let record = self.record(asker);
        let audits = record.is_some();
        decisions.extend(record);
        if !granted.is_empty() || audits && named.is_empty() {
            let verdict = self.lookups(asker, &mut granted, &mut decisions).map(|()| granted);
            if let Ok(granted) = &verdict {
                decisions.extend(self.uses_of_glass(granted));
                decisions.extend(self.uses_of_delegations(granted));
            }
            return Judgement { decisions, verdict, audits };
        }
        let anywhere = self.anywhere(asker);
        if names.is_empty() && anywhere.outcome == Outcome::Permitted {
            // A query without tables, such as the `SELECT 1` of a driver.
            let mut decisions =
                vec![self.decision(true, None, "permitted, no dataset named", anywhere.factors)];
            let verdict = self.lookups(asker, &mut granted, &mut decisions).map(|()| granted);
            return Judgement::of(decisions, verdict);
        }
        let reason = match anywhere.outcome {
            Outcome::Permitted => RefusedReason::NotFound,
            Outcome::Faulty => RefusedReason::PolicyFault,
            Outcome::Forbidden | Outcome::Unmentioned if self.handed.is_some() => RefusedReason::NotDelegated,
            Outcome::Forbidden | Outcome::Unmentioned => RefusedReason::NotPermitted,
        };
        // PRIVACY: neither the reason nor its factors depend on the datasets that were named: whether
        // one of them exists must not show.
        let factors = if self.handed.is_some() || reason == RefusedReason::NotFound {
            Vec::new()
        } else {
            anywhere.factors.clone()
        };
        if decisions.is_empty() {
            decisions.push(self.decision(false, None, anywhere.reason(), anywhere.factors));
        }
        Judgement::of(decisions, Err(Refused { reason, factors }))
    }

    /// Decides for whoever asks in SQL what there is whether the record is there too. That it is not is no decision on record, as with datasets
    /// that nobody named.
    fn record(&self, asker: &Asker<'_>) -> Option<Decision> {
        let asks = self.request.lists && self.request.action == Action::Read;
        // What somebody hands on are datasets.
        if !asks || self.request.acting.is_some() {
            return None;
        }
        let answer = asker.ask(Action::Audit.as_str(), &self.policies.world.hub);
        let reason = "permitted, the record is listed";
        (answer.outcome == Outcome::Permitted).then(|| self.decision(true, None, reason, answer.factors))
    }

    /// Returns the break-glass grants that count. PRIVACY: they are for one person, who does not act for another with them.
    fn broken(&self) -> &[BrokenGlass] {
        if self.request.acting.is_some() { &[] } else { &self.request.broken }
    }

    /// Returns the columns before which the glass is broken. One that the catalog does not know any more is behind nothing.
    fn broken_columns(&self) -> Vec<cedar_policy::EntityUid> {
        let columns = self.broken().iter().flat_map(|glass| &glass.columns);
        let uids = columns.filter_map(|(dataset, column)| {
            self.policies.world.datasets.get(dataset).and_then(|uids| uids.columns.get(column)).cloned()
        });
        uids.collect()
    }

    /// Says for the record which grants were open for what is shown: a decision for each grant and dataset.
    fn uses_of_glass(&self, granted: &[GrantedDataset]) -> Vec<Decision> {
        let mut uses = Vec::new();
        for glass in self.broken() {
            for one in granted {
                let name = &one.dataset.name;
                let behind = |column: &&GrantedColumn| {
                    glass.columns.iter().any(|(dataset, known)| dataset == name && *known == column.column)
                };
                let columns: Vec<ColumnDecision> = one
                    .columns
                    .iter()
                    .filter(behind)
                    .map(|column| ColumnDecision {
                        column: column.column.clone(),
                        level: Some(column.level()),
                        factors: column.factors.clone(),
                    })
                    .collect();
                if !columns.is_empty() {
                    let reason = BrokenGlass::reason(glass.grant);
                    let mut decision = self.decision(true, Some(name), &reason, Vec::new());
                    decision.columns = columns;
                    uses.push(decision);
                }
            }
        }
        uses
    }

    // Whether the principal may do this, for this purpose, with any dataset at all.
    fn anywhere(&self, asker: &Asker<'_>) -> Answer {
        let action = self.request.action.as_str();
        let mut worst = Answer { outcome: Outcome::Unmentioned, factors: Vec::new() };
        let handed = |name: &DatasetName| self.handed.as_ref().is_none_or(|handed| handed.of(name).is_ok());
        let names = self.catalog.datasets().map(|found| &found.name).filter(|name| handed(name));
        for uids in names.filter_map(|name| self.policies.world.datasets.get(name)) {
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

    /// Returns what is asked of each dataset, if it can be answered by what was decided before.
    fn question(&self) -> Option<Question> {
        let request = self.request;
        let delegator = self.handed.as_ref().map(HandedOn::delegator);
        Some(Question {
            principal: delegator.unwrap_or(&request.principal).clone(),
            delegate: delegator.map(|_| request.principal.clone()),
            action: request.action,
            purpose: request.purpose.clone(),
            broken: self.broken_columns().into_iter().collect(),
            stretch: self.policies.moments.stretch(request.action, request.now)?,
        })
    }

    fn dataset(
        &self,
        asker: &Asker<'_>,
        name: &DatasetName,
        question: Option<&Arc<Question>>,
    ) -> (Decision, Option<GrantedDataset>) {
        let known = (self.catalog.dataset(name), self.policies.world.datasets.get(name));
        let (Some(dataset), Some(uids)) = known else {
            return (self.decision(false, Some(name), "no such dataset", Vec::new()), None);
        };
        if let Some(Err((why, factors))) = self.handed.as_ref().map(|handed| handed.of(name)) {
            return (self.decision(false, Some(name), why, factors.to_vec()), None);
        }
        let verdicts = &self.policies.verdicts;
        if let Some(kept) = question.and_then(|question| verdicts.get(question, dataset)) {
            return self.shown_still(kept.told());
        }
        let verdict = Arc::new(self.verdict(asker, dataset, uids));
        if let Some(question) = question {
            verdicts.keep(question, Arc::clone(&verdict));
        }
        self.shown_still(verdict.told())
    }

    /// Leaves out the rows that the contract does not keep any longer for the purpose. It hangs on the day: what is kept of verdicts is without it.
    fn shown_still(
        &self,
        (mut decision, mut granted): (Decision, Option<GrantedDataset>),
    ) -> (Decision, Option<GrantedDataset>) {
        let reads = matches!(self.request.action, Action::Read | Action::Release);
        let purpose = self.request.purpose.as_ref().filter(|_| reads);
        if let (Some(granted), Some(purpose)) = (&mut granted, purpose)
            && let Some((column, before)) = granted.dataset.cut_off_for(purpose, self.request.now)
        {
            let condition = RowExpr::Compare {
                column: column.clone(),
                operator: CompareOperator::GtEq,
                value: RowValue::Timestamp(before.timestamp_micros()),
            };
            let rule = std::mem::replace(&mut granted.row_rule, RowRule::None);
            granted.row_rule = rule.and(condition);
            if granted.row_rule != RowRule::None {
                SOME_ROWS.clone_into(&mut decision.reason);
            }
        }
        (decision, granted)
    }

    /// Decides about a dataset. The answer hangs on the question, the policies and the contract alone: it may be kept.
    fn verdict(&self, asker: &Asker<'_>, dataset: &Arc<Dataset>, uids: &DatasetUids) -> Verdict {
        let name = Some(&dataset.name);
        let told = |decision, granted| Verdict { dataset: Arc::clone(dataset), decision, granted };
        let answer = asker.ask(self.request.action.as_str(), &uids.dataset);
        if answer.outcome != Outcome::Permitted {
            return told(self.decision(false, name, answer.reason(), answer.factors), None);
        }
        if self.request.action == Action::Ingest {
            let granted = (Vec::new(), RowRule::None);
            return told(self.decision(true, name, answer.reason(), answer.factors), Some(granted));
        }
        let levels = RevealLevel::HIGHEST_FIRST.into_iter().map(RevealLevel::cedar_action);
        let actions: Vec<&'static str> = levels.chain([READ_ROW]).collect();
        let asker = &asker.ready_for(&actions);
        let (columns, recorded) = columns(asker, dataset, uids);
        if columns.is_empty() {
            let mut decision = self.decision(false, name, "no column may be seen", answer.factors);
            decision.columns = recorded;
            return told(decision, None);
        }
        let rows = decide_rows(asker, dataset, uids);
        let mut factors = answer.factors;
        factors.extend(rows.factors);
        factors.sort();
        factors.dedup();
        let reason = match rows.rule {
            RowRule::All => "permitted, every row",
            RowRule::When(_) => SOME_ROWS,
            RowRule::None => "permitted, no row",
        };
        let mut decision = self.decision(true, name, reason, factors);
        decision.columns = recorded;
        told(decision, Some((columns, rows.rule)))
    }

    fn refuse(&self, reason: RefusedReason, words: &str, factors: Vec<String>) -> Judgement {
        let decision = self.decision(false, None, words, factors.clone());
        Judgement::of(vec![decision], Err(Refused { reason, factors }))
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
            factors,
            ..refusal(self.policies, reason)
        }
    }
}

/// A decision against a request as a whole.
pub(crate) fn refusal(policies: &Policies, reason: &str) -> Decision {
    Decision {
        allowed: false,
        dataset: None,
        reason: reason.to_owned(),
        factors: Vec::new(),
        policy_version: policies.version().to_owned(),
        columns: Vec::new(),
    }
}

fn columns(
    asker: &Asker<'_>,
    dataset: &Dataset,
    uids: &DatasetUids,
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
