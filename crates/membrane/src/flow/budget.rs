//! What was spent of the privacy budgets. A partner sees its own; compliance sees all.

mod forecast;

use std::collections::BTreeSet;

use membrane_ledger::{Account, Ledger, Month, Scope, Standing, Window};
use membrane_model::{Action, DatasetName, Price, PrincipalId, PrincipalKind, RunId};

pub use self::forecast::{Forecast, Pace};
use super::caps::{Allowed, Held};
use super::run::{ActiveRun, RunHead, finish};
use crate::budgets::{PartnerBudget, SaidState};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// One budget: of a scope, in this month or for ever.
#[derive(Debug, Clone)]
pub struct BudgetLine {
    /// Whose, for which dataset, and when.
    pub account: Account,
    /// What may be spent in the window.
    pub cap: Price,
    /// What twelve such months allow, within what may ever be spent; of a month only.
    pub year: Option<Price>,
    /// What was spent, and how much of it for nothing.
    pub standing: Standing,
}

impl BudgetLine {
    /// Returns what is left.
    #[must_use]
    pub const fn remaining(&self) -> Price {
        self.cap.saturating_sub(self.standing.spent)
    }
}

/// How many more questions a partner may ask.
#[derive(Debug, Clone)]
pub struct Outlook {
    /// The partner.
    pub partner: PrincipalId,
    /// What its last answer cost.
    pub last: Price,
    /// So many more at that price fit into every budget that the last one was charged to.
    pub more: u64,
}

/// The budgets, as they stand.
#[derive(Debug, Clone)]
pub struct Budgets {
    /// The month that is charged now.
    pub month: Month,
    /// One after the other, a scope's month before its lifetime.
    pub lines: Vec<BudgetLine>,
    /// Of each partner that was ever answered.
    pub outlooks: Vec<Outlook>,
    /// When each scope will be used up, one after the other.
    pub forecasts: Vec<Forecast>,
    /// Whether partners may spend.
    pub states: Vec<PartnerState>,
}

/// Whether a partner may spend.
#[derive(Debug, Clone)]
pub struct PartnerState {
    /// The partner.
    pub partner: PrincipalId,
    /// Whether it may.
    pub is_open: bool,
    /// Who says so since when; none where it is the configuration.
    pub said: Option<SaidState>,
}

/// Looks the budgets up; of one partner when it is named.
///
/// # Errors
/// [`Failure`] when it is refused or the ledger cannot be read.
pub async fn budget(
    ctx: &RequestCtx,
    hub: &Hub,
    partner: Option<PrincipalId>,
) -> Result<(RunId, Budgets), Failure> {
    let own = ctx.principal.kind() == PrincipalKind::Partner;
    let head = head(hub, own, "budget")?;
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let looked_up = if own {
        own_budgets(&mut run, ctx, hub, partner.as_ref()).await
    } else {
        all_budgets(&mut run, ctx, hub, partner.as_ref()).await
    };
    finish(run, looked_up).await
}

/// Returns what a run is opened with that looks at budgets: at one's own, or at all.
pub(super) fn head(hub: &Hub, own: bool, job: &str) -> Result<RunHead, Failure> {
    let (action, purpose) = if own {
        let purpose = hub.privacy().purpose.parse();
        (Action::Release, Some(purpose.map_err(|error| Failure::without_run(Error::Name(error)))?))
    } else {
        (Action::Audit, None)
    };
    Ok(RunHead { action, purpose, job: job.to_owned(), statement: None })
}

/// PRIVACY: a partner sees what is its own.
pub(super) fn only_own(ctx: &RequestCtx, partner: Option<&PrincipalId>) -> Result<(), Error> {
    if partner.is_some_and(|partner| *partner != ctx.principal) {
        return Err(Error::BadRequest("a partner sees its own budget only: leave `partner` out".to_owned()));
    }
    Ok(())
}

