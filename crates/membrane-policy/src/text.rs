//! Reads the policies of `*.cedar` files and of cards, with their ids, parameters and places.

use std::collections::BTreeMap;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{Policy, PolicyId, PolicySet};
use membrane_catalog::Fault;
use membrane_catalog::yaml::At;

use crate::card::Card;
use crate::depth::{Kind, too_deep};
use crate::folder::{Folder, Source};
use crate::parameters::Parameters;

const ID_LENGTH_MAX: usize = 63;

/// How an id is written.
pub(crate) const ID_FORM: &str =
    "an id is lower-case letters, digits, `.`, `_` and `-`, a letter first, at most 63 of them";

/// One policy as it was written.
#[derive(Debug)]
pub(crate) struct Written<'a> {
    /// The policy, under the id of its `@id`.
    pub(crate) policy: Policy,
    /// The parameters of its annotations.
    pub(crate) parameters: Parameters,
    place: Place<'a>,
}

/// Where a policy was written.
#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    /// In Cedar, at a byte offset.
    Cedar(&'a Source, usize),
    /// As a card: the places that Cedar names are of a text that nobody has seen.
    Card(&'a Card),
}

impl Written<'_> {
    pub(crate) fn id(&self) -> &str {
        self.policy.id().as_ref()
    }

    /// Returns the card that it was written as, if it was.
    pub(crate) const fn card(&self) -> Option<&Card> {
        match self.place {
            Place::Cedar(..) => None,
            Place::Card(card) => Some(card),
        }
    }

    /// Returns what its author says of it: why there is the card; of a policy in Cedar the comment right above it, or else the one
    /// that its file begins with.
    pub(crate) fn words(&self) -> Option<String> {
        match self.place {
            Place::Card(card) => Some(card.because().to_owned()),
            Place::Cedar(source, start) => {
                let above = source.text.get(..start).unwrap_or_default();
                let mut above: Vec<&str> = comment(above.lines().rev());
                above.reverse();
                joined(&above).or_else(|| joined(&comment(source.text.lines())))
            }
        }
    }

    /// States a fault of this policy.
    pub(crate) fn fault(&self, message: impl AsRef<str>) -> Fault {
        self.fault_at(None, message)
    }

    /// States a fault of this policy at a place that Cedar gave, or else at its start.
    pub(crate) fn fault_at(&self, offset: Option<usize>, message: impl AsRef<str>) -> Fault {
        let message = message.as_ref();
        match self.place {
            Place::Cedar(source, start) => {
                source.fault(offset.unwrap_or(start), format!("policy `{}`: {message}", self.id()))
            }
            Place::Card(card) => card.fault(At { value: message.to_owned(), mark: card.mark }),
        }
    }
}

/// Returns what lines say up to the first that is no comment.
fn comment<'t>(lines: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    lines.map(str::trim).map_while(|line| line.strip_prefix("//")).map(str::trim).collect()
}

fn joined(lines: &[&str]) -> Option<String> {
    let text = lines.join(" ");
    (!text.trim().is_empty()).then_some(text)
}

/// The first place that a Cedar error names, and its text in one line.
pub(crate) fn place_and_message(error: &DetailedError) -> (Option<usize>, String) {
    let place = error.source_locations.first().map(|label| label.loc.start);
    let label = error.source_locations.first().and_then(|label| label.label.clone());
    let parts = [Some(error.message.clone()), label, error.help.clone()];
    let message = parts.into_iter().flatten().map(|part| part.replace('\n', " ")).collect::<Vec<_>>();
    (place, message.join("; "))
}

/// Reads every policy. What cannot be used is a fault and is left out.
pub(crate) fn read_policies<'a>(
    folder: &'a Folder,
    cards: &'a [(&'a Source, Card)],
    faults: &mut Vec<Fault>,
) -> BTreeMap<PolicyId, Written<'a>> {
    let mut found = BTreeMap::new();
    for source in &folder.policies {
        match source.text.parse::<PolicySet>() {
            Ok(policies) => read_file(source, &policies, &mut found, faults),
            Err(errors) => faults.extend(errors.iter().map(|error| {
                let (place, message) = place_and_message(&DetailedError::from(error));
                source.fault(place.unwrap_or(0), message)
            })),
        }
    }
    for (_, card) in cards {
        read_card(card, &mut found, faults);
    }
    found
}

fn read_card<'a>(card: &'a Card, found: &mut BTreeMap<PolicyId, Written<'a>>, faults: &mut Vec<Fault>) {
    if let Some((_, message)) = too_deep(&card.cedar(), Kind::Policies) {
        faults.push(card.fault(At { value: format!("its policy is {message}"), mark: card.mark }));
        return;
    }
    match Policy::parse(Some(PolicyId::new(card.id())), card.cedar()) {
        Ok(policy) => {
            let place = Place::Card(card);
            add(Written { policy, parameters: Parameters::default(), place }, found, faults);
        }
        Err(errors) => faults.extend(errors.iter().map(|error| {
            let (_, message) = place_and_message(&DetailedError::from(error));
            card.fault(At { value: format!("its policy cannot be read: {message}"), mark: card.mark })
        })),
    }
}

fn read_file<'a>(
    source: &'a Source,
    policies: &PolicySet,
    found: &mut BTreeMap<PolicyId, Written<'a>>,
    faults: &mut Vec<Fault>,
) {
    for template in policies.templates() {
        let place = template.as_ref().loc().map_or(0, |place| place.start());
        faults.push(source.fault(place, "templates are not used here: write a policy per case"));
    }
    for policy in policies.policies() {
        let offset = policy.as_ref().loc().map_or(0, |place| place.start());
        let id = match policy.annotation("id") {
            Some(id) if is_id(id) => PolicyId::new(id),
            Some(_) => {
                faults.push(source.fault(offset, format!("`@id`: {ID_FORM}")));
                continue;
            }
            None => {
                faults.push(source.fault(offset, "policy without `@id(\"...\")`: decisions name it by that"));
                continue;
            }
        };
        let place = Place::Cedar(source, offset);
        add(Written { policy: policy.new_id(id), parameters: Parameters::default(), place }, found, faults);
    }
}

fn add<'a>(mut written: Written<'a>, found: &mut BTreeMap<PolicyId, Written<'a>>, faults: &mut Vec<Fault>) {
    if let Some(other) = found.get(written.policy.id()) {
        let first = other.fault("");
        let message = format!("the id is taken in {}:{}", first.file.display(), first.line);
        faults.push(written.fault(message));
        return;
    }
    match Parameters::read(&written.policy) {
        Ok(parameters) => written.parameters = parameters,
        Err(messages) => faults.extend(messages.iter().map(|message| written.fault(message))),
    }
    found.insert(written.policy.id().clone(), written);
}

/// Tells whether a text can be the id of a policy.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() <= ID_LENGTH_MAX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "._-".contains(letter))
}
