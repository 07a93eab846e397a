//! The receipt of an answer: made after its run was closed, so that it can say where that stands in the log.
//!
//! Without a receipt no answer leaves. It is stored and paid for by then: the same question has it for nothing.

use chrono::{DateTime, Utc};
use membrane_ledger::{ClosedRun, ReleaseRecord};
use membrane_model::{Purpose, RunId};
use membrane_query::ReleasePlan;

use super::{ReleaseRequest, Released};
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::hub::Hub;
use crate::receipt::{Facts, Receipt, sign};

/// What was asked, kept until the answer leaves.
pub(super) struct Question {
    sql: String,
    purpose: Purpose,
    plan_sha256: String,
    asked: DateTime<Utc>,
}

impl Question {
    pub(super) fn new(
        request: ReleaseRequest,
        purpose: Purpose,
        plan: &ReleasePlan,
        asked: DateTime<Utc>,
    ) -> Result<Self, Error> {
        let plan_sha256 = plan.plan_hash().map_err(Error::Query)?;
        Ok(Self { sql: request.sql, purpose, plan_sha256, asked })
    }

    /// Signs the receipt of an answer to this.
    pub(super) fn receipt(
        &self,
        ctx: &RequestCtx,
        hub: &Hub,
        released: &Released,
        paid: &ReleaseRecord,
        (answered, closed): (DateTime<Utc>, &ClosedRun),
    ) -> Result<Receipt, Error> {
        let facts = Facts {
            partner: &ctx.principal,
            purpose: &self.purpose,
            query: &self.sql,
            plan_sha256: &self.plan_sha256,
            policy_version: hub.policies().version(),
            publication: hub.publication(),
            asked: self.asked,
            answered,
            paid,
            closed,
        };
        sign(hub.receipt_signer(), &facts, released)
    }
}

/// Returns what is on record about what was paid for an answer, in the run in which it was drawn.
pub(super) async fn paid(hub: &Hub, drawn: RunId, query_key: &str) -> Result<ReleaseRecord, Error> {
    let record = hub.ledger().run(&drawn).await.map_err(Error::Ledger)?;
    let mut releases = record.into_iter().flat_map(|record| record.releases);
    let own = releases.find(|release| release.query_key == query_key);
    own.ok_or(Error::Internal("what was paid for is not on record"))
}
