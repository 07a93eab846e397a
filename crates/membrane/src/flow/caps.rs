//! The caps of budgets: what the configuration allows for each scope, and what people made of it, step by step.
//!
//! A step says what a partner may spend in place of what is configured, at most `[privacy] ceiling` times as much: however
//! many steps there are, and whatever is configured later. What all partners together may spend of a dataset no step changes.

use std::sync::Arc;

use membrane_ledger::{Caps, Month, Scope, Terms, Window};
use membrane_model::{DatasetName, Delta, Price, PriceError, PrincipalId};

use crate::budgets::{Bounded, PartnerBudget};
use crate::config::{BudgetsStart, PrivacySection};
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::hub::Hub;

/// What may be spent at a moment.
pub(super) struct Held<'h> {
    privacy: &'h PrivacySection,
    /// The last step that this follows from.
    last_step: (u64, String),
    /// The month that is charged now.
    pub(super) month: Month,
    /// What was decided about partners.
    pub(super) budgets: Arc<Vec<PartnerBudget>>,
}

/// What may be spent of a scope.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowed {
    /// In this month and ever.
    pub(super) caps: Caps,
    /// In a month to which nothing was added.
    pub(super) next_month: Price,
}

impl<'h> Held<'h> {
    /// Reads the steps that were taken up to now. A step that this hub did not sign ends it.
    pub(super) async fn now(ctx: &RequestCtx, hub: &'h Hub) -> Result<Self, Error> {
        let (last_step, budgets) = hub.budgets().signed().await?;
        let month = hub.ledger().month(ctx.now()).await.map_err(Error::Ledger)?;
        Ok(Self { privacy: hub.privacy(), last_step, month, budgets })
    }

    /// Returns what holds by these steps: for whoever takes another one, and reserves nothing.
    pub(super) fn by_steps(hub: &'h Hub, month: Month, all: &[PartnerBudget]) -> Self {
        let budgets = Arc::new(all.to_vec());
        Self { privacy: hub.privacy(), last_step: (0, String::new()), month, budgets }
    }

    /// Returns the terms on which a partner's price is reserved.
    pub(super) fn terms(&self, partner: &PrincipalId) -> Terms {
        Terms {
            last_step: self.last_step.clone(),
            month: Some(self.month),
            is_closed: self.is_closed(partner),
        }
    }

    /// Tells whether nothing more is released to a partner.
    pub(super) fn is_closed(&self, partner: &PrincipalId) -> bool {
        let said = self.of(partner).and_then(|budget| budget.state.as_ref());
        said.map_or(self.privacy.budgets_start == BudgetsStart::Closed, |state| !state.is_open)
    }

    fn of(&self, partner: &PrincipalId) -> Option<&PartnerBudget> {
        PartnerBudget::of(&self.budgets, partner)
    }

    /// Returns what may be spent of a scope.
    pub(super) fn allowed(&self, scope: &Scope) -> Result<Allowed, PriceError> {
        let configured = configured(self.privacy, scope)?;
        let Some(budget) = scope.partner().and_then(|partner| self.of(partner)) else {
            return Ok(Allowed { caps: configured, next_month: configured.month });
        };
        let dataset = match scope {
            Scope::PartnerDataset(_, dataset) => Some(dataset),
            Scope::Partner(_) | Scope::Dataset(_) => None,
        };
        let allowed = |of, month, configured| {
            let allowed = budget.allowed((of, dataset), month, configured);
            least(allowed, self.ceiling(configured))
        };
        Ok(Allowed {
            caps: Caps {
                month: allowed(Bounded::Month, Some(self.month), configured.month),
                lifetime: allowed(Bounded::Lifetime, None, configured.lifetime),
            },
            next_month: allowed(Bounded::Month, None, configured.month),
        })
    }

    /// Returns the most that steps may allow where so much is configured.
    pub(super) fn ceiling(&self, configured: Price) -> Price {
        let times = u64::from(self.privacy.ceiling);
        Price {
            rho_nano: configured.rho_nano.saturating_mul(times),
            delta_atto: configured.delta_atto.saturating_mul(times),
        }
    }

    /// Returns what is configured for one thing that steps change, and what is allowed of it now.
    pub(super) fn of_slot(
        &self,
        partner: &PrincipalId,
        (of, dataset): (Bounded, Option<&DatasetName>),
    ) -> Result<(Price, Price), PriceError> {
        if of == Bounded::Release {
            return Ok((configured_release(self.privacy, partner)?, self.release_max(partner)?));
        }
        let scope = dataset.map_or_else(
            || Scope::Partner(partner.clone()),
            |dataset| Scope::PartnerDataset(partner.clone(), dataset.clone()),
        );
        let window = if of == Bounded::Month { Window::Month(self.month) } else { Window::Lifetime };
        let (configured, allowed) = (configured(self.privacy, &scope)?, self.allowed(&scope)?);
        Ok((configured.of(window), allowed.caps.of(window)))
    }

    /// Returns every scope that a release of a partner from these datasets is charged to, with what may be spent there.
    pub(super) fn scopes<'a>(
        &self,
        partner: &PrincipalId,
        datasets: impl IntoIterator<Item = &'a DatasetName>,
    ) -> Result<Vec<(Scope, Allowed)>, PriceError> {
        let mut scopes = vec![Scope::Partner(partner.clone())];
        for dataset in datasets {
            scopes.push(Scope::PartnerDataset(partner.clone(), dataset.clone()));
            scopes.push(Scope::Dataset(dataset.clone()));
        }
        scopes
            .into_iter()
            .map(|scope| {
                let allowed = self.allowed(&scope)?;
                Ok((scope, allowed))
            })
            .collect()
    }

    /// Returns the most that one release of a partner may cost, in rho.
    pub(super) fn release_max(&self, partner: &PrincipalId) -> Result<Price, PriceError> {
        let configured = configured_release(self.privacy, partner)?;
        let allowed =
            self.of(partner).map(|budget| budget.allowed((Bounded::Release, None), None, configured));
        Ok(allowed.map_or(configured, |allowed| least(allowed, self.ceiling(configured))))
    }
}

fn least(one: Price, other: Price) -> Price {
    Price { rho_nano: one.rho_nano.min(other.rho_nano), delta_atto: one.delta_atto.min(other.delta_atto) }
}

/// Returns what is configured for a scope.
fn configured(privacy: &PrivacySection, scope: &Scope) -> Result<Caps, PriceError> {
    let held = scope.partner().map_or_else(|| privacy.clone(), |partner| privacy.of(partner));
    let (month, lifetime) = match scope {
        Scope::Partner(_) => {
            ((held.partner_rho_month, held.partner_delta_month), (held.partner_rho, held.partner_delta))
        }
        Scope::PartnerDataset(..) => (
            (held.partner_dataset_rho_month, held.partner_dataset_delta_month),
            (held.partner_dataset_rho, held.partner_dataset_delta),
        ),
        Scope::Dataset(_) => {
            ((held.dataset_rho_month, held.dataset_delta_month), (held.dataset_rho, held.dataset_delta))
        }
    };
    let price = |(rho, delta)| Price::from_parts(rho, Delta::new(delta)?);
    Ok(Caps { month: price(month)?, lifetime: price(lifetime)? })
}

pub(super) fn configured_release(
    privacy: &PrivacySection,
    partner: &PrincipalId,
) -> Result<Price, PriceError> {
    Price::from_parts(privacy.of(partner).release_rho_max, Delta::new(0.0)?)
}
