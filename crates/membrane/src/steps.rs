//! What follows from signed steps in the ledger: break-glass grants, delegations, and what partners may spend.
//!
//! Steps are never changed. A step that does not fit what went before, or that this hub did not sign, ends every question that
//! depends on it: who may see what, and spend how much, must not depend on something that nobody wrote.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use membrane_ledger::{Document, DocumentKind, Ledger, LedgerError};
use membrane_vault::Signer;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::error::Error;

/// How far the clocks of two machines may be apart.
const SKEW_MINUTES: i64 = 5;

/// Something that steps take further.
pub(crate) trait Stepped: Clone {
    /// Which documents its steps are.
    const KIND: DocumentKind;
    /// What a step is called that is not as it was written.
    const STEP: &'static str;
    /// A step, as it is stored.
    type Step: DeserializeOwned + Serialize;

    /// Takes one step, the document of this number; nothing when it does not fit.
    fn take(all: &mut Vec<Self>, number: u64, step: Self::Step) -> Option<()>;
}

/// All that follows from the steps of one kind. What the ledger says is read again when something was added.
#[derive(Debug)]
pub(crate) struct Steps<T> {
    ledger: Ledger,
    signer: Signer,
    known: Mutex<Known<T>>,
}

/// What followed from the steps up to one.
#[derive(Debug)]
struct Known<T> {
    /// The number and the signature of that step: another in its place is an altered record, for as long as this hub works.
    last: (u64, String),
    all: Arc<Vec<T>>,
}

impl<T: Stepped> Steps<T> {
    pub(crate) fn new(ledger: Ledger, signer: Signer) -> Self {
        Self { ledger, signer, known: Mutex::new(Known { last: (0, String::new()), all: Arc::default() }) }
    }

    /// Returns all, in the order of their numbers, and the number of the last step.
    pub(crate) async fn all(&self) -> Result<(u64, Arc<Vec<T>>), Error> {
        self.signed().await.map(|((last, _), all)| (last, all))
    }

    /// Returns all, in the order of their numbers, and the number and the signature of the last step.
    pub(crate) async fn signed(&self) -> Result<((u64, String), Arc<Vec<T>>), Error> {
        let last = || self.ledger.last_signature(T::KIND);
        let seen = last().await.map_err(Error::Ledger)?;
        let mut known = self.known.lock().await;
        if seen == known.last {
            return Ok((known.last.clone(), Arc::clone(&known.all)));
        }
        // Once more: another may have read on meanwhile.
        let (seen, _) = last().await.map_err(Error::Ledger)?;
        if seen < known.last.0 {
            // Somebody took steps away: an end among them would open what was ended.
            return Err(altered::<T>());
        }
        // From the last known one on: whoever took it away may have let another fill its number.
        let after = known.last.0.saturating_sub(1);
        let read = self.ledger.documents(T::KIND, after).await.map_err(Error::Ledger)?;
        let more = match read.split_first() {
            _ if known.last.0 == 0 => read.as_slice(),
            Some((first, more)) if first.number == known.last.0 && first.signature == known.last.1 => more,
            _ => return Err(altered::<T>()),
        };
        let all = fold(&known.all, known.last.0, more, &self.signer)?;
        if let Some(document) = more.last() {
            *known = Known { last: (document.number, document.signature.clone()), all: Arc::new(all) };
        }
        Ok((known.last.clone(), Arc::clone(&known.all)))
    }

    /// Tells whether the steps are not what this hub signed, so that every question that depends on them is refused. What cannot
    /// be read now is no sign of that.
    pub(crate) async fn are_altered(&self) -> bool {
        matches!(self.all().await, Err(Error::Ledger(LedgerError::Stored(_))))
    }
}

fn altered<T: Stepped>() -> Error {
    Error::Ledger(LedgerError::Stored(T::STEP))
}

/// Takes what is known further by steps that follow the one of the number `last`, without a gap.
pub(crate) fn fold<T: Stepped>(
    known: &[T],
    last: u64,
    documents: &[Document],
    signer: &Signer,
) -> Result<Vec<T>, Error> {
    let mut all = known.to_vec();
    for (number, document) in (last.saturating_add(1)..).zip(documents) {
        let text = Document::signed_text(T::KIND, number, &document.body);
        if document.number != number || signer.verify(&text, &document.signature).is_err() {
            return Err(altered::<T>());
        }
        let step = serde_json::from_str(&document.body).map_err(|_| altered::<T>())?;
        T::take(&mut all, number, step).ok_or_else(altered::<T>)?;
    }
    Ok(all)
}

/// Returns the text of a step that is signed and stored.
pub(crate) fn text_of(step: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(step).map_err(|_| Error::Internal("a step cannot be written"))
}

/// Returns a moment as it is read again.
pub(crate) fn as_stored(at: DateTime<Utc>) -> DateTime<Utc> {
    at.to_rfc3339_opts(SecondsFormat::Micros, true).parse().unwrap_or(at)
}

/// Tells whether a moment is later than the clocks of two machines may be apart.
pub(crate) fn is_ahead(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    at > now + TimeDelta::minutes(SKEW_MINUTES)
}

#[cfg(test)]
mod tests;
