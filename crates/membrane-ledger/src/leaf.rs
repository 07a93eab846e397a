//! What a leaf of the log says: the canonical JSON of a closed run.
//!
//! Canonical means: these fields in this order, no white space, no floats, no maps, instants as
//! microseconds, lists in the order in which they were recorded. Edges are many, so their SHA-256 stands
//! for them. The format has a name; a change of any kind gives it another, and old leaves keep theirs.
//!
//! A leaf is published as an entry of the log, for whoever may read the log: it has no statement, which may have to be forgotten, but a
//! commitment to it. An entry has 65,535 bytes at most (C2SP tlog-tiles); of a run that says more, SHA-256 stands for its lists.

use membrane_log::Hash;
use membrane_log::bundle::ENTRY_BYTES_MAX;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::commitment::{commitment_of, opens};
use crate::{DatasetVersion, Decision, DocumentRef, LedgerError, ReleaseRecord, RunRecord};

/// The formats of runs that say from where they were asked and what was answered: as they are, and where that is more than fits an entry.
const FORMAT_TOLD: &str = "membrane-run/7";
const FORMAT_TOLD_LONG: &str = "membrane-run/8";

/// The format of runs that say more than fits an entry.
const FORMAT_LONG: &str = "membrane-run/6";

/// The format of runs that have a commitment to their statement.
const FORMAT_COMMITTED: &str = "membrane-run/5";

/// The format of runs on somebody's behalf.
const FORMAT: &str = "membrane-run/4";

/// The format of runs that were on nobody's behalf but that of who acted.
const FORMAT_IN_OWN_NAME: &str = "membrane-run/3";

/// The format of runs that opened no cell that was counted, and published and granted nothing.
const FORMAT_PLAIN: &str = "membrane-run/2";

/// The format of runs from before the channel was kept.
const FORMAT_WITHOUT_CHANNEL: &str = "membrane-run/1";

#[derive(Serialize)]
struct RunLeaf<'a> {
    format: &'static str,
    run: String,
    principal: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'static str>,
    action: &'a str,
    purpose: Option<&'a str>,
    job: &'a str,
    statement: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement_commitment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan_sha256: Option<&'a str>,
    started: i64,
    finished: Option<i64>,
    status: &'a str,
    error_code: Option<&'a str>,
    rows_in: Option<u64>,
    rows_out: Option<u64>,
    rows_quarantined: Option<u64>,
    bytes_out: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cells_opened: Option<u64>,
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_commitment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    publication: Option<u64>,
    decisions: Listed<DecisionLeaf<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    obligations: Option<Listed<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grants: Option<Listed<&'a str>>,
    inputs: Listed<VersionLeaf<'a>>,
    outputs: Listed<VersionLeaf<'a>>,
    edges: DigestLeaf,
    releases: Listed<ReleaseLeaf<'a>>,
    #[serde(skip_serializing_if = "Listed::is_empty")]
    documents: Listed<DocumentLeaf<'a>>,
}

/// A list, or what stands for it.
#[derive(Serialize)]
#[serde(untagged)]
enum Listed<T> {
    All(Vec<T>),
    Digest(DigestLeaf),
}

impl<T> Listed<T> {
    const fn is_empty(&self) -> bool {
        matches!(self, Self::All(items) if items.is_empty())
    }
}

#[derive(Serialize)]
struct DecisionLeaf<'a> {
    allowed: bool,
    dataset: Option<&'a str>,
    reason: &'a str,
    factors: &'a [String],
    policy_version: &'a str,
    columns: Vec<ColumnLeaf<'a>>,
}

#[derive(Serialize)]
struct ColumnLeaf<'a> {
    column: &'a str,
    level: Option<&'static str>,
    factors: &'a [String],
}

#[derive(Serialize)]
struct VersionLeaf<'a> {
    dataset: &'a str,
    version: u64,
}

#[derive(Serialize)]
struct DigestLeaf {
    count: usize,
    sha256: String,
}

