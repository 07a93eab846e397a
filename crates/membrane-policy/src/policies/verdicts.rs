//! What was decided about datasets before, so that the same question is not asked of Cedar again.
//!
//! Policies are fixed once they are loaded, and Cedar answers by nothing but them and the question: who asks, on whose behalf, to do what, for
//! what purpose, with which dataset, behind which broken glass, and when. So what was decided once is decided for good, for
//! all moments of a stretch ([`super::moments`]).
//!
//! INVARIANT: a verdict that is kept is the one that would be made now. PRIVACY: it is made of names, policies and the
//! constants of policies and principals; nothing of the data is in it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use cedar_policy::EntityUid;
use membrane_catalog::Dataset;
use membrane_ledger::Decision;
use membrane_model::{Action, DatasetName, PrincipalId, Purpose};

use crate::RowRule;
use crate::permit::{GrantedColumn, GrantedDataset};

/// Columns in all that are kept, decided about or not: some tens of megabytes.
const COLUMNS_MAX: usize = 100_000;

/// A question about datasets, without the dataset.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    /// By whose rights.
    pub(crate) principal: PrincipalId,
    /// Who acts for that one, if another does.
    pub(crate) delegate: Option<PrincipalId>,
    pub(crate) action: Action,
    pub(crate) purpose: Option<Purpose>,
    /// The columns before which the glass is broken.
    pub(crate) broken: BTreeSet<EntityUid>,
    /// The stretch of time that it is asked in.
    pub(crate) stretch: usize,
}

/// What was decided about one dataset.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// The contract that it was decided by.
    pub(crate) dataset: Arc<Dataset>,
    /// What goes on record.
    pub(crate) decision: Decision,
    /// What may be seen of it, if anything may.
    pub(crate) granted: Option<(Vec<GrantedColumn>, RowRule)>,
}

impl Verdict {
    /// Tells it once more.
    pub(crate) fn told(&self) -> (Decision, Option<GrantedDataset>) {
        let granted = self.granted.clone().map(|(columns, row_rule)| GrantedDataset {
            dataset: Arc::clone(&self.dataset),
            columns,
            row_rule,
        });
        (self.decision.clone(), granted)
    }
}

/// The verdicts that are kept.
#[derive(Debug, Default)]
pub(crate) struct Verdicts(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    of: HashMap<(Arc<Question>, DatasetName), Arc<Verdict>>,
    columns: usize,
}

impl Verdicts {
    /// Returns what was decided about a dataset by the same contract.
    pub(crate) fn get(&self, question: &Arc<Question>, dataset: &Arc<Dataset>) -> Option<Arc<Verdict>> {
        let key = (Arc::clone(question), dataset.name.clone());
        let found = self.0.lock().ok()?.of.get(&key).map(Arc::clone)?;
        Arc::ptr_eq(&found.dataset, dataset).then_some(found)
    }

    /// Keeps a verdict. When there are too many, all others are forgotten.
    pub(crate) fn keep(&self, question: &Arc<Question>, verdict: Arc<Verdict>) {
        let Ok(mut kept) = self.0.lock() else { return };
        let columns = verdict.dataset.columns.len() + 1;
        if kept.columns + columns > COLUMNS_MAX {
            *kept = Kept::default();
        }
        kept.columns += columns;
        let key = (Arc::clone(question), verdict.dataset.name.clone());
        if let Some(other) = kept.of.insert(key, verdict) {
            kept.columns = kept.columns.saturating_sub(other.dataset.columns.len() + 1);
        }
    }

    /// Forgets every verdict.
    #[cfg(test)]
    pub(crate) fn forget(&self) -> usize {
        std::mem::take(&mut *self.0.lock().unwrap()).of.len()
    }
}

#[cfg(test)]
mod tests;
