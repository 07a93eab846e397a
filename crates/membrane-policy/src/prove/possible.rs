//! Which worlds there can be: those in which columns, classes, datasets and rows lie as the catalog says.
//!
//! The schema alone lets a column be in two classes, or a class outside of the one above it. An example from such a world would
//! be against nothing that there can be, so policies are proved with one more, which forbids whatever is asked of such a
//! resource. Principals and groups are left as the schema has them: those there will be are not those there are.
//!
//! It speaks only of what the policies and the claim name, and of what that lies in. Whoever is not named could have any other
//! name: to each world with a column that lies where it does not there is another, in which that column is one that there is not
//! yet, and no policy can tell the two apart. To suppose less about the worlds never proves more.

use std::collections::BTreeSet;

use cedar_policy::{Entities, EntityTypeName, EntityUid, Policy, PolicyId, PolicySet};

use crate::schema::ROW_NAMESPACE;
use crate::world::World;

/// Returns the entities that policies name.
pub(super) fn named<'a>(sets: impl IntoIterator<Item = &'a PolicySet>) -> BTreeSet<EntityUid> {
    sets.into_iter().flat_map(PolicySet::policies).flat_map(Policy::entity_literals).collect()
}

/// Returns a set of policies with one more, which forbids what is asked of a resource of a type that there cannot be.
pub(super) fn possible(
    policies: &PolicySet,
    of: &EntityTypeName,
    named: &BTreeSet<EntityUid>,
    world: &World,
) -> PolicySet {
    let all = policies.policies().cloned().chain(impossible(of, named, world));
    PolicySet::from_policies(all).unwrap_or_else(|_| policies.clone())
}

fn impossible(of: &EntityTypeName, named: &BTreeSet<EntityUid>, world: &World) -> Option<Policy> {
    let places = named.iter().flat_map(|uid| above(uid, &world.entities));
    let named: BTreeSet<EntityUid> = places.chain(named.iter().cloned()).collect();
    let conditions = if of.namespace_components().eq([ROW_NAMESPACE]) {
        rows(of.basename(), &named)
    } else if of.basename() == "Column" {
        columns(&named, &world.entities)
    } else {
        Vec::new()
    };
    if conditions.is_empty() {
        return None;
    }
    let text =
        format!("forbid (principal, action, resource is {of}) when {{ {} }};", conditions.join(" || "));
    // An id that no policy can have.
    Policy::parse(Some(PolicyId::new("impossible world")), text).ok()
}

fn above(uid: &EntityUid, entities: &Entities) -> BTreeSet<EntityUid> {
    entities.ancestors(uid).into_iter().flatten().cloned().collect()
}

fn of_type<'a>(name: &str, named: &'a BTreeSet<EntityUid>) -> Vec<&'a EntityUid> {
    named.iter().filter(|uid| uid.type_name().basename() == name).collect()
}

fn rows(dataset: &str, named: &BTreeSet<EntityUid>) -> Vec<String> {
    let others = of_type("Dataset", named).into_iter().filter(|other| other.id().as_ref() as &str != dataset);
    let others = others.map(|other| format!("resource in {other}"));
    std::iter::once(format!("!(resource in Dataset::\"{dataset}\")")).chain(others).collect()
}

fn columns(named: &BTreeSet<EntityUid>, entities: &Entities) -> Vec<String> {
    let (classes, datasets) = (of_type("Class", named), of_type("Dataset", named));
    let above = |uid: &EntityUid| above(uid, entities);
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
    let known = of_type("Column", named).into_iter().filter(|column| entities.get(column).is_some());
    for column in known {
        let places: Vec<String> = above(column)
            .iter()
            .filter(|place| place.type_name().basename() != "Hub")
            .map(|place| format!("resource in {place}"))
            .collect();
        conditions.push(format!("(resource == {column} && !({}))", places.join(" && ")));
    }
    conditions
}
