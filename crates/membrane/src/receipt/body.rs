//! What a receipt says, and the making of one.

use chrono::{DateTime, SecondsFormat, Utc};
use membrane_ledger::{ClosedRun, ReleaseRecord};
use membrane_model::{Price, PrincipalId, Purpose, RunId};
use membrane_vault::Signer;
use serde::Serialize;
use serde_json::{Map, Value};

use super::json::Json;
use super::{FORMAT, Receipt, result};
use crate::error::Error;
use crate::flow::Released;
use crate::wire::release_head;

/// What an answer shows of the partner's account at the moment: of that a receipt says nothing.
pub(super) const OF_THE_MOMENT: [&str; 2] = ["budgets", "more_like_this"];

/// What a receipt says beside what the answer shows.
pub(crate) struct Facts<'a> {
    /// Who asked.
    pub(crate) partner: &'a PrincipalId,
    /// Why.
    pub(crate) purpose: &'a Purpose,
    /// The SQL, as it was typed.
    pub(crate) query: &'a str,
    /// SHA-256 of what was read out of it.
    pub(crate) plan_sha256: &'a str,
    /// The hash of policies and catalog.
    pub(crate) policy_version: &'a str,
    /// The number under which those were published.
    pub(crate) publication: Option<u64>,
    /// When the question came.
    pub(crate) asked: DateTime<Utc>,
    /// The tick at which the answer left.
    pub(crate) answered: DateTime<Utc>,
    /// What is on record about what was paid.
    pub(crate) paid: &'a ReleaseRecord,
    /// The run that was charged, where that is another than the one in which the answer was drawn.
    pub(crate) charged_in: Option<RunId>,
    /// The place of the run in the log.
    pub(crate) closed: &'a ClosedRun,
}

/// The body, its members in the order in which they stand.
#[derive(Serialize)]
struct Body<'a> {
    format: &'static str,
    partner: String,
    purpose: &'a str,
    query: &'a str,
    plan_sha256: &'a str,
    policy_version: &'a str,
    publication: Option<u64>,
    asked: String,
    answered: String,
    paid: Paid,
    charged: Charged,
    log: Place<'a>,
    /// What the answer shows, as it shows it.
    answer: Map<String, Value>,
    result_sha256: String,
}

/// What was paid when the answer was drawn, in the integers of the ledger.
#[derive(Serialize)]
struct Paid {
    run: String,
    /// The run that was charged, where that is an earlier one: of an edition that was paid for and lost, or of the first edition of
    /// those that count on.
    #[serde(skip_serializing_if = "Option::is_none")]
    charged_in: Option<String>,
    rho_nano: u64,
    delta_atto: u64,
    /// Each account: for ever, and in a month (`partner:NAME@2026-02`).
    accounts: Vec<String>,
}

/// What this request was charged: all of that, or nothing.
#[derive(Serialize)]
struct Charged {
    rho_nano: u64,
    delta_atto: u64,
}

/// The place of the run of this request in the log, and the log with it as its last leaf.
#[derive(Serialize)]
struct Place<'a> {
    leaf: u64,
    leaf_sha256: &'a str,
    size: u64,
    root: &'a str,
}

/// Makes the receipt of an answer.
///
/// # Errors
/// [`Error::Internal`] when it cannot be written; no answer leaves then.
pub(crate) fn sign(signer: &Signer, facts: &Facts<'_>, released: &Released) -> Result<Receipt, Error> {
    let body = written(facts, released).ok_or(Error::Internal("the receipt cannot be written"))?;
    Ok(Receipt { key: signer.public_key(), signature: signer.sign(&body), body })
}

fn written(facts: &Facts<'_>, released: &Released) -> Option<String> {
    let shown = release_head(released).into_iter().filter(|(name, _)| !OF_THE_MOMENT.contains(name));
    let answer: Map<String, Value> = shown.map(|(name, value)| (name.to_owned(), value)).collect();
    let columns = Json::parse(&answer.get("columns")?.to_string()).ok()?;
    let (paid, closed, charged) = (facts.paid, facts.closed, released.charged);
    let Price { rho_nano, delta_atto } = paid.price;
    let body = Body {
        format: FORMAT,
        partner: facts.partner.to_string(),
        purpose: facts.purpose.as_str(),
        query: facts.query,
        plan_sha256: facts.plan_sha256,
        policy_version: facts.policy_version,
        publication: facts.publication,
        asked: instant(facts.asked),
        answered: instant(facts.answered),
        paid: Paid {
            run: released.replay_of.unwrap_or(released.run).to_string(),
            charged_in: facts.charged_in.map(|run| run.to_string()),
            rho_nano,
            delta_atto,
            accounts: paid.accounts.iter().map(ToString::to_string).collect(),
        },
        charged: Charged { rho_nano: charged.rho_nano, delta_atto: charged.delta_atto },
        log: Place {
            leaf: closed.leaf_index,
            leaf_sha256: &closed.leaf_hash,
            size: closed.leaf_index.checked_add(1)?,
            root: &closed.tree_root,
        },
        result_sha256: result::hash_of(released.answer.as_ref()?, &columns)?,
        answer,
    };
    serde_json::to_string(&body).ok()
}

/// PRIVACY: milliseconds tell no more of an answer than the tick at which it leaves.
fn instant(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Millis, true)
}
