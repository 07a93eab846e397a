//! A counter-example in one plain sentence: who, what for, what, and by which policy.
//!
//! The solver makes up a whole world. The sentence tells of it what the answer hangs on: the groups, and those attributes that
//! one of the policies asks for. The rest is in the world.

use std::collections::BTreeSet;

use cedar_policy::pst::{Clause, Expr, Var};
use cedar_policy::{Entity, EntityUid, EvalResult, Policy};
use cedar_policy_symcc::Env;
use membrane_model::{Action, PrincipalKind, Purpose, RevealLevel};

use crate::Policies;
use crate::schema::{LOOK_UP, READ_ROW};

/// What comes of a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    Permitted,
    Errs,
}

/// Writes the sentence. `asking` are the policies whose conditions matter, `by` those that the outcome comes from.
pub(super) fn write(
    of: &Policies,
    found: &Env,
    asking: impl Iterator<Item = Policy>,
    (outcome, by): (Outcome, &[String]),
) -> String {
    let teller = Teller { of, found, asked: asked(asking) };
    let would = match outcome {
        Outcome::Permitted => "would",
        Outcome::Errs => "would ask to",
    };
    let policies: Vec<String> = by.iter().map(|id| format!("`{id}`")).collect();
    let end = match outcome {
        Outcome::Permitted => format!("permitted by {}", and(&policies)),
        Outcome::Errs => format!("{} would err", and(&policies)),
    };
    let circumstances = teller.circumstances();
    let comma = if circumstances.is_empty() { "" } else { "," };
    format!("{}{circumstances}{comma} {would} {}: {end}", teller.who(), teller.what())
}

/// Whose attribute it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    Principal,
    Resource,
    Context,
}

impl Whose {
    const fn of(expr: &Expr) -> Option<Self> {
        match expr {
            Expr::Var(Var::Principal) => Some(Self::Principal),
            Expr::Var(Var::Resource) => Some(Self::Resource),
            Expr::Var(Var::Context) => Some(Self::Context),
            _ => None,
        }
    }
}

struct Teller<'a> {
    of: &'a Policies,
    found: &'a Env,
    /// The attributes that are asked for.
    asked: BTreeSet<(Whose, String)>,
}

