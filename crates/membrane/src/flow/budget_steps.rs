//! Partner life: budgets are opened, capped, refilled, closed and reopened by somebody who may administer the hub, step by
//! step, on record.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use membrane_model::{Action, DatasetName, Delta, Price, PrincipalId, PrincipalKind, RunId};

use super::budget::{head, only_own};
use super::caps::Held;
use super::run::{ActiveRun, RunHead, finish, job};
use crate::budgets::{Bounded, BudgetReason, BudgetStep, PartnerBudget, Step, StepKind, What};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;
use crate::ticket::Ticket;

/// What somebody decides about the budget of a partner.
#[derive(Debug, Clone)]
pub struct NewBudgetStep {
    /// Whose budget.
    pub partner: PrincipalId,
    /// What becomes of it.
    pub step: NewStep,
    /// Why.
    pub reason: BudgetReason,
    /// For which case. One ticket refills one budget once: whoever did not hear what became of it asks again.
    pub ticket: Ticket,
}

/// What becomes of a budget.
#[derive(Debug, Clone, PartialEq)]
pub enum NewStep {
    /// The partner may spend.
    Open,
    /// The partner may spend nothing more.
    Close,
    /// It may again.
    Reopen,
    /// So much may be spent in all.
    Cap(NewAmount),
    /// So much more, once.
    Refill(NewAmount),
}

/// An amount that is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAmount {
    /// In which window, or of one release.
    pub of: Bounded,
    /// Of one dataset; of all together, when not stated.
    pub dataset: Option<DatasetName>,
    /// rho of zero-concentrated DP.
    pub rho: Option<f64>,
    /// The delta that goes with it.
    pub delta: Option<f64>,
}

/// A step that was taken.
#[derive(Debug, Clone)]
pub struct SettledStep {
    /// Whose budget.
    pub partner: PrincipalId,
    /// The step.
    pub step: BudgetStep,
    /// Whether it was taken before, for the same ticket: nothing was done now.
    pub already: bool,
    /// Whether the partner may spend now.
    pub is_open: bool,
}

/// What was decided about budgets.
#[derive(Debug, Clone)]
pub struct BudgetHistory {
    /// Of which partner, and the step, in the order in which they were taken.
    pub steps: Vec<(PrincipalId, BudgetStep)>,
    /// Whether a partner looks at its own.
    pub is_own: bool,
}

