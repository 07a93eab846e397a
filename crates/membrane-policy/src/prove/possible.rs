//! Which worlds there can be: those in which columns, classes, datasets and rows lie as the catalog says.
//!
//! The schema alone lets a column be in two classes, or a class outside of the one above it. An example from such a world would
//! be against nothing that there can be, so policies are proved with one more, which forbids whatever is asked of such a
//! resource. Principals and groups are left as the schema has them: those there will be are not those there are.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Entities, Entity, EntityUid, Policy, PolicyId, PolicySet};

use crate::schema::ROW_NAMESPACE;
use crate::world::World;

/// Returns the policies that forbid what is asked of a resource that there cannot be.
pub(super) fn impossible(world: &World) -> Vec<Policy> {
    let rows = world.datasets.keys().map(|dataset| {
        let of_row = format!("{ROW_NAMESPACE}::{dataset}");
        let own = format!("Dataset::\"{dataset}\"");
        let others = world.datasets.keys().filter(|other| *other != dataset);
        let others = others.map(|other| format!("resource in Dataset::\"{other}\""));
        (of_row, std::iter::once(format!("!(resource in {own})")).chain(others).collect())
    });
    let mut forbidden: BTreeMap<String, Vec<String>> = rows.collect();
    forbidden.insert("Column".to_owned(), columns(&world.entities));
    let policies = forbidden.into_iter().enumerate().filter(|(_, (_, conditions))| !conditions.is_empty());
    policies
        .filter_map(|(number, (of, conditions))| {
            let text = format!(
                "forbid (principal, action, resource is {of}) when {{ {} }};",
                conditions.join(" || ")
            );
            // An id that no policy can have.
            Policy::parse(Some(PolicyId::new(format!("impossible world {number}"))), text).ok()
        })
        .collect()
}

/// Returns a set of policies with those of [`impossible`].
pub(super) fn possible(policies: &PolicySet, impossible: &[Policy]) -> PolicySet {
    let all = policies.policies().chain(impossible).cloned();
    PolicySet::from_policies(all).unwrap_or_else(|_| policies.clone())
}

fn columns(entities: &Entities) -> Vec<String> {
    let of_type = |name: &str| {
        let found = entities.iter().map(Entity::uid).filter(|uid| uid.type_name().basename() == name);
        found.collect::<BTreeSet<EntityUid>>()
    };
    let above = |uid: &EntityUid| {
        let found: BTreeSet<EntityUid> = entities.ancestors(uid).into_iter().flatten().cloned().collect();
        found
    };
    let (classes, datasets) = (of_type("Class"), of_type("Dataset"));
    let mut conditions = Vec::new();
    for class in &classes {
        conditions.extend(
            above(class).iter().map(|wider| format!("(resource in {class} && !(resource in {wider}))")),
        );
    }
    // Of two classes that neither lies in the other, some two beside each other lie above.
    let beside = |one: &EntityUid, other: &EntityUid| above(one) == above(other);
    for (index, one) in classes.iter().enumerate() {
        let others = classes.iter().skip(index + 1).filter(|other| beside(one, other));
        conditions.extend(others.map(|other| format!("(resource in {one} && resource in {other})")));
    }
    for (index, one) in datasets.iter().enumerate() {
        let others = datasets.iter().skip(index + 1);
        conditions.extend(others.map(|other| format!("(resource in {one} && resource in {other})")));
    }
    for column in of_type("Column") {
        let places: Vec<String> = above(&column)
            .iter()
            .filter(|place| place.type_name().basename() != "Hub")
            .map(|place| format!("resource in {place}"))
            .collect();
        conditions.push(format!("(resource == {column} && !({}))", places.join(" && ")));
    }
    conditions
}
