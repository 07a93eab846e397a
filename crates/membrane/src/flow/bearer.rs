//! Issues a bearer. That is an act like any other: its run is the bearer's id.

use membrane_model::{Action, PrincipalId, RunId};

use super::run::{ActiveRun, RunHead, job};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// Issues a bearer for a principal, by someone who may administer the hub.
///
/// # Errors
/// [`Failure`] when it is refused, nobody of that name is known, or the hours are out of bounds.
pub async fn issue_bearer(
    ctx: &RequestCtx,
    hub: &Hub,
    principal: &PrincipalId,
    hours: u32,
) -> Result<(RunId, String), Failure> {
    let job = job("bearer", principal, hub.policies().principals().contains(principal));
    let head = RunHead { action: Action::Administer, purpose: None, job, statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    match issue(&mut run, ctx, hub, principal, hours).await {
        Ok(bearer) => {
            let id = run.id();
            run.complete().await?;
            Ok((id, bearer))
        }
        Err(error) => Err(run.fail(error).await),
    }
}

async fn issue(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    principal: &PrincipalId,
    hours: u32,
) -> Result<String, Error> {
    run.permit(hub, Vec::new()).await?;
    if !hub.policies().principals().contains(principal) {
        return Err(Error::BadRequest(format!("`{principal}` is not in principals.json")));
    }
    hub.bearers()
        .issue(principal, run.id(), hours, ctx.now())
        .map_err(|error| Error::BadRequest(error.to_string()))
}
