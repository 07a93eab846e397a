//! Which columns a run took, and at which level it was permitted to: what was seen, where a decision says what could have been.

use std::collections::BTreeMap;

use membrane_model::{Action, FieldRef};

use crate::{Decision, RunRecord};

/// The word for what a release shows of a column.
pub(crate) const NOISE: &str = "noise";

/// A column that a run took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRead<'a> {
    /// Of which dataset.
    pub dataset: &'a str,
    /// The column.
    pub column: &'a str,
    /// The highest level at which it was permitted, in one word; `noise` in a release; none where nothing was decided about it.
    pub level: Option<&'static str>,
    /// Whether a value of it came through, changed or not.
    pub is_direct: bool,
    /// Whether it had a say: which rows there are, in which order, in which groups.
    pub is_indirect: bool,
    /// The policies that determined the level, each once.
    pub factors: Vec<&'a str>,
}

impl RunRecord {
    /// Returns the columns that the run took, by dataset and name; for records that were read with their edges and decisions.
    #[must_use]
    pub fn columns_read(&self) -> Vec<ColumnRead<'_>> {
        let mut taken: BTreeMap<(&str, &str), (bool, bool)> = BTreeMap::new();
        for edge in self.edges.iter().filter(|edge| edge.from.namespace == FieldRef::DATASETS) {
            let (direct, indirect) = taken.entry((&edge.from.name, &edge.from.field)).or_default();
            *direct |= edge.transformation.is_direct();
            *indirect |= !edge.transformation.is_direct();
        }
        let read = |((dataset, column), (is_direct, is_indirect))| {
            let (level, factors) = self.shown(dataset, column);
            ColumnRead { dataset, column, level, is_direct, is_indirect, factors }
        };
        taken.into_iter().map(read).collect()
    }

    /// Returns at which level a column was permitted, and by which policies.
    fn shown(&self, dataset: &str, column: &str) -> (Option<&'static str>, Vec<&str>) {
        let of_dataset = |decision: &&Decision| {
            decision.allowed && decision.dataset.as_ref().is_some_and(|name| name.as_str() == dataset)
        };
        let columns = || self.decisions.iter().filter(of_dataset).flat_map(|decision| &decision.columns);
        let about = || columns().filter(|about| about.column.as_str() == column);
        let highest = about().filter_map(|about| about.level).max();
        let deciding = about().filter(|about| about.level == highest);
        let mut factors: Vec<&str> = deciding.flat_map(|about| &about.factors).map(String::as_str).collect();
        factors.sort_unstable();
        factors.dedup();
        let level = match self.action {
            Action::Release => Some(NOISE),
            _ => highest.map(|level| level.as_str()),
        };
        (level, factors)
    }
}