/// A partner's own budgets: of every dataset from which it may receive releases, untouched ones too.
async fn own_budgets(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    partner: Option<&PrincipalId>,
) -> Result<Budgets, Error> {
    only_own(ctx, partner)?;
    let permit = run.listing(hub).await?;
    let private = permit.datasets().filter(|dataset| dataset.dataset().is_private());
    let datasets: Vec<_> = private.map(|dataset| dataset.dataset().name.clone()).collect();
    let held = Held::now(ctx, hub).await?;
    let mut told = Told::new(ctx, hub, &held);
    for (scope, allowed) in held.scopes(&ctx.principal, &datasets)? {
        // PRIVACY: what all partners together spent is not for one of them to see.
        if scope.partner().is_some() {
            told.scope(scope, allowed).await?;
        }
    }
    // PRIVACY: how much is left for all partners together would tell what the others spent.
    told.partner(&ctx.principal, |scope| scope.partner().is_some()).await?;
    Ok(told.budgets)
}

async fn all_budgets(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    partner: Option<&PrincipalId>,
) -> Result<Budgets, Error> {
    run.permit(hub, Vec::new()).await?;
    told_to_auditors(ctx, hub, partner).await
}

/// Looks all budgets up, or those of one partner, for a run that may look at the record.
pub(super) async fn told_to_auditors(
    ctx: &RequestCtx,
    hub: &Hub,
    partner: Option<&PrincipalId>,
) -> Result<Budgets, Error> {
    let spent = hub.ledger().budget_lines(partner).await.map_err(Error::Ledger)?;
    let mut scopes: BTreeSet<Scope> = spent.into_iter().map(|(scope, _)| scope).collect();
    let held = Held::now(ctx, hub).await?;
    if let Some(partner) = partner {
        // What is configured for all is nothing that a partner has whom nobody knows.
        let has_some = !scopes.is_empty() || PartnerBudget::of(&held.budgets, partner).is_some();
        if !has_some && !hub.policies().knows(partner) {
            return Err(Error::BadRequest("that partner is not in principals.json".to_owned()));
        }
        scopes.insert(Scope::Partner(partner.clone()));
    }
    for decided in held.budgets.iter().filter(|one| partner.is_none_or(|partner| one.partner == *partner)) {
        scopes.insert(Scope::Partner(decided.partner.clone()));
        let own = |dataset: &DatasetName| Scope::PartnerDataset(decided.partner.clone(), dataset.clone());
        scopes.extend(decided.datasets().map(own));
    }
    let mut told = Told::new(ctx, hub, &held);
    for scope in scopes {
        told.scope(scope.clone(), held.allowed(&scope)?).await?;
        if let Scope::Partner(partner) = scope {
            told.partner(&partner, |_| true).await?;
        }
    }
    Ok(told.budgets)
}

/// Budgets that are looked up, one scope after the other.
struct Told<'t> {
    ctx: &'t RequestCtx,
    hub: &'t Hub,
    held: &'t Held<'t>,
    budgets: Budgets,
}

impl<'t> Told<'t> {
    fn new(ctx: &'t RequestCtx, hub: &'t Hub, held: &'t Held<'t>) -> Self {
        let (outlooks, forecasts, states) = (Vec::new(), Vec::new(), Vec::new());
        let budgets = Budgets { month: held.month, lines: Vec::new(), outlooks, forecasts, states };
        Self { ctx, hub, held, budgets }
    }

    /// Tells where a scope stands, and when it will be used up.
    async fn scope(&mut self, scope: Scope, allowed: Allowed) -> Result<(), Error> {
        let lines = lines(self.hub.ledger(), self.held.month, &scope, allowed).await?;
        let is_closed = scope.partner().is_some_and(|partner| self.held.is_closed(partner));
        let forecast = if is_closed {
            Forecast::of_closed(scope)
        } else {
            Forecast::read(self.hub.ledger(), self.ctx.now(), scope, (&lines, allowed.next_month)).await?
        };
        self.budgets.forecasts.push(forecast);
        self.budgets.lines.extend(lines);
        Ok(())
    }

    /// Tells whether a partner may spend, and how many more it may ask like its last.
    async fn partner(
        &mut self,
        partner: &PrincipalId,
        looked_at: impl Fn(&Scope) -> bool,
    ) -> Result<(), Error> {
        let said = PartnerBudget::of(&self.held.budgets, partner).and_then(|budget| budget.state.clone());
        let is_open = !self.held.is_closed(partner);
        self.budgets.states.push(PartnerState { partner: partner.clone(), is_open, said });
        let outlook = outlook(self.hub, self.held, partner, looked_at).await?;
        self.budgets.outlooks.extend(outlook);
        Ok(())
    }
}

