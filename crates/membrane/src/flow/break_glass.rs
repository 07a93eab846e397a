//! Break-glass: asked for by one person, agreed to by another, open for some hours, on record from the first step.

use chrono::TimeDelta;
use membrane_ledger::GlassUse;
use membrane_model::{Action, ColumnName, DatasetName, PrincipalKind, Purpose, RunId};
use membrane_policy::{BreakGlassRequest, BrokenGlass};

use super::run::{self, ActiveRun, RunHead};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::grants::{Grant, GrantState, HOURS_MAX, Step, What};
use crate::hub::Hub;
use crate::ticket::Ticket;

/// Columns that one grant names at most.
const COLUMNS_MAX: usize = 20;
/// Requests of one principal in a day: each is a step that all hubs read.
const REQUESTS_A_DAY_MAX: usize = 10;

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct GlassRequest {
    /// What for.
    pub purpose: Purpose,
    /// To see which columns.
    pub columns: Vec<(DatasetName, ColumnName)>,
    /// For how many hours from when another agrees.
    pub hours: u32,
    /// For which case.
    pub ticket: Ticket,
}

/// A grant, and how it was used.
#[derive(Debug, Clone)]
pub struct GrantLine {
    /// The grant.
    pub grant: Grant,
    /// Where it stands now.
    pub state: GrantState,
    /// Runs in which its columns were seen, and the cells that were opened in them.
    pub used: GlassUse,
}

/// Asks for break-glass.
///
/// # Errors
/// [`Failure`] when policy does not let the principal ask, or what is asked for cannot be.
pub async fn request_glass(
    ctx: &RequestCtx,
    hub: &Hub,
    request: GlassRequest,
) -> Result<(RunId, Grant), Failure> {
    let purpose = Some(request.purpose.clone());
    let mut run =
        ActiveRun::open(ctx, hub, head(Action::RequestBreakGlass, purpose, "request break-glass")).await?;
    match requested(&mut run, ctx, hub, request).await {
        Ok(number) => finish(run, ctx, hub, number).await,
        Err(error) => Err(run.fail(error).await),
    }
}

async fn requested(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    request: GlassRequest,
) -> Result<u64, Error> {
    let GlassRequest { purpose, mut columns, hours, ticket } = request;
    columns.sort();
    columns.dedup();
    let wrong = |told: String| Err(Error::BadRequest(told));
    if !(1..=HOURS_MAX).contains(&hours) {
        return wrong(format!("break-glass is for 1 to {HOURS_MAX} hours"));
    }
    if columns.is_empty() || columns.len() > COLUMNS_MAX {
        return wrong(format!(
            "break-glass is for 1 to {COLUMNS_MAX} columns, each named as `DATASET.COLUMN`"
        ));
    }
    let asked = BreakGlassRequest {
        requester: ctx.principal.clone(),
        purpose: purpose.clone(),
        columns: columns.clone(),
    };
    run.may_request_glass(hub, &asked).await?;
    let what = What::Request { purpose, columns, hours, ticket };
    run.add_step(hub, hub.grants(), |number, grants| {
        let now = ctx.now();
        let own = grants.iter().filter(|grant| grant.asked.requester == ctx.principal);
        let today = own.filter(|grant| grant.requested > now - TimeDelta::days(1)).count();
        if today >= REQUESTS_A_DAY_MAX {
            return Err(Error::TooManyRequests { requests_max: REQUESTS_A_DAY_MAX });
        }
        Ok(Step::new(number, ctx.principal.clone(), now, what.clone()))
    })
    .await
}

/// Agrees to what another asked for: from now on the columns are seen.
///
/// # Errors
/// [`Failure`] when policy does not let the principal agree, it is the principal's own request, or it does not wait for that.
pub async fn approve_glass(ctx: &RequestCtx, hub: &Hub, number: u64) -> Result<(RunId, Grant), Failure> {
    let mut run =
        ActiveRun::open(ctx, hub, head(Action::ApproveBreakGlass, None, "approve break-glass")).await?;
    match approved(&mut run, ctx, hub, number).await {
        Ok(()) => finish(run, ctx, hub, number).await,
        Err(error) => Err(run.fail(error).await),
    }
}

async fn approved(run: &mut ActiveRun, ctx: &RequestCtx, hub: &Hub, number: u64) -> Result<(), Error> {
    let grant = find(hub, number).await?;
    let may = run.may_approve_glass(hub, &grant).await;
    may.map_err(|error| hidden(error, ctx, &grant))?;
    write(run, ctx, hub, number, (&[GrantState::Requested], What::Approve)).await
}

