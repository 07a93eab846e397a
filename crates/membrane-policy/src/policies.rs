//! A folder of policies, checked against a catalog and ready to be asked.

mod listed;
mod moments;
mod verdicts;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{PolicyId, PolicySet, Schema, ValidationMode, Validator};
use membrane_catalog::{Catalog, Fault};
use membrane_model::{Action, PrincipalId, RevealLevel};

use crate::PolicyError;
use crate::card::Card;
use crate::case::Case;
use crate::folder::Folder;
use crate::lint::Waivers;
use crate::literals::unknown_names;
use crate::parameters::{Parameters, may_match};
use crate::prove::Claim;
use crate::schema::{self, LOOK_UP, READ_ROW};
use crate::text::{Written, place_and_message, read_policies};
use crate::world::{self, World};
use moments::Moments;
use verdicts::Verdicts;

pub use listed::ListedPolicy;
pub(crate) use verdicts::{Question, Verdict};

/// A folder of policies, checked against a catalog and ready to be asked.
///
/// INVARIANT: every policy passed Cedar's strict validator without a warning, has an id of its own and
/// names only what exists.
#[derive(Debug)]
pub struct Policies {
    /// The policies whose scope can match an action: the others can neither decide nor err.
    pub(crate) by_action: HashMap<&'static str, PolicySet>,
    pub(crate) parameters: HashMap<PolicyId, Parameters>,
    pub(crate) schema: Schema,
    pub(crate) world: World,
    pub(crate) cedar: cedar_policy::Authorizer,
    pub(crate) moments: Moments,
    pub(crate) verdicts: Verdicts,
    schema_text: String,
    version: String,
    count: usize,
    listed: Vec<ListedPolicy>,
    cards: Vec<Card>,
    pub(crate) claims: Vec<Claim>,
    pub(crate) cases: Vec<Case>,
    pub(crate) waivers: Waivers,
    review: Vec<Fault>,
    reviewed_matrix: Option<String>,
}

impl Policies {
    /// Reads and checks a policy folder: `*.cedar`, `cards/*.yaml`, `membrane.cedarschema` and `principals.json`.
    ///
    /// # Errors
    /// [`PolicyError::Read`] when the folder or a file cannot be read, [`PolicyError::Faults`] with
    /// everything that is wrong otherwise.
    pub fn load(dir: &Path, catalog: &Catalog) -> Result<Self, PolicyError> {
        let folder = Folder::read(dir)?;
        let mut faults = Vec::new();
        if folder.policies.is_empty() && folder.card_files.is_empty() {
            let message = "no `*.cedar` file and no card: nothing would be permitted to anybody".to_owned();
            faults.push(Fault { file: dir.to_owned(), line: 1, column: 1, message });
        }
        faults.extend(folder.unread());
        let cards = folder.cards(&mut faults);
        let written = read_policies(&folder, &cards, &mut faults);
        let loaded = Self::assemble(&folder, &written, catalog, &mut faults);
        let cards = cards.into_iter().map(|(_, card)| card).collect();
        match loaded {
            Some(policies) if faults.is_empty() => Ok(Self { cards, ..policies }),
            loaded => {
                faults.extend(loaded.into_iter().flat_map(|policies| policies.review));
                faults.sort();
                faults.dedup();
                Err(PolicyError::Faults(faults))
            }
        }
    }

    /// Lists everything that is wrong with a policy folder; nothing when it can be served.
    #[must_use]
    pub fn check(dir: &Path, catalog: &Catalog) -> Vec<Fault> {
        match Self::load(dir, catalog) {
            Ok(policies) => policies.review,
            Err(PolicyError::Faults(faults)) => faults,
            Err(PolicyError::Read { path, source }) => {
                vec![Fault { file: path, line: 1, column: 1, message: format!("cannot be read: {source}") }]
            }
        }
    }

    /// Returns the hash that names this version: of the folder's files and of the catalog.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the number of policies.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Returns each policy, by id.
    #[must_use]
    pub fn listed(&self) -> &[ListedPolicy] {
        &self.listed
    }

    /// Returns the rule cards, in the order of their files.
    #[must_use]
    pub fn cards(&self) -> &[Card] {
        &self.cards
    }

    /// Returns what is wrong with cases, claims and waivers, and which cards are without effect: the policies can be served all the same.
    #[must_use]
    pub fn review_faults(&self) -> &[Fault] {
        &self.review
    }

    /// Returns who sees what as it was reviewed, `matrix.txt`, if it is there.
    #[must_use]
    pub fn reviewed_matrix(&self) -> Option<&str> {
        self.reviewed_matrix.as_deref()
    }

    /// Returns the claims about them, in the order of their files.
    #[must_use]
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// Returns the whole Cedar schema, the generated part included.
    #[must_use]
    pub fn schema_text(&self) -> &str {
        &self.schema_text
    }

    /// Returns who there is, sorted.
    #[must_use]
    pub fn principals(&self) -> Vec<PrincipalId> {
        self.world.principals.keys().cloned().collect()
    }