#[derive(Serialize)]
struct ReleaseLeaf<'a> {
    release: u64,
    partner: String,
    query_key: &'a str,
    rho_nano: u64,
    delta_atto: u64,
    state: &'static str,
    reserved: i64,
    committed: Option<i64>,
    #[serde(skip_serializing_if = "Sha256Leaf::is_left_out")]
    answer_sha256: Sha256Leaf<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_commitment: Option<String>,
    scopes: Vec<String>,
}

/// What stands for an answer: NULL where there is none, and nothing at all where there is a commitment to it.
#[derive(Serialize)]
#[serde(untagged)]
enum Sha256Leaf<'a> {
    Said(Option<&'a str>),
    LeftOut,
}

impl Sha256Leaf<'_> {
    const fn is_left_out(&self) -> bool {
        matches!(self, Self::LeftOut)
    }
}

#[derive(Serialize)]
struct DocumentLeaf<'a> {
    kind: &'static str,
    number: u64,
    sha256: &'a str,
}

/// Returns the entry of a closed run that has this hash; none when the run does not say what it said.
pub(crate) fn entry_with(record: &RunRecord, hash: &str) -> Result<Option<Vec<u8>>, LedgerError> {
    if !statement_is_committed(record) {
        return Ok(None);
    }
    let is_it = |entry: &Vec<u8>| hex::encode(Hash::of_entry(entry).0) == hash;
    let entry = entry_of(record)?;
    if is_it(&entry) {
        return Ok(Some(entry));
    }
    // Runs of before entries were published say all, however much it is.
    Ok(Some(canonical(record, false)?).filter(is_it))
}

/// Tells whether the statement of a run, where it was not forgotten, is what the leaf has a commitment to.
fn statement_is_committed(record: &RunRecord) -> bool {
    match (&record.statement, &record.statement_salt, &record.statement_commitment) {
        (Some(statement), Some(salt), Some(commitment)) => opens(salt, statement, commitment),
        (Some(_), None, None) | (None, None, _) => true,
        _ => false,
    }
}

/// Returns the entry that a run is closed with.
pub(crate) fn entry_of(record: &RunRecord) -> Result<Vec<u8>, LedgerError> {
    let whole = canonical(record, false)?;
    if whole.len() <= ENTRY_BYTES_MAX { Ok(whole) } else { canonical(record, true) }
}

/// Returns the canonical JSON of a closed run: all of it, or digests in place of its lists.
fn canonical(record: &RunRecord, is_long: bool) -> Result<Vec<u8>, LedgerError> {
    let statement = record.statement.as_deref().filter(|_| record.statement_commitment.is_none());
    let told = record.circumstances.as_ref();
    let releases = record.releases.iter().map(|release| release_leaf(release, told.is_some()));
    let leaf = RunLeaf {
        format: format_of(record, is_long),
        run: record.run.to_string(),
        principal: record.principal.to_string(),
        on_behalf_of: record.on_behalf_of.as_ref().map(ToString::to_string),
        channel: record.channel.map(membrane_model::Channel::as_str),
        session: told.and_then(|told| told.entrance.session.as_deref()),
        address: told.map(|told| told.entrance.address.as_str()),
        action: record.action.as_str(),
        purpose: record.purpose.as_ref().map(membrane_model::Purpose::as_str),
        job: &record.job,
        statement,
        statement_commitment: record.statement_commitment.as_deref(),
        plan_sha256: told.and_then(|told| told.plan.as_deref()),
        started: record.started.timestamp_micros(),
        finished: record.finished.map(|instant| instant.timestamp_micros()),
        status: record.status.as_str(),
        error_code: record.error_code.as_deref(),
        rows_in: record.rows_in,
        rows_out: record.rows_out,
        rows_quarantined: record.rows_quarantined,
        bytes_out: record.bytes_out,
        cells_opened: record.cells_opened,
        duration_ms: record.duration_ms,
        answer_commitment: told.and_then(|told| told.answer_commitment.as_deref()),
        publication: told.and_then(|told| told.entrance.publication),
        decisions: listed(record.decisions.iter().map(decision_leaf).collect(), is_long)?,
        obligations: told.map(|told| texts(&told.obligations, is_long)).transpose()?.flatten(),
        grants: told.map(|told| texts(&told.grants, is_long)).transpose()?.flatten(),
        inputs: listed(record.inputs.iter().map(version_leaf).collect(), is_long)?,
        outputs: listed(record.outputs.iter().map(version_leaf).collect(), is_long)?,
        edges: digest(&record.edges)?,
        releases: listed(releases.collect(), is_long && told.is_some())?,
        documents: listed(record.documents.iter().map(document_leaf).collect(), is_long && told.is_some())?,
    };
    to_json(&leaf)
}

