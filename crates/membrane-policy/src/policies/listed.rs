//! Policies as a list of them shows each: what a decision names by its id.

use std::collections::BTreeMap;

use cedar_policy::{ActionConstraint, Effect, Policy, PolicyId};

use crate::folder::Folder;
use crate::text::Written;

/// One policy, by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPolicy {
    /// Its id.
    pub id: String,
    /// `permit` or `forbid`.
    pub effect: &'static str,
    /// The actions that its scope names, in the order in which it does; none: all.
    pub actions: Vec<String>,
    /// How its level looks, as its annotations say: `partial(3,4)`.
    pub shows: Vec<String>,
    /// Its file, below the folder.
    pub file: String,
    /// The line at which it begins.
    pub line: usize,
    /// What its author says of it: why there is the card, or the comment above the policy, or else the one that its file begins with.
    pub words: Option<String>,
}

/// Lists all, by id.
pub(super) fn list(folder: &Folder, written: &BTreeMap<PolicyId, Written<'_>>) -> Vec<ListedPolicy> {
    let dir = folder.schema.path.parent();
    let mut all: Vec<ListedPolicy> = written
        .values()
        .map(|one| {
            let place = one.fault("");
            let file = dir.and_then(|dir| place.file.strip_prefix(dir).ok()).unwrap_or(&place.file);
            ListedPolicy {
                id: one.id().to_owned(),
                effect: match one.policy.effect() {
                    Effect::Permit => "permit",
                    Effect::Forbid => "forbid",
                },
                actions: actions(&one.policy),
                shows: shows(&one.policy),
                file: file.display().to_string(),
                line: place.line,
                words: one.words(),
            }
        })
        .collect();
    all.sort_by(|one, other| one.id.cmp(&other.id));
    all
}

fn actions(policy: &Policy) -> Vec<String> {
    let name = |uid: &cedar_policy::EntityUid| AsRef::<str>::as_ref(uid.id()).to_owned();
    match policy.action_constraint() {
        ActionConstraint::Any => Vec::new(),
        ActionConstraint::Eq(uid) => vec![name(&uid)],
        ActionConstraint::In(uids) => uids.iter().map(name).collect(),
    }
}

/// Annotations are of a closed vocabulary, that of parameters; the id is one of them.
fn shows(policy: &Policy) -> Vec<String> {
    let mut all: Vec<String> = policy
        .annotations()
        .filter(|(key, _)| *key != "id")
        .map(|(key, value)| if value.starts_with(key) { value.to_owned() } else { format!("{key}({value})") })
        .collect();
    all.sort();
    all
}
