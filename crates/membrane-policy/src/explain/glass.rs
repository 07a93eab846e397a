//! What break-glass has to do with how a column is shown: grants that are open, and those that could be asked for.

use cedar_policy::EntityUid;
use membrane_model::{Action, Shown};

use super::{Change, What};
use crate::ask::Outcome;

impl What<'_> {
    /// Returns the columns before which the glass is broken: for reading only.
    pub(super) fn broken(&self) -> Vec<EntityUid> {
        if !self.reads_in_own_name() {
            return Vec::new();
        }
        let columns = self.question.broken.iter().flat_map(|glass| &glass.columns);
        let known = &self.policies.world.datasets;
        columns.filter_map(|(dataset, column)| known.get(dataset)?.columns.get(column)).cloned().collect()
    }

    /// Tells whether the column is shown otherwise while a grant of it is open.
    pub(super) fn is_behind_glass(&self) -> bool {
        if !self.reads_in_own_name() {
            return false;
        }
        let without = self.supposing_broken(&[]).map(|(shown, _)| shown);
        let with = self.resource().and_then(|column| self.supposing_broken(std::slice::from_ref(column)));
        with.map(|(shown, _)| shown) != without
    }

    /// Tells whether broken glass can count: for reading, and for the one whose it is alone.
    fn reads_in_own_name(&self) -> bool {
        self.question.action == Action::Read && self.acting.is_none()
    }

    /// Returns what would be shown if glass were broken, where the principal may ask for that and it is more.
    pub(super) fn break_glass(&self, shown: Option<Shown>) -> Option<Change> {
        if !self.reads_in_own_name() {
            return None;
        }
        let column = self.resource()?;
        let asker = self.asker(&self.policies.world.entities, self.question.purpose)?;
        let may_ask = asker.ask(Action::RequestBreakGlass.as_str(), column);
        let (then, mut factors) = self.supposing_broken(std::slice::from_ref(column))?;
        let more = then.map(Shown::level) > shown.map(Shown::level);
        if may_ask.outcome != Outcome::Permitted || !more {
            return None;
        }
        factors.extend(may_ask.factors);
        let what = "for some hours with break-glass, once they ask for it and another agrees".to_owned();
        Some(Change { what, shown: then?, factors })
    }

    fn supposing_broken(&self, broken: &[EntityUid]) -> Option<(Option<Shown>, Vec<String>)> {
        let entities = &self.policies.world.entities;
        let purpose = self.question.purpose;
        Some(self.shown(&self.asker_behind(entities, purpose, broken)?, purpose))
    }
}