/// Every format says what the ones before it say; a run keeps the one that it was closed with.
const fn format_of(record: &RunRecord, is_long: bool) -> &'static str {
    if record.circumstances.is_some() {
        if is_long { FORMAT_TOLD_LONG } else { FORMAT_TOLD }
    } else if is_long {
        FORMAT_LONG
    } else if record.statement_commitment.is_some() {
        FORMAT_COMMITTED
    } else if record.on_behalf_of.is_some() {
        FORMAT
    } else if record.cells_opened.is_some() || !record.documents.is_empty() {
        FORMAT_IN_OWN_NAME
    } else if record.channel.is_some() {
        FORMAT_PLAIN
    } else {
        FORMAT_WITHOUT_CHANNEL
    }
}

fn document_leaf(document: &DocumentRef) -> DocumentLeaf<'_> {
    DocumentLeaf { kind: document.kind.as_str(), number: document.number, sha256: &document.sha256 }
}

fn decision_leaf(decision: &Decision) -> DecisionLeaf<'_> {
    let columns = decision.columns.iter().map(|column| ColumnLeaf {
        column: column.column.as_str(),
        level: column.level.map(membrane_model::RevealLevel::as_str),
        factors: &column.factors,
    });
    DecisionLeaf {
        allowed: decision.allowed,
        dataset: decision.dataset.as_ref().map(membrane_model::DatasetName::as_str),
        reason: &decision.reason,
        factors: &decision.factors,
        policy_version: &decision.policy_version,
        columns: columns.collect(),
    }
}

fn version_leaf(version: &DatasetVersion) -> VersionLeaf<'_> {
    VersionLeaf { dataset: version.dataset.as_str(), version: version.version.0 }
}

/// Lists texts; none when there is none.
fn texts(items: &[String], is_long: bool) -> Result<Option<Listed<&str>>, LedgerError> {
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    if items.is_empty() { Ok(None) } else { listed(items, is_long).map(Some) }
}

fn listed<T: Serialize>(items: Vec<T>, is_long: bool) -> Result<Listed<T>, LedgerError> {
    Ok(if is_long { Listed::Digest(digest(&items)?) } else { Listed::All(items) })
}

fn digest<T: Serialize>(items: &[T]) -> Result<DigestLeaf, LedgerError> {
    Ok(DigestLeaf { count: items.len(), sha256: hex::encode(Sha256::digest(to_json(&items)?)) })
}

/// INVARIANT: the salt is never taken away alone: what is committed to is made again from the stored answer.
fn release_leaf(release: &ReleaseRecord, commits: bool) -> ReleaseLeaf<'_> {
    let hidden = release.answer_salt.as_deref().zip(release.answer_sha256.as_deref()).filter(|_| commits);
    let answer_sha256 = match hidden {
        Some(_) => Sha256Leaf::LeftOut,
        None => Sha256Leaf::Said(release.answer_sha256.as_deref()),
    };
    ReleaseLeaf {
        release: release.release,
        partner: release.partner.to_string(),
        query_key: &release.query_key,
        rho_nano: release.price.rho_nano,
        delta_atto: release.price.delta_atto,
        state: release.state.as_str(),
        reserved: release.reserved.timestamp_micros(),
        committed: release.committed.map(|instant| instant.timestamp_micros()),
        answer_sha256,
        answer_commitment: hidden.map(|(salt, answer)| commitment_of(salt, answer)),
        scopes: release.accounts.iter().map(ToString::to_string).collect(),
    }
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, LedgerError> {
    serde_json::to_vec(value).map_err(|_| LedgerError::TooLarge("run"))
}

#[cfg(test)]
mod tests;