/// Returns what stands in this month and for ever of the scopes that are one partner's own.
pub(super) async fn own_lines<'a>(
    ctx: &RequestCtx,
    hub: &Hub,
    datasets: impl IntoIterator<Item = &'a DatasetName>,
) -> Result<Vec<BudgetLine>, Error> {
    lines_of(ctx, hub, &Held::now(ctx, hub).await?, datasets).await
}

/// Returns the same, and how often a price fits into all of it: not once where the budget is closed.
pub(super) async fn own_left<'a>(
    ctx: &RequestCtx,
    hub: &Hub,
    datasets: impl IntoIterator<Item = &'a DatasetName>,
    price: Price,
) -> Result<(Vec<BudgetLine>, u64), Error> {
    let held = Held::now(ctx, hub).await?;
    let lines = lines_of(ctx, hub, &held, datasets).await?;
    let more = if held.is_closed(&ctx.principal) { 0 } else { times_left(&lines, price) };
    Ok((lines, more))
}

async fn lines_of<'a>(
    ctx: &RequestCtx,
    hub: &Hub,
    held: &Held<'_>,
    datasets: impl IntoIterator<Item = &'a DatasetName>,
) -> Result<Vec<BudgetLine>, Error> {
    let datasets: Vec<&DatasetName> = datasets.into_iter().collect();
    let mut own = Vec::new();
    for (scope, allowed) in held.scopes(&ctx.principal, datasets)? {
        // PRIVACY: what all partners together spent is not for one of them to see.
        if scope.partner().is_some() {
            own.extend(lines(hub.ledger(), held.month, &scope, allowed).await?);
        }
    }
    Ok(own)
}

/// Returns how often a price fits into each of some budgets.
fn times_left(lines: &[BudgetLine], price: Price) -> u64 {
    lines.iter().map(|line| line.remaining().times(price)).min().unwrap_or(0)
}

/// Returns where a scope stands, in the month and for ever.
async fn lines(
    ledger: &Ledger,
    month: Month,
    scope: &Scope,
    allowed: Allowed,
) -> Result<[BudgetLine; 2], Error> {
    let line = async |window, year| {
        let account = Account { scope: scope.clone(), window };
        let standing = ledger.standing(&account).await.map_err(Error::Ledger)?;
        Ok::<_, Error>(BudgetLine { account, cap: allowed.caps.of(window), year, standing })
    };
    let year = year_of(allowed);
    Ok([line(Window::Month(month), Some(year)).await?, line(Window::Lifetime, None).await?])
}

/// Returns what twelve months allow: a month's cap compounds. What was added to this month is in it once.
fn year_of(Allowed { caps, next_month }: Allowed) -> Price {
    let within =
        |month: u64, next: u64, lifetime: u64| month.saturating_add(next.saturating_mul(11)).min(lifetime);
    Price {
        rho_nano: within(caps.month.rho_nano, next_month.rho_nano, caps.lifetime.rho_nano),
        delta_atto: within(caps.month.delta_atto, next_month.delta_atto, caps.lifetime.delta_atto),
    }
}

/// Returns how many more a partner may ask like its last, as far as the budgets that are looked at allow; none when it
/// was never answered.
async fn outlook(
    hub: &Hub,
    held: &Held<'_>,
    partner: &PrincipalId,
    looked_at: impl Fn(&Scope) -> bool,
) -> Result<Option<Outlook>, Error> {
    let last = hub.ledger().last_release(partner).await.map_err(Error::Ledger)?;
    let Some(last) = last else { return Ok(None) };
    let mut touched = Vec::new();
    for scope in last.scopes.iter().filter(|scope| looked_at(scope)) {
        touched.extend(lines(hub.ledger(), held.month, scope, held.allowed(scope)?).await?);
    }
    let more = if held.is_closed(partner) { 0 } else { times_left(&touched, last.price) };
    Ok(Some(Outlook { partner: partner.clone(), last: last.price, more }))
}
