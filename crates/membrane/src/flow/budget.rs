//! What was spent of the privacy budgets. A partner sees its own; compliance sees all.

use std::collections::BTreeMap;

use membrane_ledger::Scope;
use membrane_model::{Action, Price, PrincipalId, PrincipalKind, RunId};

use super::caps::{cap_of, caps};
use super::run::{ActiveRun, RunHead};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// One budget.
#[derive(Debug, Clone)]
pub struct BudgetLine {
    /// Whose, and for which dataset.
    pub scope: Scope,
    /// What may ever be spent.
    pub cap: Price,
    /// What was spent.
    pub spent: Price,
}

impl BudgetLine {
    /// Returns what is left.
    #[must_use]
    pub fn remaining(&self) -> Price {
        Price {
            rho_nano: self.cap.rho_nano.saturating_sub(self.spent.rho_nano),
            delta_atto: self.cap.delta_atto.saturating_sub(self.spent.delta_atto),
        }
    }
}

/// Looks the budgets up; of one partner when it is named.
///
/// # Errors
/// [`Failure`] when it is refused or the ledger cannot be read.
pub async fn budget(
    ctx: &RequestCtx,
    hub: &Hub,
    partner: Option<PrincipalId>,
) -> Result<(RunId, Vec<BudgetLine>), Failure> {
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
        own_budget(&mut run, ctx, hub, partner.as_ref()).await
    } else {
        all_budgets(&mut run, hub, partner.as_ref()).await
    };
    match looked_up {
        Ok(lines) => {
            let id = run.id();
            run.complete().await?;
            Ok((id, lines))
        }
        Err(error) => Err(run.fail(error).await),
    }
}

/// A partner's own budgets: of every dataset from which it may receive releases, untouched ones too.
async fn own_budget(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    partner: Option<&PrincipalId>,
) -> Result<Vec<BudgetLine>, Error> {
    if partner.is_some_and(|partner| *partner != ctx.principal) {
        return Err(Error::BadRequest("a partner sees its own budget only: leave `partner` out".to_owned()));
    }
    let permit = run.listing(hub).await?;
    let private = permit.datasets().filter(|dataset| dataset.dataset().is_private());
    let datasets: Vec<_> = private.map(|dataset| dataset.dataset().name.clone()).collect();
    let mut lines = Vec::new();
    for (scope, cap) in caps(hub.privacy(), &ctx.principal, &datasets)? {
        // What all partners together spent is not for one of them to see.
        if !matches!(scope, Scope::Dataset(_)) {
            let spent = hub.ledger().spent(&scope).await.map_err(Error::Ledger)?;
            lines.push(BudgetLine { scope, cap, spent });
        }
    }
    Ok(lines)
}

async fn all_budgets(
    run: &mut ActiveRun,
    hub: &Hub,
    partner: Option<&PrincipalId>,
) -> Result<Vec<BudgetLine>, Error> {
    run.permit(hub, Vec::new()).await?;
    let spent = hub.ledger().budget_lines(partner).await.map_err(Error::Ledger)?;
    let mut lines: BTreeMap<String, BudgetLine> = BTreeMap::new();
    for (scope, spent) in spent {
        let cap = cap_of(hub.privacy(), &scope)?;
        lines.insert(scope.to_string(), BudgetLine { scope, cap, spent });
    }
    if let Some(partner) = partner {
        let scope = Scope::Partner(partner.clone());
        let cap = cap_of(hub.privacy(), &scope)?;
        lines.entry(scope.to_string()).or_insert(BudgetLine { scope, cap, spent: Price::default() });
    }
    Ok(lines.into_values().collect())
}
