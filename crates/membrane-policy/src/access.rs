//! The access review: what was granted and not used, and who has more than those beside them.
//!
//! A grant is a policy and a principal whom it gives something. It was used when a run's answer rests on it: the policy let the
//! dataset be used or its rows be seen, or showed a column that was read.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use membrane_catalog::Catalog;
use membrane_ledger::FactorUse;
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, Purpose, RevealLevel, Shown};

use crate::ask::{Asker, Outcome};
use crate::judge::judge;
use crate::permit::GrantedDataset;
use crate::{Policies, Request};

/// What a review of access found.
#[derive(Debug, Default)]
pub struct AccessReview {
    /// Each policy that gives somebody something, by its id.
    pub grants: Vec<GrantUse>,
    /// Who sees columns at more than anybody beside them.
    pub more: Vec<MoreThanPeers>,
    /// Who used nothing of what they were given.
    pub idle: Vec<PrincipalId>,
}

/// A policy, to whom it gives something, and who used that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantUse {
    /// The policy.
    pub policy: String,
    /// To whom it gives something now.
    pub granted: Vec<PrincipalId>,
    /// Which of those used it.
    pub used: Vec<PrincipalId>,
    /// When it was used last.
    pub latest: Option<DateTime<Utc>>,
}

/// Somebody who sees a column at more than everybody else of the same kind in the same group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoreThanPeers {
    /// Who.
    pub principal: PrincipalId,
    /// What for.
    pub purpose: Purpose,
    /// The dataset.
    pub dataset: DatasetName,
    /// The column.
    pub column: ColumnName,
    /// How it is shown.
    pub shown: Shown,
    /// The highest level at which others see it; none: they do not.
    pub others: Option<RevealLevel>,
    /// The policies that show it.
    pub by: Vec<String>,
}

/// What one principal is shown: by purpose, dataset and column.
type Sights = BTreeMap<(Purpose, DatasetName, ColumnName), (Shown, Vec<String>)>;

/// What one principal has.
#[derive(Default)]
struct Holding {
    policies: BTreeSet<String>,
    sights: Sights,
}

impl Policies {
    /// Reviews who has what, against what was used.
    #[must_use]
    pub fn access_review(&self, catalog: &Catalog, now: DateTime<Utc>, uses: &[FactorUse]) -> AccessReview {
        let holdings: BTreeMap<PrincipalId, Holding> = self
            .principals()
            .into_iter()
            .map(|principal| {
                let holding = self.holding(catalog, &principal, now);
                (principal, holding)
            })
            .collect();
        let mut used: BTreeMap<&str, BTreeMap<&PrincipalId, DateTime<Utc>>> = BTreeMap::new();
        for one in uses {
            for factor in &one.factors {
                let latest = used.entry(factor).or_default().entry(&one.principal).or_insert(one.latest);
                *latest = one.latest.max(*latest);
            }
        }
        let policies: BTreeSet<&String> = holdings.values().flat_map(|holding| &holding.policies).collect();
        let grants: Vec<GrantUse> = policies
            .into_iter()
            .map(|policy| {
                let granted = holdings.iter().filter(|(_, holding)| holding.policies.contains(policy));
                let granted: Vec<PrincipalId> = granted.map(|(principal, _)| principal.clone()).collect();
                let by = used.get(policy.as_str());
                let did = |principal: &&PrincipalId| by.is_some_and(|by| by.contains_key(*principal));
                let used = granted.iter().filter(did).cloned().collect();
                let latest = by.and_then(|by| by.values().max().copied());
                GrantUse { policy: policy.clone(), granted, used, latest }
            })
            .collect();
        let idle = holdings
            .iter()
            .filter(|(_, holding)| !holding.policies.is_empty())
            .map(|(principal, _)| principal)
            .filter(|principal| !grants.iter().any(|grant| grant.used.contains(principal)))
            .cloned()
            .collect();
        AccessReview { more: self.more_than_peers(&holdings), grants, idle }
    }

