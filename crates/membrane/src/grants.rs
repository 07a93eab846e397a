//! Break-glass grants, as they follow from the signed steps in the ledger.
//!
//! ```text
//! request (who, what for, which columns, how many hours) --approve (another person)--> open until its hours are over
//!                                                        --nobody for a day----------> lapsed
//! at any time --end--> ended
//! ```
//!
//! Steps are never changed. A step that does not fit what went before, or that this hub did not sign, ends every question: who
//! may see a clear value must not depend on something that nobody wrote.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use membrane_ledger::{Document, DocumentKind, Ledger, LedgerError};
use membrane_model::{ColumnName, DatasetName, PrincipalId, Purpose};
use membrane_policy::{BreakGlassRequest, BrokenGlass};
use membrane_vault::Signer;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::error::Error;

/// The name of the stored form.
const FORMAT: &str = "membrane-break-glass/1";
/// Hours for which a grant is open at most.
pub(crate) const HOURS_MAX: u32 = 24;
/// Hours within which somebody must agree.
const LAPSES_AFTER_HOURS: i64 = 24;
/// How far the clocks of two machines may be apart.
const SKEW_MINUTES: i64 = 5;

/// A step in the life of a grant, as it is signed and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    format: String,
    /// The grant: the number of the document that asked for it.
    grant: u64,
    /// Who took the step.
    principal: PrincipalId,
    /// When: RFC 3339, UTC.
    at: DateTime<Utc>,
    what: What,
}

/// What a step is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum What {
    Request { purpose: Purpose, columns: Vec<(DatasetName, ColumnName)>, hours: u32, ticket: Ticket },
    Approve,
    End,
}

/// The name of the case for which glass is broken, as another system knows it.
///
/// PRIVACY: five letters, a hyphen, and six digits at most: hardly a place for a name or a number of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ticket(String);

impl TryFrom<String> for Ticket {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let expected = "a ticket is 2 to 5 capital letters, `-` and up to 6 digits, such as `INC-1234`";
        let (letters, digits) = text.split_once('-').ok_or(expected)?;
        let fits = (2..=5).contains(&letters.len())
            && letters.bytes().all(|byte| byte.is_ascii_uppercase())
            && (1..=6).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if fits { Ok(Self(text)) } else { Err(expected) }
    }
}

impl std::str::FromStr for Ticket {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        text.to_owned().try_into()
    }
}

impl From<Ticket> for String {
    fn from(ticket: Ticket) -> Self {
        ticket.0
    }
}

impl std::fmt::Display for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A grant, as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its number.
    pub number: u64,
    /// Who asked, for what, to see which columns.
    pub asked: BreakGlassRequest,
    /// For which case.
    pub ticket: Ticket,
    /// For how many hours from when another agrees.
    pub hours: u32,
    /// When it was asked for.
    pub requested: DateTime<Utc>,
    /// Who agreed, and when.
    pub approved: Option<(PrincipalId, DateTime<Utc>)>,
    /// Who ended it, and when.
    pub ended: Option<(PrincipalId, DateTime<Utc>)>,
}

/// Where a grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantState {
    /// Nobody has agreed yet.
    Requested,
    /// Nobody agreed in time.
    Lapsed,
    /// The columns are seen.
    Open,
    /// Its hours are over.
    Expired,
    /// Somebody ended it.
    Ended,
}

impl GrantState {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Lapsed => "lapsed",
            Self::Open => "open",
            Self::Expired => "expired",
            Self::Ended => "ended",
        }
    }
}

impl Grant {
    /// Returns where it stands at a moment.
    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> GrantState {
        match (&self.ended, self.until()) {
            (Some(_), _) => GrantState::Ended,
            // Whoever agreed has a clock that is ahead: not yet.
            (None, Some(_)) if self.agreed_ahead_of(now) => GrantState::Requested,
            (None, Some(until)) if now < until => GrantState::Open,
            (None, Some(_)) => GrantState::Expired,
            (None, None) if now < self.requested + TimeDelta::hours(LAPSES_AFTER_HOURS) => {
                GrantState::Requested
            }
            (None, None) => GrantState::Lapsed,
        }
    }

    fn agreed_ahead_of(&self, now: DateTime<Utc>) -> bool {
        self.approved.as_ref().is_some_and(|(_, at)| *at > now + TimeDelta::minutes(SKEW_MINUTES))
    }

    /// Returns when its hours are over; none while nobody has agreed.
    #[must_use]
    pub fn until(&self) -> Option<DateTime<Utc>> {
        self.approved.as_ref().map(|(_, at)| *at + TimeDelta::hours(i64::from(self.hours)))
    }
}

