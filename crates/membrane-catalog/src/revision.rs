//! Revisions: what a contract said at one moment, in a form that is kept and compared.
//!
//! ```text
//! Dataset::revision -> Revision -> text       kept by the ledger, with the run that first took rows in by it
//! Revision::compare(older) -> Comparison      what changed, and what hangs on it
//! ```
//!
//! The kept form is JSON with a number in front. What a contract did not say is left out of it, so that what contracts learn to
//! say later does not change the fingerprint of those that do not say it.

mod change;
mod column;
mod compare;
mod rules;
mod step;

use std::collections::BTreeMap;
use std::time::Duration;

use membrane_model::DatasetName;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{Dataset, RetentionRules, ServiceLevels, Stewardship};

pub use change::{Change, Effect};
pub use compare::Comparison;
pub use step::Step;

use column::ColumnFacts;

/// The number of the kept form.
const FORM: u32 = 1;

/// What a contract said at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    form: u32,
    dataset: String,
    version: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    /// Column and kind of identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    primary_key: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event_time: Option<String>,
    on_truncated: String,
    /// What is promised of deliveries, in words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    promises: BTreeMap<String, String>,
    /// What is said beside that, in the contract's words: legal basis, retention and the like.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    said: BTreeMap<String, String>,
    /// After what rows go, and after what they are not shown for a purpose (by its name; none of its own: the empty name).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    kept: BTreeMap<String, String>,
    /// How many seconds an event time may be ahead of the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ahead_seconds_max: Option<u64>,
    /// Groups of a member, and rows in a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contributions: Option<(u32, u32)>,
    columns: Vec<ColumnFacts>,
}

impl Dataset {
    /// Returns what the contract says, as it is kept and compared.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision {
            form: FORM,
            dataset: self.name.to_string(),
            version: self.version.clone(),
            description: self.description.clone(),
            owner: self.owner.clone(),
            subject: self.subject.as_ref().map(|of| (of.column.to_string(), of.kind.to_string())),
            primary_key: self.primary_key.iter().map(ToString::to_string).collect(),
            event_time: self.event_time.as_ref().map(ToString::to_string),
            on_truncated: self.on_truncated.as_str().to_owned(),
            promises: promises(&self.service),
            said: said(&self.stewardship),
            kept: self.retention.as_ref().map(kept).unwrap_or_default(),
            ahead_seconds_max: self.service.ahead_max.map(|ahead| ahead.as_secs()),
            contributions: self.privacy.map(|bounds| (bounds.groups_max, bounds.rows_max)),
            columns: self.columns.iter().map(ColumnFacts::of).collect(),
        }
    }
}

fn promises(service: &ServiceLevels) -> BTreeMap<String, String> {
    let seconds = |time: Duration| format!("{} s", time.as_secs());
    let stated = [
        ("latency", service.latency.map(seconds)),
        ("frequency", service.frequency.map(seconds)),
        ("error rate", service.error_share.map(|share| share.to_string())),
        ("rows a day", service.rows_per_day.map(|(least, most)| format!("{least} to {most}"))),
    ];
    stated.into_iter().filter_map(|(name, words)| Some((name.to_owned(), words?))).collect()
}

/// The names of what is said of a dataset.
const LEGAL_BASIS: &str = "legal basis";
const RETENTION: &str = "retention";

fn said(stewardship: &Stewardship) -> BTreeMap<String, String> {
    let tags = (!stewardship.tags.is_empty()).then(|| stewardship.tags.join(", "));
    let stated = [
        (LEGAL_BASIS, stewardship.legal_basis.clone()),
        (RETENTION, stewardship.retention.clone()),
        ("usage", stewardship.usage.clone()),
        ("limitations", stewardship.limitations.clone()),
        ("domain", stewardship.domain.clone()),
        ("tags", tags),
    ];
    stated.into_iter().filter_map(|(name, words)| Some((name.to_owned(), words?))).collect()
}

fn kept(rules: &RetentionRules) -> BTreeMap<String, String> {
    let purposes = rules.purposes.iter().map(|(purpose, keep)| (purpose.to_string(), keep.to_string()));
    std::iter::once((String::new(), rules.keep.to_string())).chain(purposes).collect()
}

impl Revision {
    /// Reads the kept form; none when it is not of a form that this version knows.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let revision: Self = serde_json::from_str(text).ok()?;
        (revision.form == FORM && revision.dataset.parse::<DatasetName>().is_ok()).then_some(revision)
    }

    /// Returns the kept form; none when it cannot be written, as with numbers that JSON does not have.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// Returns 64 hexadecimal digits that stand for all of it, wording included.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex::encode(Sha256::digest(self.text().unwrap_or_default()))
    }

    /// Returns the dataset's name.
    #[must_use]
    pub fn dataset(&self) -> &str {
        &self.dataset
    }

    /// Returns the contract's version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns what the dataset is; empty when the contract did not say.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Returns who answered for it.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// Returns by which right its rows were kept.
    #[must_use]
    pub fn legal_basis(&self) -> Option<&str> {
        self.said.get(LEGAL_BASIS).map(String::as_str)
    }

    /// Returns how long they were to be kept.
    #[must_use]
    pub fn retention(&self) -> Option<&str> {
        self.said.get(RETENTION).map(String::as_str)
    }

    /// Tells whether its rows are about members.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        self.subject.is_some()
    }

    /// Returns its columns: name, type, class, protection and description of each.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = [&str; 5]> {
        self.columns.iter().map(|column| {
            let (kind, class) = (column.logical_type.as_str(), column.class.as_str());
            [column.name.as_str(), kind, class, column.protection.as_str(), column.description.as_str()]
        })
    }

    /// Says what changed since another revision of the same contract, and what hangs on it.
    #[must_use]
    pub fn compare(&self, older: &Self) -> Comparison {
        Comparison::of(older, self)
    }

    fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Tells whether a column says whose row it is.
    fn is_subject(&self, name: &str) -> bool {
        self.subject.as_ref().is_some_and(|(column, _)| column == name)
    }
}

#[cfg(test)]
mod tests;
