//! Where policy permits more of a column than the column can give.

use membrane_model::{RevealLevel, Shown};

use super::What;
use crate::ask::{Asker, Outcome};
use crate::column::hindrance;
use crate::parameters::{Parameters, least_form, least_mask};

impl What<'_> {
    /// Lists the levels that are permitted and not shown, each with what keeps the column from it.
    pub(super) fn notes(&self, asker: &Asker<'_>, shown: Option<Shown>) -> Vec<String> {
        let may_use = asker.ask(self.question.action.as_str(), &self.uids.dataset);
        let (Outcome::Permitted, Some(resource)) = (may_use.outcome, self.resource()) else {
            return Vec::new();
        };
        let so = shown.map_or_else(
            || "it is hidden".to_owned(),
            |shown| match shown {
                Shown::Null => "it shows as NULL".to_owned(),
                shown => format!("it shows as {shown}"),
            },
        );
        let mut notes = Vec::new();
        for level in RevealLevel::HIGHEST_FIRST {
            if Some(level) <= shown.map(Shown::level) {
                break;
            }
            let answer = asker.ask(level.cedar_action(), resource);
            match answer.outcome {
                // A policy that errs hides the column, whatever it could show.
                Outcome::Faulty => break,
                Outcome::Forbidden | Outcome::Unmentioned => continue,
                Outcome::Permitted => {}
            }
            let Some(why) = self.way(level, &answer.factors).and_then(|way| hindrance(self.column, way))
            else {
                continue;
            };
            let by = answer.factors.join(", ");
            notes.push(format!("{} is permitted by {by}, but {why}: {so}", level.cedar_action()));
        }
        notes
    }

    /// Returns how policies say that a level looks.
    fn way(&self, level: RevealLevel, factors: &[String]) -> Option<Shown> {
        let parameters = || factors.iter().filter_map(|id| self.parameters_of(id));
        Some(match level {
            RevealLevel::Clear => Shown::Clear,
            RevealLevel::Partial => {
                Shown::Partial(least_mask(parameters().filter_map(|found| found.partial))?)
            }
            RevealLevel::Generalised => Shown::Generalised(parameters().find_map(|found| found.generalise)?),
            RevealLevel::Token => Shown::Token(least_form(parameters().map(|found| found.token))),
            RevealLevel::Null => Shown::Null,
        })
    }

    fn parameters_of(&self, id: &str) -> Option<Parameters> {
        self.policies.parameters.get(&cedar_policy::PolicyId::new(id)).copied()
    }
}
