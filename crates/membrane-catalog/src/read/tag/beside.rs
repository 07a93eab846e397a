//! What a tag says of contracts and purposes.

use std::path::PathBuf;

use membrane_model::DatasetName;

use super::super::contract::Contract;
use super::super::suggest::{did_you_mean, shown};
use super::super::{At, Report};
use super::table::check_table;
use super::{Given, TagDraft};
use crate::tag::{Piece, pieces};
use crate::{Dataset, PurposeEntry};

/// What stands beside the tags of a catalog.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beside<'a> {
    /// The contracts.
    pub(crate) contracts: &'a [(&'a PathBuf, Contract)],
    /// The purposes; none where their list is faulty.
    pub(crate) purposes: Option<&'a [PurposeEntry]>,
}

impl<'a> Beside<'a> {
    fn datasets(self) -> impl Iterator<Item = &'a Dataset> {
        self.contracts.iter().filter_map(|(_, contract)| contract.dataset.as_ref())
    }

    /// Finds a dataset, and says whether there is a contract for it at all.
    fn find(self, name: &DatasetName) -> Option<Option<&'a Dataset>> {
        let named = |contract: &&(&PathBuf, Contract)| {
            contract.1.name.as_ref().is_some_and(|known| known.value == *name)
        };
        self.contracts.iter().find(named).map(|(_, contract)| contract.dataset.as_ref())
    }

    fn missing(self, name: &DatasetName) -> String {
        let known = self.contracts.iter().filter_map(|(_, contract)| contract.name.as_ref());
        let hint = did_you_mean(name.as_str(), known.map(|name| name.value.as_str()));
        format!("dataset `{name}` has no contract{hint}")
    }
}

/// Checks what a tag says about other files but tags.
pub(crate) fn check_beside(draft: &TagDraft, beside: Beside<'_>, report: &mut Report) {
    for purpose in &draft.purposes {
        let unknown = beside
            .purposes
            .filter(|known| known.iter().all(|entry| entry.name != purpose.value))
            .map(|known| did_you_mean(purpose.value.as_str(), known.iter().map(|entry| entry.name.as_str())));
        if let Some(hint) = unknown {
            report
                .fault(purpose.mark, format!("purpose `{}` is not in `purposes.yaml`{hint}", purpose.value));
        }
    }
    if let Some(entity) = &draft.entity {
        let subjects = beside.datasets().filter_map(|dataset| dataset.subject.as_ref());
        let known: Vec<&str> = subjects.map(|subject| subject.kind.as_str()).collect();
        if !known.contains(&entity.value.as_str()) {
            let hint = did_you_mean(entity.value.as_str(), known);
            let fault = format!("`{}` is the identity of no dataset's subject{hint}", entity.value);
            report.fault(entity.mark, fault);
        }
    }
    if let Some(table) = &draft.table {
        match beside.find(&table.value) {
            None => report.fault(table.mark, beside.missing(&table.value)),
            Some(Some(dataset)) => {
                check_table(dataset, draft.entity.as_ref().map(|it| &it.value), table.mark, report);
            }
            // A contract in which something is wrong is told of by itself.
            Some(None) => {}
        }
    }
    let words: Option<Vec<String>> = draft.tag.as_ref().map(|tag| {
        let pieces = pieces(&tag.sql).into_iter();
        let word = |piece| if let Piece::Word(word) = piece { Some(word.to_ascii_lowercase()) } else { None };
        pieces.filter_map(|(_, piece)| word(piece)).collect()
    });
    for given in &draft.given {
        check_given(given, words.as_deref(), beside, report);
    }
}

/// Checks the rows that a test makes up.
fn check_given(given: &At<Given>, words: Option<&[String]>, beside: Beside<'_>, report: &mut Report) {
    let Given { dataset: name, file, header } = &given.value;
    let dataset = match beside.find(name) {
        None => return report.fault(given.mark, beside.missing(name)),
        Some(None) => return,
        Some(Some(dataset)) => dataset,
    };
    if words.is_some_and(|words| words.iter().all(|word| word != name.as_str())) {
        report.fault(given.mark, format!("the statement does not read `{name}`, whose rows a test gives"));
    }
    for (place, column) in header.iter().enumerate() {
        let is_known = dataset.columns.iter().any(|known| known.name.as_str() == column);
        if !is_known {
            let hint = did_you_mean(column, dataset.columns.iter().map(|known| known.name.as_str()));
            let fault =
                format!("`{file}` has a column {}, and dataset `{name}` has none{hint}", shown(column));
            report.fault(given.mark, fault);
        } else if header.iter().take(place).any(|other| other == column) {
            report.fault(given.mark, format!("`{file}` has the column `{column}` twice"));
        }
    }
}
