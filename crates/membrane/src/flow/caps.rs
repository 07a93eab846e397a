//! The caps of budgets: what the configuration allows for each scope.

use membrane_ledger::{Caps, Scope};
use membrane_model::{DatasetName, Delta, Price, PriceError, PrincipalId};

use crate::config::PrivacySection;

/// Returns the caps of one scope.
pub(super) fn caps_of(privacy: &PrivacySection, scope: &Scope) -> Result<Caps, PriceError> {
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

/// Returns every scope that a release of this partner from these datasets is charged to, with its caps.
pub(super) fn caps<'a>(
    privacy: &PrivacySection,
    partner: &PrincipalId,
    datasets: impl IntoIterator<Item = &'a DatasetName>,
) -> Result<Vec<(Scope, Caps)>, PriceError> {
    let mut scopes = vec![Scope::Partner(partner.clone())];
    for dataset in datasets {
        scopes.push(Scope::PartnerDataset(partner.clone(), dataset.clone()));
        scopes.push(Scope::Dataset(dataset.clone()));
    }
    scopes
        .into_iter()
        .map(|scope| {
            let caps = caps_of(privacy, &scope)?;
            Ok((scope, caps))
        })
        .collect()
}

/// Returns the most that one release of this partner may cost, in rho.
pub(super) fn release_max(privacy: &PrivacySection, partner: &PrincipalId) -> Result<Price, PriceError> {
    Price::from_parts(privacy.of(partner).release_rho_max, Delta::new(0.0)?)
}