    fn holding(&self, catalog: &Catalog, principal: &PrincipalId, now: DateTime<Utc>) -> Holding {
        let mut holding = Holding::default();
        for entry in catalog.purposes() {
            for action in [Action::Read, Action::Release] {
                let request = Request {
                    lists: true,
                    ..Request::of((principal.clone(), action), Some(entry.name.clone()), Vec::new(), now)
                };
                let judgement = judge(self, catalog, &request);
                let Ok(granted) = judgement.verdict else { continue };
                let allowed = judgement.decisions.iter().filter(|decision| decision.allowed);
                holding.policies.extend(allowed.flat_map(|decision| decision.factors.iter().cloned()));
                granted.into_iter().for_each(|granted| holding.add(&entry.name, action, granted));
            }
        }
        self.add_acts(principal, now, &mut holding);
        holding.policies.retain(|policy| self.permits(policy));
        holding
    }

    /// Adds what lets the principal bring data in, and do what is done with the hub.
    fn add_acts(&self, principal: &PrincipalId, now: DateTime<Utc>, holding: &mut Holding) {
        let Some(uid) = self.world.principals.get(principal) else { return };
        let Some(asker) = Asker::new(self, uid, None, now) else { return };
        let of_hub =
            [Action::Audit, Action::Administer, Action::Erase].map(|action| (action, &self.world.hub));
        let of_datasets = self.world.datasets.values().map(|uids| (Action::Ingest, &uids.dataset));
        for (action, resource) in of_hub.into_iter().chain(of_datasets) {
            let answer = asker.ask(action.as_str(), resource);
            if answer.outcome == Outcome::Permitted {
                holding.policies.extend(answer.factors);
            }
        }
    }

    /// Tells whether a policy permits: what forbids is no grant.
    fn permits(&self, id: &str) -> bool {
        let id = cedar_policy::PolicyId::new(id);
        let found = self.by_action.values().find_map(|set| set.policy(&id));
        found.is_some_and(|policy| policy.effect() == cedar_policy::Effect::Permit)
    }

    fn more_than_peers(&self, holdings: &BTreeMap<PrincipalId, Holding>) -> Vec<MoreThanPeers> {
        let groups: BTreeMap<&PrincipalId, BTreeSet<String>> =
            holdings.keys().map(|principal| (principal, self.direct_groups_of(principal))).collect();
        let mut found = Vec::new();
        for (principal, holding) in holdings {
            let peers: Vec<&Sights> = holdings
                .iter()
                .filter(|(other, _)| *other != principal && other.kind() == principal.kind())
                .filter(|(other, _)| match (groups.get(other), groups.get(principal)) {
                    (Some(theirs), Some(own)) => !theirs.is_disjoint(own),
                    _ => false,
                })
                .map(|(_, holding)| &holding.sights)
                .collect();
            if peers.is_empty() {
                continue;
            }
            for (place, (shown, by)) in &holding.sights {
                let others = peers.iter().filter_map(|sights| Some(sights.get(place)?.0.level())).max();
                if others.is_none_or(|others| others < shown.level()) {
                    let (purpose, dataset, column) = place.clone();
                    let (principal, by) = (principal.clone(), by.clone());
                    let shown = *shown;
                    found.push(MoreThanPeers { principal, purpose, dataset, column, shown, others, by });
                }
            }
        }
        found
    }

    fn direct_groups_of(&self, principal: &PrincipalId) -> BTreeSet<String> {
        let entity = self.world.principals.get(principal).and_then(|uid| self.world.entities.get(uid));
        let parents = entity.map(|entity| entity.clone().into_inner().2).unwrap_or_default();
        parents.iter().map(ToString::to_string).collect()
    }
}

impl Holding {
    fn add(&mut self, purpose: &Purpose, action: Action, granted: GrantedDataset) {
        for column in granted.columns {
            self.policies.extend(column.factors.iter().cloned());
            if action == Action::Read {
                let place = (purpose.clone(), granted.dataset.name.clone(), column.column);
                self.sights.insert(place, (column.shown, column.factors));
            }
        }
    }
}

#[cfg(test)]
mod tests;
