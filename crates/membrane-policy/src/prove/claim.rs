//! A claim about the policies, as it was written.

use std::collections::BTreeMap;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{Effect, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use membrane_catalog::{Catalog, Fault};

use super::NO_POLICY_ERRS;
use crate::folder::Source;
use crate::literals::unknown_names;
use crate::text::place_and_message;
use crate::world::World;

/// A claim: what may be permitted at most.
#[derive(Debug, Clone)]
pub struct Claim {
    name: String,
    words: String,
    policies: PolicySet,
    /// The line on which each policy begins.
    lines: BTreeMap<PolicyId, usize>,
}

impl Claim {
    /// Reads a claim; what is wrong with it is a fault.
    pub(crate) fn read(
        source: &Source,
        schema: &Schema,
        (world, catalog): (&World, &Catalog),
        faults: &mut Vec<Fault>,
    ) -> Option<Self> {
        let before = faults.len();
        let words = words(&source.text);
        if words.is_empty() {
            faults.push(source.fault(0, "a claim begins with a comment that says it in words"));
        }
        let name = source.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if name == NO_POLICY_ERRS {
            faults.push(source.fault(0, "a claim of this name goes with all policies: choose another"));
        }
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if !name.chars().all(plain) {
            let message =
                "the name of a claim is lower-case letters, digits and `-`, and so is that of its file";
            faults.push(source.fault(0, message));
        }
        if words.chars().any(char::is_control) {
            faults.push(source.fault(0, "the comment has characters that move the cursor: remove them"));
        }
        let policies = match source.text.parse::<PolicySet>() {
            Ok(policies) => policies,
            Err(errors) => {
                faults.extend(errors.iter().map(|error| {
                    let (place, message) = place_and_message(&DetailedError::from(error));
                    source.fault(place.unwrap_or(0), message)
                }));
                return None;
            }
        };
        let result = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        let mut wrong: Vec<DetailedError> = result.validation_errors().map(DetailedError::from).collect();
        // What is wrong with a policy usually makes it impossible as well: one message is enough.
        if wrong.is_empty() {
            wrong.extend(result.validation_warnings().map(DetailedError::from));
        }
        for error in wrong {
            let (place, message) = place_and_message(&error);
            // The policies of a claim have no names.
            let message = message.split_once("`, ").map_or(message.as_str(), |(_, message)| message);
            faults.push(source.fault(place.unwrap_or(0), message));
        }
        let mut lines = BTreeMap::new();
        for policy in policies.policies() {
            let place = policy.as_ref().loc().map_or(0, |place| place.start());
            lines.insert(policy.id().clone(), source.fault(place, "").line);
            faults.extend(
                unknown_names(policy, world, catalog).into_iter().map(|text| source.fault(place, text)),
            );
        }
        if policies.policies().all(|policy| policy.effect() == Effect::Permit) {
            faults.push(
                source.fault(0, "a claim forbids something: add a `forbid` of what must never be permitted"),
            );
        }
        (faults.len() == before).then_some(Self { name, words, policies, lines })
    }

    /// Returns its name: that of its file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what it says.
    #[must_use]
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Returns the line on which one of its policies begins.
    pub(crate) fn line_of(&self, policy: &Policy) -> usize {
        self.lines.get(policy.id()).copied().unwrap_or(1)
    }

    pub(crate) const fn policies(&self) -> &PolicySet {
        &self.policies
    }
}

/// The comment that a text begins with, as one line.
fn words(text: &str) -> String {
    let lines = text.lines().map(str::trim).map_while(|line| line.strip_prefix("//"));
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}
