//! Delegation: what somebody may read is handed on to a colleague, for purposes, datasets and days, on record from the first step.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use membrane_ledger::DocumentKind;
use membrane_model::{Action, DatasetName, PrincipalId, PrincipalKind, Purpose, RunId};
use membrane_policy::{DelegationRequest, Handed};

use super::run::{self, ActiveRun, RunHead};
use crate::ctx::RequestCtx;
use crate::delegations::{DAYS_MAX, Delegation, DelegationState, Step, What};
use crate::error::{Error, Failure};
use crate::hub::Hub;
use crate::ticket::Ticket;

/// Datasets that one delegation names at most.
const DATASETS_MAX: usize = 20;
/// Purposes that one delegation names at most.
const PURPOSES_MAX: usize = 5;
/// Delegations of one principal in a day: each is a step that all hubs read.
const DELEGATIONS_A_DAY_MAX: usize = 10;

/// What somebody hands on.
#[derive(Debug, Clone)]
pub struct NewDelegation {
    /// To whom.
    pub to: PrincipalId,
    /// What for.
    pub purposes: Vec<Purpose>,
    /// Which datasets.
    pub datasets: Vec<DatasetName>,
    /// For how many days from now.
    pub days: u32,
    /// For which case.
    pub ticket: Ticket,
}

/// A delegation, and how it was used.
#[derive(Debug, Clone)]
pub struct DelegationLine {
    /// The delegation.
    pub delegation: Delegation,
    /// Where it stands now.
    pub state: DelegationState,
    /// Runs in which something was seen by it.
    pub runs: u64,
}

/// Hands on what the principal may read.
///
/// # Errors
/// [`Failure`] when policy does not let the principal, or what is to be handed on cannot be.
pub async fn make_delegation(
    ctx: &RequestCtx,
    hub: &Hub,
    new: NewDelegation,
) -> Result<(RunId, Delegation), Failure> {
    let mut run = ActiveRun::open(ctx, hub, head(Action::Delegate, "make delegation")).await?;
    match made(&mut run, ctx, hub, new).await {
        Ok(number) => finish(run, ctx, hub, number).await,
        Err(error) => Err(run.fail(error).await),
    }
}

async fn made(run: &mut ActiveRun, ctx: &RequestCtx, hub: &Hub, new: NewDelegation) -> Result<u64, Error> {
    let NewDelegation { to, mut purposes, mut datasets, days, ticket } = new;
    purposes.sort();
    purposes.dedup();
    datasets.sort();
    datasets.dedup();
    let wrong = |told: String| Err(Error::BadRequest(told));
    if !(1..=DAYS_MAX).contains(&days) {
        return wrong(format!("a delegation is for 1 to {DAYS_MAX} days"));
    }
    if datasets.is_empty() || datasets.len() > DATASETS_MAX {
        return wrong(format!("a delegation is for 1 to {DATASETS_MAX} datasets"));
    }
    if purposes.is_empty() || purposes.len() > PURPOSES_MAX {
        return wrong(format!("a delegation is for 1 to {PURPOSES_MAX} purposes"));
    }
    let asked = DelegationRequest {
        delegator: ctx.principal.clone(),
        delegate: to.clone(),
        purposes: purposes.clone(),
        datasets: datasets.clone(),
    };
    run.may_delegate(hub, &asked).await?;
    let now = ctx.now();
    let (last, all) = hub.delegations().all().await?;
    let until = now + TimeDelta::days(i64::from(days));
    // A day more is worth a delegation, a moment more is not.
    let same = all.iter().find(|one| {
        one.asked == asked
            && one.state(now) == DelegationState::Open
            && one.until() > until - TimeDelta::days(1)
    });
    if let Some(one) = same {
        let until = one.until().to_rfc3339_opts(SecondsFormat::Secs, true);
        return Err(Error::AlreadyDelegated { number: one.number, until });
    }
    let own = all.iter().filter(|one| one.asked.delegator == ctx.principal);
    if own.filter(|one| one.made > now - TimeDelta::days(1)).count() >= DELEGATIONS_A_DAY_MAX {
        return Err(Error::TooManyDelegations { delegations_max: DELEGATIONS_A_DAY_MAX });
    }
    let number = last.saturating_add(1);
    let what = What::Made { to, purposes, datasets, days, ticket };
    write(run, ctx, hub, (number, number), (now, what)).await?;
    Ok(number)
}