/// Ends a grant, or a request that nobody agreed to yet: by the one who asked, or by somebody who might agree.
///
/// # Errors
/// [`Failure`] when policy does not let the principal, or it is over.
pub async fn end_glass(ctx: &RequestCtx, hub: &Hub, number: u64) -> Result<(RunId, Grant), Failure> {
    let mut run = ActiveRun::open(ctx, hub, head(Action::ApproveBreakGlass, None, "end break-glass")).await?;
    match ended(&mut run, ctx, hub, number).await {
        Ok(()) => finish(run, ctx, hub, number).await,
        Err(error) => Err(run.fail(error).await),
    }
}

async fn ended(run: &mut ActiveRun, ctx: &RequestCtx, hub: &Hub, number: u64) -> Result<(), Error> {
    let grant = find(hub, number).await?;
    let may = run.may_end_glass(hub, &grant).await;
    may.map_err(|error| hidden(error, ctx, &grant))?;
    write(run, ctx, hub, number, (&[GrantState::Requested, GrantState::Open], What::End)).await
}

/// Lists the grants, with how they were used: all, for those who look at the record, and for others what they asked for.
///
/// # Errors
/// [`Failure`] when it is refused or the ledger cannot be read.
pub async fn list_glass(ctx: &RequestCtx, hub: &Hub) -> Result<(RunId, Vec<GrantLine>), Failure> {
    let mut run = ActiveRun::open(ctx, hub, head(Action::Audit, None, "list break-glass")).await?;
    let found = match run.lists_all_glass(hub).await {
        Ok(all) => lines(ctx, hub, all).await,
        Err(error) => Err(error),
    };
    run::finish(run, found).await
}

async fn lines(ctx: &RequestCtx, hub: &Hub, all: bool) -> Result<Vec<GrantLine>, Error> {
    let (_, grants) = hub.grants().all().await?;
    let mut lines = Vec::with_capacity(grants.len());
    for grant in grants.iter().filter(|grant| all || grant.asked.requester == ctx.principal) {
        let used = hub.ledger().glass_use(&BrokenGlass::reason(grant.number)).await.map_err(Error::Ledger)?;
        lines.push(GrantLine { state: grant.state(ctx.now()), grant: grant.clone(), used });
    }
    Ok(lines)
}

fn head(action: Action, purpose: Option<Purpose>, job: &str) -> RunHead {
    RunHead { action, purpose, job: job.to_owned(), statement: None }
}

async fn find(hub: &Hub, number: u64) -> Result<Grant, Error> {
    let (_, grants) = hub.grants().all().await?;
    grants.iter().find(|grant| grant.number == number).cloned().ok_or(Error::UnknownGrant)
}

/// PRIVACY: whether there is a grant of some number is for whoever asked for it, and for those who look at the record.
fn hidden(error: Error, ctx: &RequestCtx, grant: &Grant) -> Error {
    let looks = matches!(ctx.principal.kind(), PrincipalKind::Compliance | PrincipalKind::Operator);
    let asked = grant.asked.requester.same_name(&ctx.principal);
    if looks || asked || !error.is_refusal() { error } else { Error::UnknownGrant }
}

/// Takes a step of a grant that stands where it can be taken.
async fn write(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    number: u64,
    (from, what): (&[GrantState], What),
) -> Result<(), Error> {
    let step = run.add_step(hub, hub.grants(), |_, grants| {
        let grant = grants.iter().find(|grant| grant.number == number).ok_or(Error::UnknownGrant)?;
        // One look at the clock: what is signed must be what was found.
        let now = ctx.now();
        let state = grant.state(now);
        if !from.contains(&state) {
            return Err(Error::GrantStands { number, state: state.as_str() });
        }
        Ok(Step::new(number, ctx.principal.clone(), now, what.clone()))
    });
    step.await.map(|_| ())
}

async fn finish(run: ActiveRun, ctx: &RequestCtx, hub: &Hub, number: u64) -> Result<(RunId, Grant), Failure> {
    let (id, found) = (run.id(), find(hub, number).await);
    match found {
        Ok(grant) => {
            run.complete().await?;
            // Somebody gets up: clear values are asked for, or seen from now on.
            tracing::warn!(
                run.id = %id, principal.id = %ctx.principal, grant = number,
                "break-glass {number} is {}", grant.state(ctx.now()).as_str()
            );
            Ok((id, grant))
        }
        Err(error) => Err(run.fail(error).await),
    }
}
