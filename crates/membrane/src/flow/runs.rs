//! What was done: the runs of the record.

use membrane_ledger::{RunFilter, RunRecord};
use membrane_model::{Action, RunId};

use super::run::{ActiveRun, RunHead, finish};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// Lists runs, newest first.
///
/// # Errors
/// [`Failure`] when it is refused or the ledger cannot be read.
pub async fn runs(
    ctx: &RequestCtx,
    hub: &Hub,
    filter: RunFilter,
) -> Result<(RunId, Vec<RunRecord>), Failure> {
    let mut run = ActiveRun::open(ctx, hub, head("list runs")).await?;
    let found = match run.permit(hub, Vec::new()).await {
        Ok(_) => hub.ledger().runs(filter).await.map_err(Error::Ledger),
        Err(error) => Err(error),
    };
    finish(run, found).await
}

/// Shows one run, with its decisions, columns, versions and lineage.
///
/// # Errors
/// [`Failure`] when it is refused, there is no such run, or the ledger cannot be read.
pub async fn run_detail(ctx: &RequestCtx, hub: &Hub, wanted: RunId) -> Result<(RunId, RunRecord), Failure> {
    let mut run = ActiveRun::open(ctx, hub, head("show run")).await?;
    let found = match run.permit(hub, Vec::new()).await {
        Ok(_) => hub.ledger().run(&wanted).await.map_err(Error::Ledger),
        Err(error) => Err(error),
    };
    finish(run, found.and_then(|found| found.ok_or(Error::UnknownRun))).await
}

fn head(job: &str) -> RunHead {
    RunHead { action: Action::Audit, purpose: None, job: job.to_owned(), statement: None }
}
