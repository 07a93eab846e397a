//! What was used: for those who review policies.

use chrono::{DateTime, Utc};
use membrane_ledger::{ColumnUse, FactorUse};
use membrane_model::{Action, RunId};

use super::run::{ActiveRun, RunHead, finish};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// Returns which columns were read since a moment, by whom and what for.
///
/// # Errors
/// [`Failure`] when it is refused, or the ledger cannot be read.
pub async fn column_uses(
    ctx: &RequestCtx,
    hub: &Hub,
    since: DateTime<Utc>,
) -> Result<(RunId, Vec<ColumnUse>), Failure> {
    let mut run = ActiveRun::open(ctx, hub, head("replay what was asked")).await?;
    let found = match run.permit(hub, Vec::new()).await {
        Ok(_) => hub.ledger().column_uses(since).await.map_err(Error::Ledger),
        Err(error) => Err(error),
    };
    finish(run, found).await
}

/// Returns which policies were used since a moment, and in whose favour.
///
/// # Errors
/// [`Failure`] when it is refused, or the ledger cannot be read.
pub async fn factor_uses(
    ctx: &RequestCtx,
    hub: &Hub,
    since: DateTime<Utc>,
) -> Result<(RunId, Vec<FactorUse>), Failure> {
    let mut run = ActiveRun::open(ctx, hub, head("review access")).await?;
    let found = match run.permit(hub, Vec::new()).await {
        Ok(_) => hub.ledger().factor_uses(since).await.map_err(Error::Ledger),
        Err(error) => Err(error),
    };
    finish(run, found).await
}

fn head(job: &str) -> RunHead {
    RunHead { action: Action::Audit, purpose: None, job: job.to_owned(), statement: None }
}