impl Step {
    /// Makes a step.
    pub(crate) fn new(grant: u64, principal: PrincipalId, at: DateTime<Utc>, what: What) -> Self {
        // As it is read again.
        let at = at.to_rfc3339_opts(SecondsFormat::Micros, true).parse().unwrap_or(at);
        Self { format: FORMAT.to_owned(), grant, principal, at, what }
    }

    /// Returns the text that is signed and stored.
    pub(crate) fn text(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|_| Error::Internal("a step cannot be written"))
    }
}

/// The grants of a hub. What the ledger says is read again when something was added.
#[derive(Debug)]
pub(crate) struct Grants {
    ledger: Ledger,
    signer: Signer,
    known: Mutex<(u64, Arc<Vec<Grant>>)>,
}

impl Grants {
    pub(crate) fn new(ledger: Ledger, signer: Signer) -> Self {
        Self { ledger, signer, known: Mutex::default() }
    }

    /// Returns all grants, in the order of their numbers, and the number of the last step.
    pub(crate) async fn all(&self) -> Result<(u64, Arc<Vec<Grant>>), Error> {
        let last = || self.ledger.last_document(DocumentKind::BreakGlass);
        let seen = last().await.map_err(Error::Ledger)?;
        let mut known = self.known.lock().await;
        if seen == known.0 {
            return Ok((known.0, Arc::clone(&known.1)));
        }
        // Once more: another may have read on meanwhile.
        if last().await.map_err(Error::Ledger)? < known.0 {
            // Somebody took steps away: an end among them would open what was ended.
            return Err(altered());
        }
        let more = self.ledger.documents(DocumentKind::BreakGlass, known.0).await.map_err(Error::Ledger)?;
        let grants = fold(&known.1, known.0, &more, &self.signer)?;
        *known = (known.0.saturating_add(more.len() as u64), Arc::new(grants));
        Ok((known.0, Arc::clone(&known.1)))
    }

    /// Tells whether the steps are not what this hub signed, so that every question is refused. What cannot be read now is no
    /// sign of that.
    pub(crate) async fn are_altered(&self) -> bool {
        matches!(self.all().await, Err(Error::Ledger(LedgerError::Stored(_))))
    }

    /// Returns the grants that are open for a principal and a purpose.
    pub(crate) async fn open_for(
        &self,
        principal: &PrincipalId,
        purpose: &Purpose,
        now: DateTime<Utc>,
    ) -> Result<Vec<BrokenGlass>, Error> {
        let (_, all) = self.all().await?;
        let open = all.iter().filter(|grant| {
            grant.asked.requester == *principal
                && grant.asked.purpose == *purpose
                && grant.state(now) == GrantState::Open
        });
        let broken =
            open.map(|grant| BrokenGlass { grant: grant.number, columns: grant.asked.columns.clone() });
        Ok(broken.collect())
    }
}

fn altered() -> Error {
    Error::Ledger(LedgerError::Stored("break-glass step"))
}

/// Takes grants further by steps that follow the one of the number `last`, without a gap.
fn fold(known: &[Grant], last: u64, documents: &[Document], signer: &Signer) -> Result<Vec<Grant>, Error> {
    let mut grants = known.to_vec();
    for (number, document) in (last.saturating_add(1)..).zip(documents) {
        let text = Document::signed_text(DocumentKind::BreakGlass, number, &document.body);
        if document.number != number || signer.verify(&text, &document.signature).is_err() {
            return Err(altered());
        }
        let step: Step = serde_json::from_str(&document.body).map_err(|_| altered())?;
        if step.format != FORMAT {
            return Err(altered());
        }
        take(&mut grants, number, step).ok_or_else(altered)?;
    }
    Ok(grants)
}

/// Takes one step; nothing when it does not fit.
fn take(grants: &mut Vec<Grant>, number: u64, step: Step) -> Option<()> {
    if let What::Request { purpose, columns, hours, ticket } = step.what {
        let fits = step.grant == number && (1..=HOURS_MAX).contains(&hours);
        let asked = BreakGlassRequest { requester: step.principal, purpose, columns };
        let requested = step.at;
        let grant = Grant { number, asked, ticket, hours, requested, approved: None, ended: None };
        return fits.then(|| grants.push(grant));
    }
    let grant = grants.iter_mut().rev().find(|grant| grant.number == step.grant)?;
    match step.what {
        // INVARIANT: two people.
        What::Approve
            if grant.state(step.at) == GrantState::Requested
                && !grant.asked.requester.same_name(&step.principal) =>
        {
            grant.approved = Some((step.principal, step.at));
        }
        // What is over already is not opened by being ended.
        What::End if grant.ended.is_none() => grant.ended = Some((step.principal, step.at)),
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests;
