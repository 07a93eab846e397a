//! The receipt of an answer: made after its run was closed, so that it can say where that stands in the log.
//!
//! Without a receipt no answer leaves. It is stored and paid for by then: the same question has it for nothing.

use chrono::{DateTime, Utc};
use membrane_ledger::{ClosedRun, ReleaseRecord};
use membrane_model::{Price, Purpose, RunId};

use super::{Paid, Released};
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::hub::Hub;
use crate::receipt::{Facts, Receipt, sign};

/// What was asked, kept until the answer leaves.
pub(super) struct Question {
    pub(super) sql: String,
    pub(super) purpose: Purpose,
    pub(super) asked: DateTime<Utc>,
}

impl Question {
    /// Signs the receipt of an answer to this.
    pub(super) fn receipt(
        &self,
        ctx: &RequestCtx,
        hub: &Hub,
        released: &Released,
        paid: &Paid,
        (answered, closed): (DateTime<Utc>, &ClosedRun),
    ) -> Result<Receipt, Error> {
        let facts = Facts {
            partner: &ctx.principal,
            purpose: &self.purpose,
            query: &self.sql,
            plan_sha256: &paid.plan_sha256,
            policy_version: hub.policies().version(),
            publication: hub.publication(),
            asked: self.asked,
            answered,
            paid: &paid.record,
            charged_in: paid.charged_in,
            closed,
        };
        sign(hub.receipt_signer(), &facts, released)
    }
}

/// Returns what is on record about what was paid for a stored answer.
pub(super) async fn paid_for(hub: &Hub, drawn: RunId, answer: &[u8]) -> Result<ReleaseRecord, Error> {
    let hash = ReleaseRecord::answer_hash(answer);
    let record = hub.ledger().run(&drawn).await.map_err(Error::Ledger)?;
    let mut releases = record.into_iter().flat_map(|record| record.releases);
    let own = releases.find(|release| release.answer_sha256.as_deref() == Some(hash.as_str()));
    own.ok_or(Error::Internal("what was paid for is not on record"))
}

/// Returns what is on record about what was paid under a name in a run; and the earlier run that was charged, where this one took
/// up what that had paid and lost.
pub(super) async fn paid(
    hub: &Hub,
    run: RunId,
    query_key: &str,
) -> Result<(ReleaseRecord, Option<RunId>), Error> {
    let own = of_run(hub, run, query_key).await?;
    if own.price != Price::default() {
        return Ok((own, None));
    }
    let lost = hub.ledger().lost_payment(&own.partner, query_key).await.map_err(Error::Ledger)?;
    match lost {
        Some(lost) => Ok((of_run(hub, lost, query_key).await?, Some(lost))),
        None => Ok((own, None)),
    }
}

/// Returns what is on record about the release of a name in a run.
async fn of_run(hub: &Hub, run: RunId, query_key: &str) -> Result<ReleaseRecord, Error> {
    let record = hub.ledger().run(&run).await.map_err(Error::Ledger)?;
    let mut releases = record.into_iter().flat_map(|record| record.releases);
    let own = releases.find(|release| release.query_key == query_key);
    own.ok_or(Error::Internal("what was paid for is not on record"))
}
