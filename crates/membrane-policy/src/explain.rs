//! Explains how a column is shown to somebody: by which policies, and what would have to change for more.
//!
//! What would have to change is found by asking the same question with one thing different: another purpose, one more group,
//! more clearance; and where no single one helps, a purpose together with a group. So it is Cedar's answer, not a guess.

use cedar_policy::{Entities, Entity, EntityUid, RestrictedExpression};
use chrono::{DateTime, Utc};
use membrane_catalog::{Catalog, Column};
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, Purpose, RevealLevel, Shown};

use crate::Policies;
use crate::ask::{Asker, Outcome};
use crate::column::decide_column;
use crate::world::DatasetUids;

/// Clearances that are tried, above what somebody has.
const CLEARANCES: i64 = 3;

/// What is asked: how a column is shown.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// To whom.
    pub principal: &'a PrincipalId,
    /// In which sense: `read` or `release`.
    pub action: Action,
    /// What for.
    pub purpose: &'a Purpose,
    /// In which dataset.
    pub dataset: &'a DatasetName,
    /// Which column.
    pub column: &'a ColumnName,
    /// When.
    pub now: DateTime<Utc>,
}

/// How a column is shown to somebody, and why.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// How it is shown; none: it does not exist for them.
    pub shown: Option<Shown>,
    /// The policies that decided that.
    pub factors: Vec<String>,
    /// What was asked, in order: the dataset, then each level from the highest down.
    pub asked: Vec<Asked>,
    /// What would show more, each by itself.
    pub changes: Vec<Change>,
}

/// One question to Cedar and its answer.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The action.
    pub action: &'static str,
    /// The answer in words.
    pub answer: &'static str,
    /// The policies that determined it.
    pub factors: Vec<String>,
}

/// A change that would show more.
#[derive(Debug, Clone)]
pub struct Change {
    /// What would have to be otherwise.
    pub what: String,
    /// How the column would be shown.
    pub shown: Shown,
    /// By which policies.
    pub factors: Vec<String>,
}

impl Policies {
    /// Explains how a column is shown. None: there is no such principal, dataset or column.
    #[must_use]
    pub fn explain(&self, catalog: &Catalog, question: &Question<'_>) -> Option<Explanation> {
        let dataset = catalog.dataset(question.dataset)?;
        let what = What {
            policies: self,
            question,
            principal: self.world.principals.get(question.principal)?,
            column: dataset.column(question.column)?,
            uids: self.world.datasets.get(question.dataset)?,
        };
        let asker = what.asker(&self.world.entities, question.purpose)?;
        let (shown, factors) = what.shown(&asker);
        Some(Explanation { shown, factors, asked: what.asked(&asker), changes: what.changes(catalog, shown) })
    }
}

struct What<'a> {
    policies: &'a Policies,
    question: &'a Question<'a>,
    principal: &'a EntityUid,
    column: &'a Column,
    uids: &'a DatasetUids,
}

/// Worlds that differ in one thing, each with the words for it.
#[derive(Default)]
struct Supposed {
    in_groups: Vec<(String, Entities)>,
    cleared: Vec<(String, Entities)>,
}

impl<'a> What<'a> {
    fn asker<'b>(&'b self, entities: &'b Entities, purpose: &Purpose) -> Option<Asker<'b>> {
        let asker = Asker::new(self.policies, self.principal, Some(purpose), self.question.now)?;
        Some(Asker { entities, ..asker })
    }

