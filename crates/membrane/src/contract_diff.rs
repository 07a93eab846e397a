//! Whom a change of contracts hurts: sources that feed a dataset, standing releases that read it, contracts whose tokens join with
//! its own, and policies.
//!
//! Contracts are compared as [`membrane_catalog::Revision`]s, so that rows which are there, what is served and a folder are one
//! thing. Statements are planned as `membrane catalog check` plans them, once by the contracts before and once by those after: what
//! only the change refuses is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use membrane_catalog::{Catalog, Comparison, Dataset, Effect, Revision, StandingRelease};
use membrane_model::Limits;

use crate::config::PrivacySection;
use crate::flow::release_refused;

/// What became of one contract.
#[derive(Debug)]
pub(crate) struct DatasetDiff {
    /// The dataset.
    pub(crate) dataset: String,
    /// What changed.
    pub(crate) state: State,
    /// Whom it hurts.
    pub(crate) hurts: Vec<Hurt>,
}

/// What became of a contract.
#[derive(Debug)]
pub(crate) enum State {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It says something else.
    Changed(Comparison),
}

/// Somebody whom a change hurts.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hurt {
    /// What it is: `source`, `standing release`, `contract`.
    pub(crate) what: &'static str,
    /// Its name.
    pub(crate) name: String,
    /// How.
    pub(crate) why: String,
}

impl DatasetDiff {
    /// Tells whether somebody has to do something about it.
    pub(crate) fn is_breaking(&self) -> bool {
        let of_contract = match &self.state {
            State::Added => false,
            State::Removed => true,
            State::Changed(comparison) => {
                comparison.effect() >= Some(Effect::Major) || comparison.version_fault().is_some()
            }
        };
        of_contract || !self.hurts.is_empty()
    }
}

/// The contracts before.
pub(crate) struct Before {
    /// What they said, by dataset.
    pub(crate) revisions: BTreeMap<String, Revision>,
    /// The catalog in which they are, as far as there is one.
    pub(crate) catalog: Arc<Catalog>,
}

impl Before {
    /// Takes a catalog as it is.
    pub(crate) fn of(catalog: Arc<Catalog>) -> Self {
        let revisions = catalog.datasets().map(|dataset| (dataset.name.to_string(), dataset.revision()));
        Self { revisions: revisions.collect(), catalog }
    }
}

/// Compares contracts, and looks for whom the changes hurt.
pub(crate) async fn contract_diff(
    before: &Before,
    after: &Catalog,
    privacy: &PrivacySection,
    limits: &Limits,
) -> Vec<DatasetDiff> {
    let now: BTreeMap<String, Revision> =
        after.datasets().map(|dataset| (dataset.name.to_string(), dataset.revision())).collect();
    let refused = refused_releases(&before.catalog, after, privacy, limits).await;
    let names: BTreeSet<&String> = before.revisions.keys().chain(now.keys()).collect();
    let mut diffs = Vec::new();
    for name in names {
        let state = match (before.revisions.get(name), now.get(name)) {
            (Some(older), Some(newer)) => State::Changed(newer.compare(older)),
            (None, Some(_)) => State::Added,
            _ => State::Removed,
        };
        if let State::Changed(comparison) = &state
            && comparison.changes.is_empty()
            && comparison.version_fault().is_none()
        {
            continue;
        }
        let mut hurts = of_sources(name, &state, after);
        hurts.extend(of_contracts(name, &state, after));
        hurts.extend(of_releases(name, &refused));
        hurts.extend(of_counters(name, &before.catalog, after));
        hurts.sort();
        diffs.push(DatasetDiff { dataset: name.clone(), state, hurts });
    }
    diffs
}

/// Deliveries are judged by what the contract says from now on.
fn of_sources(dataset: &str, state: &State, after: &Catalog) -> Vec<Hurt> {
    let why = match state {
        State::Added => return Vec::new(),
        State::Removed => "the dataset that it feeds has no contract any more",
        State::Changed(comparison)
            if comparison.changes.iter().any(|change| is_for_senders(change.what, change.effect)) =>
        {
            "what it delivers is judged otherwise: rows that fitted may be set aside"
        }
        State::Changed(_) => return Vec::new(),
    };
    let feeds = after.sources().filter(|source| source.dataset.as_str() == dataset);
    feeds.map(|source| Hurt { what: "source", name: source.name.to_string(), why: why.to_owned() }).collect()
}