/// Takes a step in the life of a partner's budget. All hubs on this ledger obey it from their next reservation on.
///
/// # Errors
/// [`Failure`] when policy does not let the principal, or the step is none that can be taken.
pub async fn take_budget_step(
    ctx: &RequestCtx,
    hub: &Hub,
    new: NewBudgetStep,
) -> Result<(RunId, SettledStep), Failure> {
    let verb = format!("budget {}", new.step.kind().as_str());
    let known = hub.policies().principals().contains(&new.partner);
    let job = job(&verb, &new.partner, known);
    let head = RunHead { action: Action::Administer, purpose: None, job, statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let settled = take(&mut run, ctx, hub, new).await;
    let (id, settled) = finish(run, settled).await?;
    let (step, partner) = (settled.step.what.kind().as_str(), &settled.partner);
    tracing::info!(
        run.id = %id, principal.id = %ctx.principal, step = settled.step.number,
        "budget of `{partner}`: {step}"
    );
    Ok((id, settled))
}

async fn take(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    new: NewBudgetStep,
) -> Result<SettledStep, Error> {
    run.permit(hub, Vec::new()).await?;
    check(hub, &new).await?;
    let month = hub.ledger().month(ctx.now()).await.map_err(Error::Ledger)?;
    let taken_before = OnceLock::new();
    let written = run.add_step(hub, hub.budgets(), |_, all| {
        let held = Held::by_steps(hub, month, all);
        let what = what(&held, &new)?;
        let budget = PartnerBudget::of(all, &new.partner);
        match budget.and_then(|budget| budget.repeated(&what, &new.ticket)) {
            Some((step, true)) => {
                let _ = taken_before.set(step.clone());
                return Err(Error::Internal("the step was taken before"));
            }
            Some((_, false)) => return Err(Error::BudgetStands { what: FOR_THIS_TICKET }),
            None => {}
        }
        check_state(&what, budget)?;
        check_ceiling(&held, &new, &what)?;
        let who = (new.partner.clone(), ctx.principal.clone());
        Ok(Step::new(who, ctx.now(), (new.reason, new.ticket.clone()), what))
    });
    let written = written.await;
    let (step, already) = match taken_before.into_inner() {
        Some(step) => (step, true),
        None => (find(hub, &new.partner, written?).await?, false),
    };
    let is_open = !Held::now(ctx, hub).await?.is_closed(&new.partner);
    Ok(SettledStep { partner: new.partner, step, already, is_open })
}

const FOR_THIS_TICKET: &str = "was changed so for this ticket already, and otherwise since; look at its history, and state another ticket";

/// Refuses what cannot be, whatever was decided before.
async fn check(hub: &Hub, new: &NewBudgetStep) -> Result<(), Error> {
    let wrong = |told: &str| Err(Error::BadRequest(told.to_owned()));
    if new.partner.kind() != PrincipalKind::Partner {
        return wrong("budgets are of partners: name one as `partner:NAME`");
    }
    let (_, all) = hub.budgets().all().await?;
    if !hub.policies().knows(&new.partner) && PartnerBudget::of(&all, &new.partner).is_none() {
        return wrong("that partner is not in principals.json");
    }
    let (NewStep::Cap(amount) | NewStep::Refill(amount)) = &new.step else { return Ok(()) };
    let is_number = |part: Option<f64>| part.is_none_or(|part| part.is_finite() && part >= 0.0);
    if !is_number(amount.rho) || !is_number(amount.delta) {
        return wrong("`rho` and `delta` are numbers of 0 or more");
    }
    if amount.rho.is_none() && amount.delta.is_none() {
        return wrong("state `rho`, `delta` or both");
    }
    if let Some(name) = &amount.dataset
        && !hub.catalog().datasets().any(|dataset| dataset.name == *name && dataset.is_private())
    {
        return Err(Error::UnknownDataset);
    }
    match (&new.step, amount.of) {
        (NewStep::Refill(_), Bounded::Release) => {
            wrong("a month or a lifetime is refilled; what one release may cost is a cap")
        }
        (NewStep::Cap(_), Bounded::Release) if amount.dataset.is_some() || amount.delta.is_some() => {
            wrong("what one release may cost is stated as `rho` alone, and for all datasets")
        }
        (NewStep::Refill(_), _) if amount.price()? == Price::default() => {
            wrong("nothing is added: state more than 0")
        }
        _ => Ok(()),
    }
}

/// Refuses to open what is open, and so on.
fn check_state(what: &What, budget: Option<&PartnerBudget>) -> Result<(), Error> {
    let is_open = budget.and_then(|budget| budget.state.as_ref()).map(|state| state.is_open);
    let told = match (what, is_open) {
        (What::Open, Some(true)) => "is open already",
        (What::Open, Some(false)) => "is closed: reopen it",
        (What::Close, Some(false)) => "is closed already",
        (What::Reopen, Some(true)) => "is open already",
        (What::Reopen, None) => "was never closed, nor opened: open it",
        _ => return Ok(()),
    };
    Err(Error::BudgetStands { what: told })
}

/// Refuses what is more than steps may allow.
fn check_ceiling(held: &Held<'_>, new: &NewBudgetStep, what: &What) -> Result<(), Error> {
    let (of, dataset, after) = match what {
        What::Cap { of, dataset, after, .. } | What::Refill { of, dataset, after, .. } => {
            (of, dataset, after)
        }
        What::Open | What::Close | What::Reopen => return Ok(()),
    };
    let (configured, _) = held.of_slot(&new.partner, (*of, dataset.as_ref()))?;
    let most = held.ceiling(configured);
    if after.rho_nano <= most.rho_nano && after.delta_atto <= most.delta_atto {
        return Ok(());
    }
    Err(Error::OverCeiling { asked: *after, most })
}

/// Returns the step as it is stored, with what it changes.
fn what(held: &Held<'_>, new: &NewBudgetStep) -> Result<What, Error> {
    let before = |amount: &NewAmount| -> Result<Price, Error> {
        let (_, allowed) = held.of_slot(&new.partner, (amount.of, amount.dataset.as_ref()))?;
        Ok(allowed)
    };
    Ok(match &new.step {
        NewStep::Open => What::Open,
        NewStep::Close => What::Close,
        NewStep::Reopen => What::Reopen,
        NewStep::Cap(amount) => {
            let (before, cap) = (before(amount)?, amount.price()?);
            let rho_nano = amount.rho.map(|_| cap.rho_nano);
            let delta_atto = amount.delta.map(|_| cap.delta_atto);
            let after = Price {
                rho_nano: rho_nano.unwrap_or(before.rho_nano),
                delta_atto: delta_atto.unwrap_or(before.delta_atto),
            };
            let (of, dataset) = (amount.of, amount.dataset.clone());
            What::Cap { of, dataset, rho_nano, delta_atto, before, after }
        }
        NewStep::Refill(amount) => {
            let (before, add) = (before(amount)?, amount.price()?);
            let month = (amount.of == Bounded::Month).then(|| held.month.to_string());
            let (of, dataset) = (amount.of, amount.dataset.clone());
            What::Refill { of, dataset, month, add, before, after: before.checked_add(add)? }
        }
    })
}

async fn find(hub: &Hub, partner: &PrincipalId, number: u64) -> Result<BudgetStep, Error> {
    let (_, all) = hub.budgets().all().await?;
    let budget = PartnerBudget::of(&all, partner);
    let step = budget.and_then(|budget| budget.history.iter().find(|step| step.number == number));
    step.cloned().ok_or(Error::Internal("the step that was taken is not there"))
}

/// Lists what was decided about budgets: to a partner about its own, to whoever may look at the record about all, or about one.
///
/// # Errors
/// [`Failure`] when it is refused or the ledger cannot be read.
pub async fn budget_history(
    ctx: &RequestCtx,
    hub: &Hub,
    partner: Option<PrincipalId>,
) -> Result<(RunId, BudgetHistory), Failure> {
    let is_own = ctx.principal.kind() == PrincipalKind::Partner;
    let mut run = ActiveRun::open(ctx, hub, head(hub, is_own, "budget history")?).await?;
    let found = history(&mut run, ctx, hub, (is_own, partner)).await;
    finish(run, found).await
}

async fn history(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    (is_own, partner): (bool, Option<PrincipalId>),
) -> Result<BudgetHistory, Error> {
    let (whose, visible) = if is_own {
        only_own(ctx, partner.as_ref())?;
        let permit = run.listing(hub).await?;
        let visible: BTreeSet<DatasetName> =
            permit.datasets().map(|visible| visible.dataset().name.clone()).collect();
        (Some(ctx.principal.clone()), Some(visible))
    } else {
        run.permit(hub, Vec::new()).await?;
        (partner, None)
    };
    // PRIVACY: a step about a dataset that a partner may not know of is not told to it.
    let is_told = |step: &BudgetStep| match (&visible, step.what.dataset()) {
        (Some(visible), Some(dataset)) => visible.contains(dataset),
        _ => true,
    };
    let (_, all) = hub.budgets().all().await?;
    let mut steps: Vec<_> = all
        .iter()
        .filter(|budget| whose.as_ref().is_none_or(|whose| budget.partner == *whose))
        .flat_map(|budget| budget.history.iter().map(|step| (budget.partner.clone(), step.clone())))
        .filter(|(_, step)| is_told(step))
        .collect();
    steps.sort_by_key(|(_, step)| step.number);
    Ok(BudgetHistory { steps, is_own })
}

impl NewStep {
    /// Returns what it is called.
    #[must_use]
    pub const fn kind(&self) -> StepKind {
        match self {
            Self::Open => StepKind::Open,
            Self::Close => StepKind::Close,
            Self::Reopen => StepKind::Reopen,
            Self::Cap(_) => StepKind::Cap,
            Self::Refill(_) => StepKind::Refill,
        }
    }
}

impl NewAmount {
    /// Returns it in the ledger's integers; what was not stated is nothing.
    fn price(&self) -> Result<Price, Error> {
        Ok(Price::from_parts(self.rho.unwrap_or(0.0), Delta::new(self.delta.unwrap_or(0.0))?)?)
    }
}

#[cfg(test)]
mod tests;
