//! The record of a publication, as it is signed and stored.

use chrono::{DateTime, SecondsFormat, Utc};
use membrane_model::PrincipalId;
use serde::{Deserialize, Serialize};

use super::{Bundle, BundledFile, Review};
use crate::Policies;

/// The name of the form. A change of any kind gives it another.
const FORMAT: &str = "membrane-publication/1";

/// What is said of a publication. Stored as JSON with these fields in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    format: String,
    /// Its number, from 1.
    pub number: u64,
    /// SHA-256 of the record before, as hexadecimal text; none for the first.
    pub previous: Option<String>,
    /// The version of policies and catalog that decisions name.
    pub version: String,
    /// When it was published: RFC 3339, UTC.
    pub published: String,
    /// By whom.
    pub principal: String,
    /// How many policies there are.
    pub policies: usize,
    /// How many cases were as expected: all of them.
    pub cases: usize,
    /// The solver, with its version.
    pub solver: String,
    /// The claims that were proved.
    pub claims: Vec<VerdictRecord>,
    /// Where tokens say more than they should, a sentence each: what was published all the same.
    pub weaknesses: Vec<String>,
    /// The files, in the order of their places.
    pub files: Vec<FileRecord>,
}

/// A claim that was proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictRecord {
    /// Its name.
    pub claim: String,
    /// What it says.
    pub words: String,
    /// Whether it was proved: always so in what was published.
    pub proved: bool,
}

/// A file of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Its place.
    pub path: String,
    /// SHA-256 of its text, as hexadecimal text.
    pub sha256: String,
}

/// What a record is made with, besides what the review found.
#[derive(Debug, Clone)]
pub struct RecordHead {
    /// Its number.
    pub number: u64,
    /// The hash of the record before.
    pub previous: Option<String>,
    /// When.
    pub published: DateTime<Utc>,
    /// By whom.
    pub principal: PrincipalId,
}

impl Record {
    /// Makes the record of policies that were reviewed; none when anything speaks against them.
    #[must_use]
    pub fn new(policies: &Policies, review: &Review, bundle: &Bundle, head: RecordHead) -> Option<Self> {
        if !review.objections.is_empty() || !review.proof.holds() {
            return None;
        }
        let verdict = |verdict: &crate::Verdict| VerdictRecord {
            claim: verdict.claim.clone(),
            words: verdict.words.clone(),
            proved: verdict.counter_example.is_none(),
        };
        Some(Self {
            format: FORMAT.to_owned(),
            number: head.number,
            previous: head.previous,
            version: policies.version().to_owned(),
            published: head.published.to_rfc3339_opts(SecondsFormat::Millis, true),
            principal: head.principal.to_string(),
            policies: policies.count(),
            cases: review.cases.len(),
            solver: review.proof.solver.clone(),
            claims: review.proof.verdicts.iter().map(verdict).collect(),
            weaknesses: review.weaknesses.iter().map(ToString::to_string).collect(),
            files: Self::new_files(bundle),
        })
    }

    /// A record of nothing but files and a number of cases.
    #[cfg(test)]
    pub(crate) fn of_files(bundle: &Bundle, cases: usize) -> Self {
        Self {
            format: FORMAT.to_owned(),
            number: 1,
            previous: None,
            version: String::new(),
            published: String::new(),
            principal: String::new(),
            policies: 0,
            cases,
            solver: String::new(),
            claims: Vec::new(),
            weaknesses: Vec::new(),
            files: Self::new_files(bundle),
        }
    }

    /// Returns what a record would say of the files of a bundle.
    #[must_use]
    pub fn new_files(bundle: &Bundle) -> Vec<FileRecord> {
        let file = |file: &BundledFile| FileRecord { path: file.path.clone(), sha256: file.sha256() };
        bundle.files().iter().map(file).collect()
    }

    /// Returns the text that is signed and stored; none when it cannot be written.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// Reads a record; none when the text is not of this form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let record: Self = serde_json::from_str(text).ok()?;
        (record.format == FORMAT).then_some(record)
    }
}

#[cfg(test)]
mod tests;
