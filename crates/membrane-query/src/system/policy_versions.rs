//! `system.policy_versions` and `system.policy_files`: what was published of catalog and policies.

use chrono::{DateTime, Utc};
use datafusion::arrow::record_batch::RecordBatch;
use membrane_model::RunId;

use super::Record;
use super::column::{Kind, SystemColumn, column};
use super::rows::{Cell, Rows};
use crate::fault::ScanFault;

/// One publication, as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicationFacts {
    /// Its number.
    pub number: u64,
    /// The version that decisions name.
    pub version: String,
    /// When it was published.
    pub published: Option<DateTime<Utc>>,
    /// By whom.
    pub principal: String,
    /// The run that published it.
    pub run: RunId,
    /// How many policies there are.
    pub policies: usize,
    /// How many cases were as expected.
    pub cases: usize,
    /// How many claims were proved.
    pub claims: usize,
    /// Where tokens say more than they should.
    pub weaknesses: usize,
    /// Its files, each with its SHA-256.
    pub files: Vec<(String, String)>,
    /// Whether it is served now.
    pub serves: bool,
}

pub(super) const VERSIONS: &[SystemColumn] = &[
    column("number", Kind::Whole, "Its number, from 1."),
    column("policy_version", Kind::Text, "The version of all policies, as decisions name it."),
    column("published", Kind::Moment, "When it was published."),
    column("principal", Kind::Text, "By whom."),
    column("run", Kind::Text, "In which run."),
    column("policies", Kind::Whole, "How many policies there are."),
    column("cases", Kind::Whole, "How many cases were as expected: all of them."),
    column("claims", Kind::Whole, "How many claims were proved: all of them."),
    column("weaknesses", Kind::Whole, "How many places there are where tokens say more than they should."),
    column("files", Kind::Whole, "How many files it consists of."),
    column("serves", Kind::Truth, "Whether it is served now."),
];

pub(super) const FILES: &[SystemColumn] = &[
    column("number", Kind::Whole, "The number of the publication."),
    column("policy_version", Kind::Text, "The version of all policies, as decisions name it."),
    column("run", Kind::Text, "The run that published it."),
    column("file", Kind::Text, "Its place: `policies/floor.cedar`."),
    column("sha256", Kind::Text, "SHA-256 of its text, as hexadecimal digits."),
];

pub(super) fn versions(record: &Record) -> Result<RecordBatch, ScanFault> {
    let mut rows = Rows::new(VERSIONS);
    for one in &record.parts.facts.publications {
        rows.push([
            Cell::Whole(Some(one.number)),
            Cell::text(&one.version),
            Cell::Moment(one.published),
            Cell::text(&one.principal),
            Cell::text(one.run),
            Cell::count(one.policies),
            Cell::count(one.cases),
            Cell::count(one.claims),
            Cell::count(one.weaknesses),
            Cell::count(one.files.len()),
            Cell::Truth(Some(one.serves)),
        ])?;
    }
    rows.finish()
}

/// The files of one publication.
pub(super) fn files(one: &PublicationFacts) -> Result<RecordBatch, ScanFault> {
    let mut rows = Rows::new(FILES);
    for (path, sha256) in &one.files {
        rows.push([
            Cell::Whole(Some(one.number)),
            Cell::text(&one.version),
            Cell::text(one.run),
            Cell::text(path),
            Cell::text(sha256),
        ])?;
    }
    rows.finish()
}
