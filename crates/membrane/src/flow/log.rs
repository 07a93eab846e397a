//! Checks that the record was not altered.

use membrane_ledger::LogHead;
use membrane_model::{Action, RunId};

use super::run::{ActiveRun, RunHead, finish};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// Computes the Merkle log again from the runs as they stand, and compares.
///
/// # Errors
/// [`Failure`] when it is refused, or when what is recorded does not match what was logged.
pub async fn verify_log(ctx: &RequestCtx, hub: &Hub) -> Result<(RunId, LogHead), Failure> {
    let head =
        RunHead { action: Action::Audit, purpose: None, job: "verify log".to_owned(), statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let verified = match run.permit(hub, Vec::new()).await {
        Ok(_) => hub.ledger().verify_log().await.map_err(Error::Ledger),
        Err(error) => Err(error),
    };
    finish(run, verified).await
}
