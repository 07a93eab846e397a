//! Delegation: what somebody may read is handed on to a colleague, for purposes, datasets and days, on record from the first step.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
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
/// Delegations of one principal in a day, with the tries that were refused: each is a step that all hubs read, or tells
/// something of who there is.
const DELEGATIONS_A_DAY_MAX: u64 = 10;

/// The job of a run that hands on. Refused ones are counted by it.
const MAKE: &str = "make delegation";

/// What those two are told of a delegation by which nothing is seen.
const UNUSABLE: &str = "something has changed since; compliance can say what";

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
    /// Why nothing can be seen by it, though it is open: in full for whoever may look at the record.
    pub unusable: Option<String>,
    /// Runs in which something was seen by it.
    pub runs: u64,
}

/// A delegation that was made or ended.
#[derive(Debug, Clone)]
pub struct SettledDelegation {
    /// The delegation.
    pub delegation: Delegation,
    /// The numbers of others from the same to the same that are open.
    pub still_open: Vec<u64>,
}

/// Hands on what the principal may read.
///
/// # Errors
/// [`Failure`] when policy does not let the principal, or what is to be handed on cannot be.
pub async fn make_delegation(
    ctx: &RequestCtx,
    hub: &Hub,
    new: NewDelegation,
) -> Result<(RunId, SettledDelegation), Failure> {
    let mut run = ActiveRun::open(ctx, hub, head(Action::Delegate, MAKE)).await?;
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
    let day_ago = || ctx.now() - TimeDelta::days(1);
    let refused = hub.ledger().count_refused(&ctx.principal, MAKE, day_ago()).await.map_err(Error::Ledger)?;
    let within_limit = |all: &[Delegation]| {
        let own = all.iter().filter(|one| one.asked.delegator == ctx.principal && one.made > day_ago());
        let tries = u64::try_from(own.count()).unwrap_or(u64::MAX).saturating_add(refused);
        let exceeded = Error::TooManyDelegations { delegations_max: DELEGATIONS_A_DAY_MAX };
        if tries < DELEGATIONS_A_DAY_MAX { Ok(()) } else { Err(exceeded) }
    };
    // PRIVACY: before anything is decided: a refusal too says something of who there is.
    let (_, all) = hub.delegations().all().await?;
    within_limit(&all)?;
    run.may_delegate(hub, (&asked, days)).await?;
    let what = What::Made { to, purposes, datasets, days, ticket };
    let number = run.add_step(hub, hub.delegations(), |number, all| {
        let now = ctx.now();
        if let Some(error) = handed_on_already(all, (&asked, days), now) {
            return Err(error);
        }
        within_limit(all)?;
        Ok(Step::new(number, ctx.principal.clone(), now, what.clone()))
    });
    let number = number.await?;
    run.made_delegation(hub, number).await?;
    Ok(number)
}

/// Returns the error for what is handed on already: each dataset for each purpose, by one delegation or by several.
fn handed_on_already(
    all: &[Delegation],
    (asked, days): (&DelegationRequest, u32),
    now: DateTime<Utc>,
) -> Option<Error> {
    // A day more is worth a delegation, a moment more is not.
    let long = now + TimeDelta::days(i64::from(days)) - TimeDelta::days(1);
    let open = all
        .iter()
        .filter(|one| one.is_between(asked) && one.state(now) == DelegationState::Open && one.until() > long);
    let open: Vec<&Delegation> = open.collect();
    let covers = |one: &Delegation, purpose: &Purpose, dataset: &DatasetName| {
        one.asked.purposes.contains(purpose) && one.asked.datasets.contains(dataset)
    };
    let mut by: Vec<&Delegation> = Vec::new();
    for purpose in &asked.purposes {
        for dataset in &asked.datasets {
            if !by.iter().any(|one| covers(one, purpose, dataset)) {
                by.push(open.iter().find(|one| covers(one, purpose, dataset))?);
            }
        }
    }
    let until = by.iter().map(|one| one.until()).min()?;
    let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
    Some(Error::AlreadyDelegated { numbers: by.iter().map(|one| one.number).collect(), until })
}

/// Ends a delegation: by the one who handed on, by the one to whom, or by compliance.
///
/// # Errors
/// [`Failure`] when there is none of this number that the principal may end, or it is over.
pub async fn end_delegation(
    ctx: &RequestCtx,
    hub: &Hub,
    number: u64,
) -> Result<(RunId, SettledDelegation), Failure> {
    let mut run = ActiveRun::open(ctx, hub, head(Action::Delegate, "end delegation")).await?;
    match ended(&mut run, ctx, hub, number).await {
        Ok(()) => finish(run, ctx, hub, number).await,
        Err(error) => Err(run.fail(error).await),
    }
}

async fn ended(run: &mut ActiveRun, ctx: &RequestCtx, hub: &Hub, number: u64) -> Result<(), Error> {
    let (_, all) = hub.delegations().all().await?;
    let one = all.iter().find(|one| one.number == number);
    if let Err(error) = run.may_end_delegation(hub, one).await {
        // PRIVACY: who hands on to whom is for those two and for compliance. Who is nobody is told so, whatever there is.
        let tells = !error.is_refusal() || !hub.policies().knows(&ctx.principal);
        let sees =
            |one: &Delegation| one.is_of(&ctx.principal) || ctx.principal.kind() == PrincipalKind::Compliance;
        return Err(if tells || one.is_some_and(sees) { error } else { Error::UnknownDelegation });
    }
    let step = run.add_step(hub, hub.delegations(), |_, all| {
        let one = all.iter().find(|one| one.number == number).ok_or(Error::UnknownDelegation)?;
        // One look at the clock: what is signed must be what was found.
        let now = ctx.now();
        if one.is_over(now) {
            return Err(Error::DelegationStands { number, state: one.state(now).as_str() });
        }
        Ok(Step::new(number, ctx.principal.clone(), now, What::Ended))
    });
    step.await.map(|_| ())
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
        let (now, delegation) = (ctx.now(), one.clone());
        let state = one.state(now);
        let unusable = (state == DelegationState::Open)
            .then(|| hub.policies().why_unusable(hub.catalog(), &one.asked, now))
            .flatten();
        // PRIVACY: what has changed about the one is not for the other to know.
        let unusable = unusable.map(|why| if all { why } else { UNUSABLE.to_owned() });
        lines.push(DelegationLine { delegation, state, unusable, runs });
    }
    Ok(lines)
}

fn head(action: Action, job: &str) -> RunHead {
    RunHead { action, purpose: None, job: job.to_owned(), statement: None }
}

async fn finish(
    run: ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    number: u64,
) -> Result<(RunId, SettledDelegation), Failure> {
    let (id, now) = (run.id(), ctx.now());
    match settled(hub, number, now).await {
        Ok(settled) => {
            run.complete().await?;
            tracing::info!(
                run.id = %id, principal.id = %ctx.principal, delegation = number,
                "delegation {number}: {}", settled.delegation.state(now).as_str()
            );
            Ok((id, settled))
        }
        Err(error) => Err(run.fail(error).await),
    }
}

async fn settled(hub: &Hub, number: u64, now: DateTime<Utc>) -> Result<SettledDelegation, Error> {
    let (_, all) = hub.delegations().all().await?;
    let found = all.iter().find(|one| one.number == number).cloned();
    let delegation = found.ok_or(Error::UnknownDelegation)?;
    let others = all.iter().filter(|one| {
        one.number != number && one.is_between(&delegation.asked) && one.state(now) == DelegationState::Open
    });
    let still_open = others.map(|one| one.number).collect();
    Ok(SettledDelegation { delegation, still_open })
}
