//! Worlds in which somebody is in one more group, or is cleared for more.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Entities, Entity, EntityUid, EvalResult, RestrictedExpression};

use crate::Policies;

/// Clearances that are tried, above what somebody has.
const CLEARANCES: i64 = 3;

/// Somebody of whom more is supposed.
pub(super) struct Supposing<'a> {
    policies: &'a Policies,
    uid: EntityUid,
    attributes: HashMap<String, RestrictedExpression>,
    parents: HashSet<EntityUid>,
    /// The groups that they are not in, sorted.
    groups: Vec<EntityUid>,
    clearance: Option<i64>,
}

impl<'a> Supposing<'a> {
    pub(super) fn of(policies: &'a Policies, principal: &EntityUid) -> Option<Self> {
        let world = &policies.world.entities;
        let entity = world.get(principal)?;
        let groups = world.iter().map(Entity::uid).filter(|group| group.type_name().basename() == "Group");
        let mut groups: Vec<EntityUid> =
            groups.filter(|group| !world.is_ancestor_of(group, principal)).collect();
        groups.sort();
        let clearance = entity.attr("clearance").and_then(Result::ok).and_then(|value| match value {
            EvalResult::Long(number) => Some(number),
            _ => None,
        });
        let (uid, attributes, parents) = entity.clone().into_inner();
        Some(Self { policies, uid, attributes, parents, groups, clearance })
    }

    /// Returns the groups that can be supposed.
    pub(super) fn groups(&self) -> impl Iterator<Item = &EntityUid> {
        self.groups.iter()
    }

    /// Returns the clearances that can be supposed, from the least on; none for those who have none.
    pub(super) fn clearances(&self) -> impl Iterator<Item = i64> + use<> {
        let clearance = self.clearance;
        let raised =
            move |clearance: i64| (1..=CLEARANCES).filter_map(move |more| clearance.checked_add(more));
        clearance.into_iter().flat_map(raised)
    }

    /// Returns the world with that, and the words for it.
    pub(super) fn with(
        &self,
        group: Option<&EntityUid>,
        clearance: Option<i64>,
    ) -> Option<(String, Entities)> {
        let mut words = Vec::new();
        let (mut attributes, mut parents) = (self.attributes.clone(), self.parents.clone());
        if let Some(group) = group {
            let name: &str = group.id().as_ref();
            words.push(format!("in the group {name}"));
            parents.insert(group.clone());
        }
        if let Some(clearance) = clearance {
            words.push(format!("with clearance {clearance}"));
            attributes.insert("clearance".to_owned(), RestrictedExpression::new_long(clearance));
        }
        let entity = Entity::new(self.uid.clone(), attributes, parents).ok()?;
        let world = self.policies.world.entities.clone();
        let world = world.upsert_entities([entity], Some(&self.policies.schema)).ok()?;
        Some((words.join(" "), world))
    }
}
