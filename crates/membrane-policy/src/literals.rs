//! Names in policies that must name something: entities and purposes.
//!
//! Cedar does not ask whether `Class::"pii.phon"` exists: it would never match, and a forbid that never
//! matches forbids nothing.

use cedar_policy::pst::{BinaryOp, Clause, Expr, Literal, Var};
use cedar_policy::{EntityUid, Policy};
use membrane_catalog::{Catalog, Dataset};

use crate::schema::ROW_NAMESPACE;
use crate::world::World;

/// Lists the names in a policy that name nothing.
pub(crate) fn unknown_names(policy: &Policy, world: &World, catalog: &Catalog) -> Vec<String> {
    let mut found: Vec<String> =
        policy.entity_literals().iter().filter_map(|uid| unknown_entity(uid, world)).collect();
    match policy.to_pst() {
        Ok(tree) => {
            for clause in tree.body().clauses() {
                let (Clause::When(expr) | Clause::Unless(expr)) = clause;
                found.extend(purposes(expr).into_iter().filter_map(|name| unknown_purpose(&name, catalog)));
            }
        }
        Err(error) => found.push(format!("cannot be read as a tree: {error}")),
    }
    found.sort();
    found.dedup();
    found
}

fn unknown_entity(uid: &EntityUid, world: &World) -> Option<String> {
    let entity_type = uid.type_name();
    if entity_type.namespace_components().eq([ROW_NAMESPACE]) {
        return Some(format!("`{uid}`: a single row has no name; write `resource is {entity_type}`"));
    }
    // Actions are the validator's business.
    if entity_type.basename() == "Action" || world.entities.get(uid).is_some() {
        return None;
    }
    let place = match entity_type.basename() {
        "Class" => "`classes.yaml`",
        "Dataset" | "Column" => "the catalog's contracts",
        "Hub" => "a hub: it is `Hub::\"hub\"`",
        _ => "`principals.json`",
    };
    Some(format!("there is no `{uid}` in {place}"))
}

fn unknown_purpose(name: &str, catalog: &Catalog) -> Option<String> {
    let known = name.parse().is_ok_and(|purpose| catalog.has_purpose(&purpose));
    (!known).then(|| format!("there is no purpose `{name}` in `purposes.yaml`"))
}

/// The texts that `context.purpose` is compared with, and those that are looked for among a row's consents.
fn purposes(expr: &Expr) -> Vec<String> {
    let compared = |expr: &Expr| -> Option<Vec<String>> {
        let Expr::BinaryOp { op, left, right } = expr else { return None };
        match op {
            BinaryOp::Eq | BinaryOp::NotEq if is_purpose(left) => Some(texts(right)),
            BinaryOp::Eq | BinaryOp::NotEq if is_purpose(right) => Some(texts(left)),
            BinaryOp::Contains if is_purpose(right) => Some(texts(left)),
            BinaryOp::Contains | BinaryOp::ContainsAll | BinaryOp::ContainsAny if is_consents(left) => {
                Some(texts(right))
            }
            BinaryOp::ContainsAll | BinaryOp::ContainsAny if is_consents(right) => Some(texts(left)),
            _ => None,
        }
    };
    let join = |mut left: Vec<String>, right: Vec<String>| {
        left.extend(right);
        left
    };
    expr.reduce(&compared, &join, Vec::new())
}

fn is_purpose(expr: &Expr) -> bool {
    matches!(expr, Expr::GetAttr { expr, attr } if attr == "purpose" && **expr == Expr::Var(Var::Context))
}

/// No other attribute of that name is a set.
fn is_consents(expr: &Expr) -> bool {
    matches!(expr, Expr::GetAttr { expr, attr } if attr == Dataset::CONSENTS && **expr == Expr::Var(Var::Resource))
}

fn texts(expr: &Expr) -> Vec<String> {
    match expr {
        Expr::Literal(Literal::String(text)) => vec![text.to_string()],
        Expr::Set(elements) => elements.iter().flat_map(|element| texts(element)).collect(),
        _ => Vec::new(),
    }
}