/// Ends a delegation: by the one who handed on, by the one to whom, or by compliance.
///
/// # Errors
/// [`Failure`] when there is none of this number that the principal may end, or it is over.
pub async fn end_delegation(
    ctx: &RequestCtx,
    hub: &Hub,
    number: u64,
) -> Result<(RunId, Delegation), Failure> {
    let mut run = ActiveRun::open(ctx, hub, head(Action::Delegate, "end delegation")).await?;
    match ended(&mut run, ctx, hub, number).await {
        Ok(()) => finish(run, ctx, hub, number).await,
        Err(error) => Err(run.fail(error).await),
    }
}

async fn ended(run: &mut ActiveRun, ctx: &RequestCtx, hub: &Hub, number: u64) -> Result<(), Error> {
    let (last, one) = find(hub, number).await?;
    let may = run.may_end_delegation(hub, &one).await;
    if may.is_err() && !one.is_of(&ctx.principal) && ctx.principal.kind() != PrincipalKind::Compliance {
        // PRIVACY: who hands on to whom is for those two and for compliance.
        return Err(Error::UnknownDelegation);
    }
    may?;
    // One look at the clock: what is signed must be what was found.
    let now = ctx.now();
    if !matches!(one.state(now), DelegationState::Ahead | DelegationState::Open) {
        return Err(Error::DelegationStands { number, state: one.state(now).as_str() });
    }
    write(run, ctx, hub, (last.saturating_add(1), number), (now, What::Ended)).await
}

/// Lists delegations, with how they were used: to whoever may look at the record all, to others those from and to them.
///
/// # Errors
/// [`Failure`] when it is refused or the ledger cannot be read.
pub async fn list_delegations(ctx: &RequestCtx, hub: &Hub) -> Result<(RunId, Vec<DelegationLine>), Failure> {
    let all = matches!(ctx.principal.kind(), PrincipalKind::Compliance | PrincipalKind::Operator);
    let action = if all { Action::Audit } else { Action::Delegate };
    let mut run = ActiveRun::open(ctx, hub, head(action, "list delegations")).await?;
    let may =
        if all { run.permit(hub, Vec::new()).await.map(|_| ()) } else { run.may_list_delegations(hub).await };
    let found = match may {
        Ok(()) => lines(ctx, hub, all).await,
        Err(error) => Err(error),
    };
    run::finish(run, found).await
}

async fn lines(ctx: &RequestCtx, hub: &Hub, all: bool) -> Result<Vec<DelegationLine>, Error> {
    let (_, found) = hub.delegations().all().await?;
    let mut lines = Vec::new();
    for one in found.iter().filter(|one| all || one.is_of(&ctx.principal)) {
        let reason = Handed::reason(one.number, &one.asked.delegator);
        let runs = hub.ledger().glass_use(&reason).await.map_err(Error::Ledger)?.runs;
        lines.push(DelegationLine { state: one.state(ctx.now()), delegation: one.clone(), runs });
    }
    Ok(lines)
}

fn head(action: Action, job: &str) -> RunHead {
    RunHead { action, purpose: None, job: job.to_owned(), statement: None }
}

async fn find(hub: &Hub, number: u64) -> Result<(u64, Delegation), Error> {
    let (last, all) = hub.delegations().all().await?;
    let found = all.iter().find(|one| one.number == number).cloned();
    Ok((last, found.ok_or(Error::UnknownDelegation)?))
}

async fn write(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    (number, delegation): (u64, u64),
    (now, what): (DateTime<Utc>, What),
) -> Result<(), Error> {
    let step = Step::new(delegation, ctx.principal.clone(), now, what);
    run.add_step(hub, (DocumentKind::Delegation, number), &step).await
}

async fn finish(
    run: ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    number: u64,
) -> Result<(RunId, Delegation), Failure> {
    let (id, found) = (run.id(), find(hub, number).await);
    match found {
        Ok((_, one)) => {
            run.complete().await?;
            tracing::info!(
                run.id = %id, principal.id = %ctx.principal, delegation = number,
                "delegation {number}: {}", one.state(ctx.now()).as_str()
            );
            Ok((id, one))
        }
        Err(error) => Err(run.fail(error).await),
    }
}
