//! AUDIT: a release planned for an audit of it, as a dry run is.
//!
//! PRIVACY: what comes back runs over people who were made up, and over nothing else ([`Trial`]). It needs the permit of the
//! release itself, since bounds and known groups can be read from it, and is in the record as a run of its own.

use membrane_model::RunId;
use membrane_query::{Statement, Trial};

use super::{ReleaseRequest, ask, head};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow::run::{ActiveRun, finish};
use crate::hub::Hub;

/// Plans a release for an audit. Nothing is charged, and no row about a member is read.
///
/// # Errors
/// As [`super::release`] for a dry run.
pub async fn plan_trial(
    ctx: &RequestCtx,
    hub: &Hub,
    request: &ReleaseRequest,
) -> Result<(RunId, Trial), Failure> {
    let statement = Statement::parse(&request.sql, &ctx.limits);
    let (head, _) = head(hub, request, statement.as_ref().ok(), "audit release")?;
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let planned = match ask(&mut run, ctx, hub, statement, request).await {
        Ok(asked) => {
            let planned = hub.engine().plan_trial(&asked.permit, &asked.statement, asked.options).await;
            planned.map_err(Error::Query)
        }
        Err(error) => Err(error),
    };
    finish(run, planned).await
}
