//! What was spent of the privacy budgets. A partner sees its own; compliance sees all.

use std::collections::BTreeSet;

use membrane_ledger::{Account, Caps, Ledger, Month, Scope, Standing, Window};
use membrane_model::{Action, Price, PrincipalId, PrincipalKind, RunId};

use super::caps::{caps, caps_of};
use super::run::{ActiveRun, RunHead, finish};
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
    let (action, purpose) = if own {
        let purpose = hub.privacy().purpose.parse();
        (Action::Release, Some(purpose.map_err(|error| Failure::without_run(Error::Name(error)))?))
    } else {
        (Action::Audit, None)
    };
    let head = RunHead { action, purpose, job: "budget".to_owned(), statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let looked_up = if own {
        own_budgets(&mut run, ctx, hub, partner.as_ref()).await
    } else {
        all_budgets(&mut run, ctx, hub, partner.as_ref()).await
    };
    finish(run, looked_up).await
}

/// A partner's own budgets: of every dataset from which it may receive releases, untouched ones too.
async fn own_budgets(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    partner: Option<&PrincipalId>,
) -> Result<Budgets, Error> {
    if partner.is_some_and(|partner| *partner != ctx.principal) {
        return Err(Error::BadRequest("a partner sees its own budget only: leave `partner` out".to_owned()));
    }
    let permit = run.listing(hub).await?;
    let private = permit.datasets().filter(|dataset| dataset.dataset().is_private());
    let datasets: Vec<_> = private.map(|dataset| dataset.dataset().name.clone()).collect();
    let scopes = caps(hub.privacy(), &ctx.principal, &datasets)?;
    let (month, lines) = own_lines(ctx, hub, scopes).await?;
    // PRIVACY: how much is left for all partners together would tell what the others spent.
    let outlook = outlook(hub, month, &ctx.principal, |scope| scope.partner().is_some()).await?;
    Ok(Budgets { month, lines, outlooks: outlook.into_iter().collect() })
}

async fn all_budgets(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    partner: Option<&PrincipalId>,
) -> Result<Budgets, Error> {
    run.permit(hub, Vec::new()).await?;
    let spent = hub.ledger().budget_lines(partner).await.map_err(Error::Ledger)?;
    let mut scopes: BTreeSet<Scope> = spent.into_iter().map(|(scope, _)| scope).collect();
    scopes.extend(partner.cloned().map(Scope::Partner));
    let month = hub.ledger().month(ctx.now()).await.map_err(Error::Ledger)?;
    let (mut all, mut outlooks) = (Vec::new(), Vec::new());
    for scope in scopes {
        all.extend(lines(hub.ledger(), month, &scope, caps_of(hub.privacy(), &scope)?).await?);
        if let Scope::Partner(partner) = scope {
            outlooks.extend(outlook(hub, month, &partner, |_| true).await?);
        }
    }
    Ok(Budgets { month, lines: all, outlooks })
}

/// Returns the month, and what stands in it and for ever of the scopes that are one partner's own.
pub(super) async fn own_lines(
    ctx: &RequestCtx,
    hub: &Hub,
    scopes: Vec<(Scope, Caps)>,
) -> Result<(Month, Vec<BudgetLine>), Error> {
    let month = hub.ledger().month(ctx.now()).await.map_err(Error::Ledger)?;
    let mut own = Vec::new();
    for (scope, caps) in scopes {
        // PRIVACY: what all partners together spent is not for one of them to see.
        if scope.partner().is_some() {
            own.extend(lines(hub.ledger(), month, &scope, caps).await?);
        }
    }
    Ok((month, own))
}

/// Returns how often a price fits into each of some budgets.
pub(super) fn times_left(lines: &[BudgetLine], price: Price) -> u64 {
    lines.iter().map(|line| line.remaining().times(price)).min().unwrap_or(0)
}

/// Returns where a scope stands, in the month and for ever.
async fn lines(ledger: &Ledger, month: Month, scope: &Scope, caps: Caps) -> Result<[BudgetLine; 2], Error> {
    let line = async |window, year| {
        let account = Account { scope: scope.clone(), window };
        let standing = ledger.standing(&account).await.map_err(Error::Ledger)?;
        Ok::<_, Error>(BudgetLine { account, cap: caps.of(window), year, standing })
    };
    let year = year_of(caps);
    Ok([line(Window::Month(month), Some(year)).await?, line(Window::Lifetime, None).await?])
}

/// Returns what twelve months allow: a month's cap compounds.
fn year_of(caps: Caps) -> Price {
    let within = |month: u64, lifetime: u64| month.saturating_mul(12).min(lifetime);
    Price {
        rho_nano: within(caps.month.rho_nano, caps.lifetime.rho_nano),
        delta_atto: within(caps.month.delta_atto, caps.lifetime.delta_atto),
    }
}

/// Returns how many more a partner may ask like its last, as far as the budgets that are looked at allow; none when it
/// was never answered.
async fn outlook(
    hub: &Hub,
    month: Month,
    partner: &PrincipalId,
    looked_at: impl Fn(&Scope) -> bool,
) -> Result<Option<Outlook>, Error> {
    let last = hub.ledger().last_release(partner).await.map_err(Error::Ledger)?;
    let Some(last) = last else { return Ok(None) };
    let mut touched = Vec::new();
    for scope in last.scopes.iter().filter(|scope| looked_at(scope)) {
        touched.extend(lines(hub.ledger(), month, scope, caps_of(hub.privacy(), scope)?).await?);
    }
    let more = times_left(&touched, last.price);
    Ok(Some(Outlook { partner: partner.clone(), last: last.price, more }))
}