impl Teller<'_> {
    fn who(&self) -> String {
        let Some(uid) = self.found.request.principal() else { return "somebody".to_owned() };
        let cedar_type = uid.type_name().to_string();
        let kind = PrincipalKind::ALL.into_iter().find(|kind| kind.cedar_type() == cedar_type);
        let mut words = kind.map_or("somebody", article).to_owned();
        let groups: Vec<String> = self.above(uid, "Group").iter().map(name).collect();
        match groups.as_slice() {
            [] => {}
            [one] => words.push_str(&format!(" in the group {one}")),
            several => words.push_str(&format!(" in the groups {}", and(several))),
        }
        let attributes = self.attributes(Whose::Principal, uid);
        if !attributes.is_empty() {
            words.push_str(&format!(" with {}", and(&attributes)));
        }
        words
    }

    fn circumstances(&self) -> String {
        let Some(context) = self.found.request.context() else { return String::new() };
        let mut words = String::new();
        if let Some(EvalResult::String(purpose)) = context.get("purpose") {
            match purpose.parse::<Purpose>() {
                Ok(purpose) => words.push_str(&format!(", for {purpose}")),
                Err(_) => words.push_str(", for no purpose that is known"),
            }
        }
        if self.asked.contains(&(Whose::Context, "time".to_owned()))
            && let Some(time) = context.get("time")
        {
            words.push_str(&format!(", at {}", value(&time)));
        }
        words
    }

    fn what(&self) -> String {
        let request = &self.found.request;
        let (Some(action), Some(resource)) = (request.action(), request.resource()) else {
            return "do something".to_owned();
        };
        let action: &str = action.id().as_ref();
        if let Some(level) =
            RevealLevel::HIGHEST_FIRST.into_iter().find(|level| level.cedar_action() == action)
        {
            return format!("see {} at {}", self.column(resource), level.cedar_action());
        }
        match action {
            LOOK_UP => format!("look up values in {}", self.column(resource)),
            READ_ROW => self.row(resource),
            _ => match Action::ALL.into_iter().find(|known| known.as_str() == action) {
                Some(Action::Read) => format!("use {} in SQL", self.dataset(resource)),
                Some(Action::Release) => format!("receive aggregates of {}", self.dataset(resource)),
                Some(Action::Ingest) => format!("bring data into {}", self.dataset(resource)),
                Some(Action::Audit) => "look at the record".to_owned(),
                Some(Action::Administer) => "administer the hub".to_owned(),
                Some(Action::Erase) => "erase a member".to_owned(),
                Some(Action::RequestBreakGlass) => {
                    format!("ask for break-glass to see {}", self.column(resource))
                }
                Some(Action::ApproveBreakGlass) => self.agreement(resource),
                Some(Action::Delegate) => self.handing_on(resource),
                None => format!("do {action} with {resource}"),
            },
        }
    }

    fn agreement(&self, grant: &EntityUid) -> String {
        let requester = self.found.entities.get(grant).and_then(|entity| entity.attr("requester"));
        match (requester, self.found.request.principal()) {
            (Some(Ok(EvalResult::EntityUid(requester))), Some(principal)) if requester == *principal => {
                "agree to the break-glass that they asked for".to_owned()
            }
            _ => "agree to the break-glass of another".to_owned(),
        }
    }

    fn handing_on(&self, dataset: &EntityUid) -> String {
        let dataset = self.dataset(dataset);
        let to = self.found.request.context().and_then(|context| context.get("to"));
        let Some(EvalResult::Record(to)) = to else { return format!("hand on {dataset}") };
        let given = PrincipalKind::ALL.into_iter().filter_map(|kind| match to.get(kind.as_str()) {
            Some(EvalResult::EntityUid(uid)) if self.found.request.principal() == Some(uid) => {
                Some("themselves".to_owned())
            }
            Some(_) => Some(article(kind).to_owned()),
            None => None,
        });
        let given: Vec<String> = given.collect();
        if given.is_empty() {
            return format!("hand on {dataset} to nobody");
        }
        format!("hand on {dataset} to {}", and(&given))
    }

    fn dataset(&self, uid: &EntityUid) -> String {
        let there = self.of.world.entities.get(uid).is_some();
        if there {
            format!("the dataset {}", name(uid))
        } else {
            "a dataset that is not there yet".to_owned()
        }
    }

    fn column(&self, uid: &EntityUid) -> String {
        if self.of.world.entities.get(uid).is_some() {
            return format!("the column {}", name(uid));
        }
        let classes = self.above(uid, "Class");
        // The narrowest has the longest name.
        let class = classes.iter().max_by_key(|class| AsRef::<str>::as_ref(class.id()).len());
        let class = class.map_or(String::new(), |class| format!(" of the class {}", name(class)));
        let dataset = self.above(uid, "Dataset");
        let dataset =
            dataset.first().map_or(String::new(), |dataset| format!(" in {}", self.dataset(dataset)));
        format!("a column{class}{dataset} that is not there yet")
    }

    fn row(&self, uid: &EntityUid) -> String {
        let mut words = format!("see a row of {}", uid.type_name().basename());
        let attributes = self.attributes(Whose::Resource, uid);
        if !attributes.is_empty() {
            words.push_str(&format!(" with {}", and(&attributes)));
        }
        words
    }

    /// Returns what an entity lies in, of one type, sorted.
    fn above(&self, uid: &EntityUid, of_type: &str) -> BTreeSet<EntityUid> {
        let above = self.found.entities.ancestors(uid).into_iter().flatten();
        above.filter(|above| above.type_name().basename() == of_type).cloned().collect()
    }

    /// Tells the attributes of an entity that are asked for.
    fn attributes(&self, of: Whose, uid: &EntityUid) -> Vec<String> {
        let entity: Option<&Entity> = self.found.entities.get(uid);
        let asked = self.asked.iter().filter(|(whose, _)| *whose == of).map(|(_, attribute)| attribute);
        asked
            .filter_map(|attribute| match entity?.attr(attribute) {
                Some(Ok(EvalResult::Set(set))) if set.is_empty() => Some(format!("no {attribute}")),
                Some(Ok(found @ EvalResult::Set(_))) => Some(format!("the {attribute} {}", value(&found))),
                Some(Ok(found)) => Some(format!("{attribute} {}", value(&found))),
                Some(Err(_)) => None,
                // One of its type never has it, or this one does not.
                None => (of == Whose::Resource && self.has_column(uid, attribute))
                    .then(|| format!("no {attribute}")),
            })
            .collect()
    }

    /// Tells whether rows of the type of this one can have the attribute.
    fn has_column(&self, row: &EntityUid, attribute: &str) -> bool {
        let dataset = row.type_name().basename().parse().ok();
        let columns = dataset.and_then(|dataset| self.of.world.datasets.get(&dataset));
        let name = attribute.parse().ok();
        columns.is_some_and(|uids| name.is_some_and(|name| uids.columns.contains_key(&name)))
    }
}

/// Returns the attributes that policies ask for.
fn asked(policies: impl Iterator<Item = Policy>) -> BTreeSet<(Whose, String)> {
    let mut found = BTreeSet::new();
    for tree in policies.filter_map(|policy| policy.to_pst().ok()) {
        for clause in tree.body().clauses() {
            let (Clause::When(expr) | Clause::Unless(expr)) = clause;
            found.extend(attributes(expr));
        }
    }
    found
}

fn attributes(expr: &Expr) -> Vec<(Whose, String)> {
    let asked = |expr: &Expr| match expr {
        Expr::GetAttr { expr, attr } => Some(vec![(Whose::of(expr)?, attr.to_string())]),
        Expr::HasAttr { expr, attrs } => Some(vec![(Whose::of(expr)?, attrs.first().to_string())]),
        _ => None,
    };
    let join = |mut left: Vec<(Whose, String)>, right: Vec<(Whose, String)>| {
        left.extend(right);
        left
    };
    expr.reduce(&asked, &join, Vec::new())
}

const fn article(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Analyst => "an analyst",
        PrincipalKind::Partner => "a partner",
        PrincipalKind::Compliance => "a compliance officer",
        PrincipalKind::Operator => "an operator",
        PrincipalKind::Service => "a service",
    }
}

fn name(uid: &EntityUid) -> String {
    plain(uid.id().as_ref())
}

/// A name as it is; what the solver made up, in quotes.
fn plain(text: &str) -> String {
    let is_name = text.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter));
    if is_name && !text.is_empty() { text.to_owned() } else { format!("{text:?}") }
}

fn value(found: &EvalResult) -> String {
    match found {
        EvalResult::String(text) => format!("{text:?}"),
        EvalResult::Set(set) => and(&set.iter().map(value).collect::<Vec<_>>()),
        other => other.to_string(),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn and(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests;
