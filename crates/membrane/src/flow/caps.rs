//! The caps of budgets: what the configuration allows for each scope.

use membrane_ledger::Scope;
use membrane_model::{DatasetName, Delta, Price, PriceError, PrincipalId};

use crate::config::PrivacySection;

/// Returns the cap of one scope.
pub(super) fn cap_of(privacy: &PrivacySection, scope: &Scope) -> Result<Price, PriceError> {
    let (rho, delta) = match scope {
        Scope::Partner(_) => (privacy.partner_rho, privacy.partner_delta),
        Scope::PartnerDataset(..) => (privacy.partner_dataset_rho, privacy.partner_dataset_delta),
        Scope::Dataset(_) => (privacy.dataset_rho, privacy.dataset_delta),
    };
    Price::from_parts(rho, Delta::new(delta)?)
}

/// Returns every scope that a release of this partner from these datasets is charged to, with its cap.
pub(super) fn caps<'a>(
    privacy: &PrivacySection,
    partner: &PrincipalId,
    datasets: impl IntoIterator<Item = &'a DatasetName>,
) -> Result<Vec<(Scope, Price)>, PriceError> {
    let mut scopes = vec![Scope::Partner(partner.clone())];
    for dataset in datasets {
        scopes.push(Scope::PartnerDataset(partner.clone(), dataset.clone()));
        scopes.push(Scope::Dataset(dataset.clone()));
    }
    scopes
        .into_iter()
        .map(|scope| {
            let cap = cap_of(privacy, &scope)?;
            Ok((scope, cap))
        })
        .collect()
}
