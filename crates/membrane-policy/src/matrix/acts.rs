//! Who may do what with the hub: the last block of the matrix.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::{DateTime, Utc};
use membrane_catalog::Catalog;
use membrane_model::{Action, DatasetName, PrincipalId, Purpose};

use crate::ask::{Asker, Outcome};
use crate::{BreakGlassRequest, DelegationRequest, Policies};

/// The number of a grant that nobody has.
const SUPPOSED: u64 = 0;

impl Policies {
    /// Returns who may do what with the hub, bring data in, agree to break-glass, and hand on what they read.
    pub(super) fn acts(&self, catalog: &Catalog, now: DateTime<Utc>) -> String {
        let mut acts: BTreeMap<String, Vec<&PrincipalId>> = BTreeMap::new();
        for (principal, uid) in &self.world.principals {
            let Some(asker) = Asker::new(self, uid, None, now) else { continue };
            for action in [Action::Administer, Action::Audit, Action::Erase] {
                if asker.ask(action.as_str(), &self.world.hub).outcome == Outcome::Permitted {
                    acts.entry(action.to_string()).or_default().push(principal);
                }
            }
            for dataset in catalog.datasets() {
                let Some(uids) = self.world.datasets.get(&dataset.name) else { continue };
                if asker.ask(Action::Ingest.as_str(), &uids.dataset).outcome == Outcome::Permitted {
                    acts.entry(format!("{} {}", Action::Ingest, dataset.name)).or_default().push(principal);
                }
            }
            for entry in catalog.purposes() {
                if self.agrees(principal, &entry.name, now) {
                    let act = format!("{} {}", Action::ApproveBreakGlass, entry.name);
                    acts.entry(act).or_default().push(principal);
                }
            }
        }
        self.hand_ons(catalog, now, &mut acts);
        if acts.is_empty() {
            return String::new();
        }
        let mut text = "with the hub\n".to_owned();
        for (act, who) in acts {
            let who: Vec<String> = who.iter().map(ToString::to_string).collect();
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {act:<40} {}", who.join(", "));
        }
        text
    }

    /// Adds who may hand on to whom what they read, by purpose; and which datasets, where that is not all of them.
    fn hand_ons<'a>(
        &'a self,
        catalog: &Catalog,
        now: DateTime<Utc>,
        acts: &mut BTreeMap<String, Vec<&'a PrincipalId>>,
    ) {
        let people = || self.world.principals.keys();
        let datasets: Vec<_> = catalog.datasets().map(|dataset| dataset.name.clone()).collect();
        for (delegator, delegate) in people().flat_map(|from| people().map(move |to| (from, to))) {
            for entry in catalog.purposes() {
                let asked = DelegationRequest {
                    delegator: delegator.clone(),
                    delegate: delegate.clone(),
                    purposes: Vec::new(),
                    datasets: Vec::new(),
                };
                let may = |name: &&DatasetName| {
                    self.may_hand_on(&asked, &entry.name, name, now).outcome == Outcome::Permitted
                };
                let handed: Vec<_> = datasets.iter().filter(may).collect();
                let act = format!("{} {} to {delegate}", Action::Delegate, entry.name);
                let acts_of: Vec<String> = match handed.as_slice() {
                    [] => Vec::new(),
                    all if all.len() == datasets.len() => vec![format!("{act} by")],
                    some => some.iter().map(|name| format!("{act} of {name} by")).collect(),
                };
                for act in acts_of {
                    acts.entry(act).or_default().push(delegator);
                }
            }
        }
    }

    /// Tells whether a principal may agree to what some other asks for.
    fn agrees(&self, principal: &PrincipalId, purpose: &Purpose, now: DateTime<Utc>) -> bool {
        let Some(uid) = self.world.principals.get(principal) else { return false };
        let mut others = self.world.principals.keys().filter(|other| !other.same_name(principal));
        others.any(|other| {
            let columns = Vec::new();
            let asked = BreakGlassRequest { requester: other.clone(), purpose: purpose.clone(), columns };
            let Some((resource, entity)) = self.grant_entity(SUPPOSED, &asked) else { return false };
            let known = self.world.entities.clone();
            // Whoever cannot ask by the schema is no requester.
            let Ok(entities) = known.upsert_entities([entity], Some(&self.schema)) else { return false };
            let Some(asker) = Asker::new(self, uid, None, now) else { return false };
            let asker = Asker { entities: &entities, ..asker };
            asker.ask(Action::ApproveBreakGlass.as_str(), &resource).outcome == Outcome::Permitted
        })
    }
}