    fn resource(&self) -> Option<&'a EntityUid> {
        self.uids.columns.get(&self.column.name)
    }

    /// Returns how the column is shown, and by which policies: those that let the dataset be used are not repeated.
    fn shown(&self, asker: &Asker<'_>) -> (Option<Shown>, Vec<String>) {
        let may_use = asker.ask(self.question.action.as_str(), &self.uids.dataset);
        let (Outcome::Permitted, Some(resource)) = (may_use.outcome, self.resource()) else {
            return (None, may_use.factors);
        };
        let verdict = decide_column(asker, self.column, resource);
        (verdict.granted.map(|granted| granted.shown), verdict.factors)
    }

    fn asked(&self, asker: &Asker<'_>) -> Vec<Asked> {
        let action = self.question.action.as_str();
        let levels = RevealLevel::HIGHEST_FIRST.into_iter().map(RevealLevel::cedar_action);
        let columns = levels.filter_map(|action| Some((action, self.resource()?)));
        [(action, &self.uids.dataset)]
            .into_iter()
            .chain(columns)
            .map(|(action, resource)| {
                let answer = asker.ask(action, resource);
                Asked { action, answer: answer.reason(), factors: answer.factors }
            })
            .collect()
    }

    fn changes(&self, catalog: &Catalog, shown: Option<Shown>) -> Vec<Change> {
        let now = shown.map(Shown::level);
        let more = |change: &Change| Some(change.shown.level()) > now;
        let world = &self.policies.world.entities;
        let purposes =
            || catalog.purposes().map(|entry| &entry.name).filter(|name| *name != self.question.purpose);
        let Supposed { in_groups, cleared } = self.supposed();
        let mut found: Vec<Change> = purposes()
            .filter_map(|purpose| self.change(format!("for the purpose {purpose}"), world, purpose))
            .filter(more)
            .collect();
        let same_purpose = |(what, entities): &(String, Entities)| {
            self.change(what.clone(), entities, self.question.purpose).filter(more)
        };
        found.extend(in_groups.iter().filter_map(same_purpose));
        // Of clearances the least is told.
        found.extend(cleared.iter().find_map(same_purpose));
        if found.is_empty() {
            for (what, entities) in &in_groups {
                let both = purposes().filter_map(|purpose| {
                    self.change(format!("{what}, for the purpose {purpose}"), entities, purpose)
                });
                found.extend(both.filter(more));
            }
        }
        found
    }

    fn change(&self, what: String, entities: &Entities, purpose: &Purpose) -> Option<Change> {
        let asker = self.asker(entities, purpose)?;
        let (shown, factors) = self.shown(&asker);
        Some(Change { what, shown: shown?, factors })
    }

    /// Returns the world with the principal in one more group, each of them, and with more clearance.
    fn supposed(&self) -> Supposed {
        let world = &self.policies.world.entities;
        let Some(entity) = world.get(self.principal) else { return Supposed::default() };
        let (uid, attributes, parents) = entity.clone().into_inner();
        let with = |what: String, entity: Entity| {
            let world = world.clone().upsert_entities([entity], Some(&self.policies.schema)).ok()?;
            Some((what, world))
        };
        let groups = world.iter().map(Entity::uid).filter(|group| group.type_name().basename() == "Group");
        let mut groups: Vec<EntityUid> =
            groups.filter(|group| !world.is_ancestor_of(group, self.principal)).collect();
        groups.sort();
        let in_groups = groups
            .into_iter()
            .filter_map(|group| {
                let name: &str = group.id().as_ref();
                let what = format!("in the group {name}");
                let parents = parents.iter().cloned().chain([group]).collect();
                with(what, Entity::new(uid.clone(), attributes.clone(), parents).ok()?)
            })
            .collect();
        let clearance = entity.attr("clearance").and_then(Result::ok).and_then(|value| match value {
            cedar_policy::EvalResult::Long(number) => Some(number),
            _ => None,
        });
        let raised = clearance
            .into_iter()
            .flat_map(|clearance| (1..=CLEARANCES).filter_map(move |more| clearance.checked_add(more)));
        let cleared = raised
            .filter_map(|raised| {
                let mut attributes = attributes.clone();
                attributes.insert("clearance".to_owned(), RestrictedExpression::new_long(raised));
                let entity = Entity::new(uid.clone(), attributes, parents.clone()).ok()?;
                with(format!("with clearance {raised}"), entity)
            })
            .collect();
        Supposed { in_groups, cleared }
    }
}

#[cfg(test)]
mod tests;
