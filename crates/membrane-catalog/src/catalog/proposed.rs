//! Contracts that are not in the catalog yet.

use std::path::{Path, PathBuf};

use membrane_model::{ClassName, DatasetName};

use super::{Catalog, unknown_purpose};
use crate::read::{Contract, Identity, Report, read_contract, reference_fault};
use crate::{CatalogError, Dataset};

impl Catalog {
    /// Checks a contract that somebody proposes, as if it stood in `contracts/` in place of the one that the dataset has,
    /// and returns what it says.
    ///
    /// Whether another contract has its `id` is not known here; [`Catalog::load`] tells.
    ///
    /// # Errors
    /// [`CatalogError::Faults`] with everything that is wrong with it.
    pub fn check_contract(&self, name: &DatasetName, text: &str) -> Result<Dataset, CatalogError> {
        let file: PathBuf = Path::new("contracts").join(format!("{name}.yaml"));
        let mut report = Report::new(&file);
        let contract = read_contract(text, name.as_str(), Some(&self.classes), &mut report);
        if let Some(contract) = &contract {
            self.check_beside(contract, name, &mut report);
        }
        let mut faults = report.into_faults();
        faults.sort();
        match contract.and_then(|contract| contract.dataset) {
            Some(dataset) if faults.is_empty() => Ok(dataset),
            _ => Err(CatalogError::Faults(faults)),
        }
    }

    /// Checks that columns of one identity are spelled alike.
    fn check_standard(&self, identity: &Identity, name: &DatasetName, report: &mut Report) {
        let Some(standard) = identity.standard else { return };
        let others = self.datasets().filter(|dataset| dataset.name != *name);
        let mut columns =
            others.flat_map(|dataset| dataset.columns.iter().map(move |column| (&dataset.name, column)));
        let other = columns.find_map(|(dataset, column)| {
            let other = column.standard.filter(|other| !other.is_like(standard))?;
            (column.identity.as_ref() == Some(&identity.kind)).then_some((dataset, other))
        });
        if let Some((dataset, other)) = other {
            let fault = format!(
                "identity kind `{}` has the standard {standard} here and {other} in `{dataset}`: give it one",
                identity.kind
            );
            report.fault(identity.mark, fault);
        }
    }

    /// Checks what hangs on the other contracts: identity kinds and purposes.
    fn check_beside(&self, contract: &Contract, name: &DatasetName, report: &mut Report) {
        for identity in &contract.identities {
            let kind = &identity.kind;
            if self.classes.iter().any(|class: &ClassName| class.as_str() == kind.as_str()) {
                let fault = format!("identity kind `{kind}` is the name of a class: their tokens would mix");
                report.fault(identity.mark, fault);
            }
            let others = self.datasets().filter(|dataset| dataset.name != *name);
            let columns =
                others.flat_map(|dataset| dataset.columns.iter().map(move |column| (&dataset.name, column)));
            let other = columns.into_iter().find(|(_, column)| {
                column.identity.as_ref() == Some(kind) && column.logical_type != identity.logical_type
            });
            if let Some((dataset, column)) = other {
                let fault = format!(
                    "identity kind `{kind}` is {} here and {} in `{dataset}`: give it one type",
                    identity.logical_type, column.logical_type
                );
                report.fault(identity.mark, fault);
            }
            self.check_standard(identity, name, report);
        }
        for referring in &contract.references {
            let target = self.datasets.get(&referring.reference.dataset).map(std::sync::Arc::as_ref);
            let known = self.datasets().map(|dataset| dataset.name.as_str());
            if let Some(fault) = reference_fault(referring, Some(name), target, known) {
                report.fault(referring.mark, fault);
            }
        }
        for purpose in &contract.purposes {
            if let Some(fault) = unknown_purpose(&purpose.value, &self.purposes) {
                report.fault(purpose.mark, fault);
            }
        }
    }
}