    /// Tells whether there is somebody of that name.
    #[must_use]
    pub fn knows(&self, principal: &PrincipalId) -> bool {
        self.world.principals.contains_key(principal)
    }

    /// Returns the groups that a principal belongs to, directly or not, sorted; nothing for a stranger.
    #[must_use]
    pub fn groups_of(&self, principal: &PrincipalId) -> Vec<String> {
        let Some(uid) = self.world.principals.get(principal) else { return Vec::new() };
        let groups = self.world.entities.ancestors(uid).into_iter().flatten();
        let mut names: Vec<String> =
            groups.map(|group| AsRef::<str>::as_ref(group.id()).to_owned()).collect();
        names.sort();
        names
    }

    fn assemble(
        folder: &Folder,
        written: &BTreeMap<PolicyId, Written<'_>>,
        catalog: &Catalog,
        faults: &mut Vec<Fault>,
    ) -> Option<Self> {
        let built = schema::build(&folder.schema, catalog, faults)?;
        let mut invalid = validate(written, &built.schema);
        let world = world::build(&built.schema, &folder.schema, catalog, &folder.principals, faults);
        if let Some(world) = &world {
            for one in written.values() {
                let of_card = one.card().map_or_else(Vec::new, |card| card.faults(world, catalog));
                if of_card.is_empty() {
                    faults.extend(
                        unknown_names(&one.policy, world, catalog).iter().map(|text| one.fault(text)),
                    );
                } else {
                    // What is wrong with a card is told in its own words only.
                    invalid.retain(|(id, _)| id != one.policy.id());
                    faults.extend(of_card);
                }
            }
        }
        faults.extend(invalid.into_iter().map(|(_, fault)| fault));
        let world = world?;
        let mut review: Vec<Fault> =
            written.values().filter_map(Written::card).flat_map(|card| card.review(catalog)).collect();
        let read = |source| Claim::read(source, &built.schema, (&world, catalog), &mut review);
        let claims = folder.claims.iter().filter_map(read).collect();
        let cases = folder.read_cases(&mut review);
        review.extend(cases.iter().flat_map(|case| case.unknown_names(&world, catalog)));
        let waivers = Waivers::load(folder.waivers.as_ref(), catalog, &mut review);
        review.sort();
        let by_action = by_action(written);
        Some(Self {
            moments: Moments::of(&by_action, &world),
            verdicts: Verdicts::default(),
            by_action,
            parameters: written.iter().map(|(id, one)| (id.clone(), one.parameters)).collect(),
            schema: built.schema,
            world,
            cedar: cedar_policy::Authorizer::new(),
            schema_text: built.text,
            version: folder.version(catalog.content_hash()),
            count: written.len(),
            listed: listed::list(folder, written),
            cards: Vec::new(),
            claims,
            cases,
            waivers,
            review,
            reviewed_matrix: folder.matrix.as_ref().map(|source| source.text.clone()),
        })
    }
}

// Strict, and a warning is a fault: a policy that can never apply is a typing mistake in who may do
// what.
fn validate(written: &BTreeMap<PolicyId, Written<'_>>, schema: &Schema) -> Vec<(PolicyId, Fault)> {
    let all = match PolicySet::from_policies(written.values().map(|one| one.policy.clone())) {
        Ok(all) => all,
        Err(error) => {
            let fault = |one: &Written<'_>| (one.policy.id().clone(), one.fault(error.to_string()));
            return written.values().map(fault).collect();
        }
    };
    let result = Validator::new(schema.clone()).validate(&all, ValidationMode::Strict);
    let errors: Vec<_> = result.validation_errors().map(|error| (error.policy_id(), error.into())).collect();
    // What is wrong with a policy usually makes it impossible as well: one message is enough.
    let warnings = result.validation_warnings().map(|warning| (warning.policy_id(), warning.into()));
    let warnings = warnings.filter(|(id, _)| !errors.iter().any(|(other, _)| other == id));
    let mut faults = Vec::new();
    for (id, error) in errors.iter().cloned().chain(warnings) {
        let error: DetailedError = error;
        let (place, message) = place_and_message(&error);
        // The validator repeats the id in its own words.
        let message = message.replace(&format!("for policy `{id}`, "), "");
        faults.extend(written.get(id).map(|one| (id.clone(), one.fault_at(place, message))));
    }
    faults
}

fn by_action(written: &BTreeMap<PolicyId, Written<'_>>) -> HashMap<&'static str, PolicySet> {
    let levels = RevealLevel::HIGHEST_FIRST.into_iter().map(RevealLevel::cedar_action);
    let acts = Action::ALL.into_iter().map(Action::as_str);
    let actions = levels.chain(acts).chain([READ_ROW, LOOK_UP]);
    actions
        .map(|action| {
            let matching = written.values().filter(|one| may_match(&one.policy, action));
            let set = PolicySet::from_policies(matching.map(|one| one.policy.clone()));
            (action, set.unwrap_or_default())
        })
        .collect()
}

#[cfg(test)]
mod tests;