/// Tells whether a change is one of what deliveries must be.
fn is_for_senders(what: &str, effect: Effect) -> bool {
    let of_readers = ["name in policies", "consent", "event time", "class", "identity"];
    effect >= Effect::Major && !of_readers.contains(&what)
}

/// Tokens of one identity join, as long as they are made alike.
fn of_contracts(dataset: &str, state: &State, after: &Catalog) -> Vec<Hurt> {
    let State::Changed(comparison) = state else { return Vec::new() };
    let mut hurts = Vec::new();
    for change in
        comparison.changes.iter().filter(|change| ["identity", "standard", "type"].contains(&change.what))
    {
        let Some(column) = &change.column else { continue };
        let kind =
            if change.what == "identity" { change.from.clone() } else { identity_of(after, dataset, column) };
        let Some(kind) = kind else { continue };
        for other in after.datasets().filter(|other| other.name.as_str() != dataset) {
            let joins = |one: &&membrane_catalog::Column| {
                one.identity.as_ref().is_some_and(|own| own.as_str() == kind)
            };
            for one in other.columns.iter().filter(joins) {
                let why =
                    format!("tokens of `{dataset}.{column}` were made like its own, and are not any more");
                hurts.push(Hurt { what: "contract", name: format!("{}.{}", other.name, one.name), why });
            }
        }
    }
    hurts
}

fn identity_of(catalog: &Catalog, dataset: &str, column: &str) -> Option<String> {
    let dataset = catalog.dataset(&dataset.parse().ok()?)?;
    dataset.column(&column.parse().ok()?)?.identity.as_ref().map(ToString::to_string)
}

/// A standing release that would be refused, and was not before.
struct RefusedRelease {
    release: Arc<StandingRelease>,
    why: String,
}

async fn refused_releases(
    before: &Catalog,
    after: &Catalog,
    privacy: &PrivacySection,
    limits: &Limits,
) -> Vec<RefusedRelease> {
    let datasets = |catalog: &Catalog| catalog.datasets().cloned().collect::<Vec<Arc<Dataset>>>();
    let (old, new) = (datasets(before), datasets(after));
    let mut refused = Vec::new();
    for release in after.releases().chain(before.releases().filter(|one| after.release(&one.name).is_none()))
    {
        let Some(why) = release_refused(release, &new, privacy, limits).await else { continue };
        if release_refused(release, &old, privacy, limits).await.is_none() {
            refused.push(RefusedRelease { release: Arc::clone(release), why });
        }
    }
    refused
}

fn of_releases(dataset: &str, refused: &[RefusedRelease]) -> Vec<Hurt> {
    let reads = refused.iter().filter(|refused| names(&refused.release.sql, dataset));
    reads
        .map(|refused| Hurt {
            what: "standing release",
            name: format!("{} of {}", refused.release.name, refused.release.partner),
            why: format!("it would be refused: {}", refused.why),
        })
        .collect()
}

/// A counter counts on only while the contract says the same of what it counts.
fn of_counters(dataset: &str, before: &Catalog, after: &Catalog) -> Vec<Hurt> {
    let hash = |catalog: &Catalog| Some(catalog.dataset(&dataset.parse().ok()?)?.release_hash());
    let (Some(old), Some(new)) = (hash(before), hash(after)) else { return Vec::new() };
    if old == new {
        return Vec::new();
    }
    let counts = after.releases().filter(|one| one.continual.is_some() && names(&one.sql, dataset));
    counts
        .map(|one| Hurt {
            what: "standing release",
            name: format!("{} of {}", one.name, one.partner),
            why: "it counts on from edition to edition and cannot any more: another one has to be started"
                .to_owned(),
        })
        .collect()
}

/// Tells whether a statement has a word.
fn names(sql: &str, word: &str) -> bool {
    sql.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .any(|part| part.eq_ignore_ascii_case(word))
}
