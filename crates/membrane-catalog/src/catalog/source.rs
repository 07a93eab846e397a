//! What a source says of contracts.

use std::path::PathBuf;

use membrane_model::{ColumnName, LogicalType, PrincipalKind, Protection};

use crate::read::{Contract, Mark, Report, did_you_mean};
use crate::{Column, Reads, Source};

/// Checks what a source says about other files.
pub(super) fn check_source(source: &Source, contracts: &[(&PathBuf, Contract)], report: &mut Report) {
    let mut fault = |message: String| report.fault(Mark::START, message);
    if source.principal.as_ref().is_some_and(|principal| principal.kind() != PrincipalKind::Service) {
        fault("`principal` is a service, `service:NAME`: a source acts for no person".to_owned());
    }
    let named = |contract: &&(&PathBuf, Contract)| {
        contract.1.name.as_ref().is_some_and(|name| name.value == source.dataset)
    };
    let Some((_, contract)) = contracts.iter().find(named) else {
        let known = contracts.iter().filter_map(|(_, contract)| contract.name.as_ref());
        let hint = did_you_mean(source.dataset.as_str(), known.map(|name| name.value.as_str()));
        fault(format!("dataset `{}` has no contract{hint}", source.dataset));
        return;
    };
    let Some(dataset) = &contract.dataset else { return };
    let mut unknown = |column: &ColumnName| {
        let known = dataset.columns.iter().map(|column| column.name.as_str());
        let hint = did_you_mean(column.as_str(), known);
        fault(format!("dataset `{}` has no column `{column}`{hint}", source.dataset));
    };
    let is_unknown = |column: &&ColumnName| dataset.column(column).is_none();
    let table = match &source.reads {
        Reads::Table(table) => table,
        Reads::Files(files) => {
            files.columns.keys().filter(is_unknown).for_each(unknown);
            return;
        }
        Reads::Webhook(webhook) => {
            webhook.columns.keys().filter(is_unknown).for_each(unknown);
            return;
        }
        Reads::Topic(_) => return,
    };
    let named = table.columns.keys().chain(table.control_sums.iter().flatten());
    named.filter(is_unknown).for_each(&mut unknown);
    for column in table.control_sums.iter().flatten() {
        if let Some(known) = dataset.column(column).filter(|known| !adds_up(known)) {
            fault(format!(
                "column `{}` cannot be in `control_sums`: whole numbers and decimals that are `clear` add up",
                known.name
            ));
        }
    }
}

/// Tells whether a source can add a column up: exactly, and of values that may be shown in a sum.
fn adds_up(column: &Column) -> bool {
    let is_exact = matches!(column.logical_type, LogicalType::Integer | LogicalType::Decimal { .. });
    is_exact && column.protection == Protection::Clear && column.from.is_none()
}
