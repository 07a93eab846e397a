//! Explains how a column is shown to somebody: by which policies, and what would have to change for more.
//!
//! What would have to change is found by asking the same question with one thing different: another purpose, one more group,
//! more clearance. Where neither a group nor clearance helps, both together are tried; where no single thing does, a purpose
//! together with a group. So it is Cedar's answer, not a guess.

mod glass;
mod notes;
mod supposed;

use cedar_policy::{Entities, EntityUid};
use chrono::{DateTime, Utc};
use membrane_catalog::{Catalog, Column};
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, Purpose, RevealLevel, Shown};

use crate::ask::{Answer, Asker, Outcome};
use crate::column::decide_column;
use crate::world::DatasetUids;
use crate::{BrokenGlass, DelegationRequest, Policies};
use supposed::Supposing;

/// What is asked: how a column is shown.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// To whom.
    pub principal: &'a PrincipalId,
    /// On whose behalf they ask, if not in their own name.
    pub on_behalf_of: Option<&'a PrincipalId>,
    /// In which sense: `read` or `release`.
    pub action: Action,
    /// What for.
    pub purpose: &'a Purpose,
    /// In which dataset.
    pub dataset: &'a DatasetName,
    /// Which column.
    pub column: &'a ColumnName,
    /// When.
    pub now: DateTime<Utc>,
    /// The break-glass grants that are open for the principal and the purpose.
    pub broken: &'a [BrokenGlass],
}

/// How a column is shown to somebody, and why.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// How it is shown; none: it does not exist for them.
    pub shown: Option<Shown>,
    /// The policies that decided that.
    pub factors: Vec<String>,
    /// What was asked, in order: on behalf of another whether that one may hand on, the dataset, then each level from the highest
    /// down.
    pub asked: Vec<Asked>,
    /// Where policy permits more than the stored column can give: what is permitted, and what stands against it.
    pub notes: Vec<String>,
    /// What would show more, each by itself.
    pub changes: Vec<Change>,
    /// Whether it is shown otherwise while a break-glass grant of the column is open.
    pub behind_glass: bool,
}

/// One question to Cedar and its answer.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The action.
    pub action: &'static str,
    /// The answer in words.
    pub answer: &'static str,
    /// The policies that determined it.
    pub factors: Vec<String>,
}

/// A change that would show more.
#[derive(Debug, Clone)]
pub struct Change {
    /// What would have to be otherwise.
    pub what: String,
    /// How the column would be shown.
    pub shown: Shown,
    /// By which policies.
    pub factors: Vec<String>,
}

impl Policies {
    /// Explains how a column is shown. On behalf of another: to whoever acts by a delegation that is open; what would show more is
    /// said of the one on whose behalf it is. None: there is no such principal, dataset or column.
    #[must_use]
    pub fn explain(&self, catalog: &Catalog, question: &Question<'_>) -> Option<Explanation> {
        let dataset = catalog.dataset(question.dataset)?;
        let asks = self.world.principals.get(question.principal)?;
        let (principal, acting) = match question.on_behalf_of {
            Some(other) => (self.world.principals.get(other)?, Some(asks)),
            None => (asks, None),
        };
        let what = What {
            policies: self,
            question,
            principal,
            acting,
            column: dataset.column(question.column)?,
            uids: self.world.datasets.get(question.dataset)?,
        };
        let asker = what.asker(&self.world.entities, question.purpose)?;
        let (shown, factors) = what.shown(&asker, question.purpose);
        let mut changes = what.changes(catalog, shown);
        changes.extend(what.break_glass(shown));
        Some(Explanation {
            shown,
            factors,
            asked: what.asked(&asker),
            notes: what.notes(&asker, shown),
            changes,
            behind_glass: what.is_behind_glass(),
        })
    }
}

struct What<'a> {
    policies: &'a Policies,
    question: &'a Question<'a>,
    /// Whose rights are used.
    principal: &'a EntityUid,
    /// Who acts for the principal.
    acting: Option<&'a EntityUid>,
    column: &'a Column,
    uids: &'a DatasetUids,
}

impl<'a> What<'a> {
    fn asker<'b>(&'b self, entities: &'b Entities, purpose: &Purpose) -> Option<Asker<'b>> {
        // A grant is for one purpose.
        let broken = if purpose == self.question.purpose { self.broken() } else { Vec::new() };
        self.asker_behind(entities, purpose, &broken)
    }

    fn asker_behind<'b>(
        &'b self,
        entities: &'b Entities,
        purpose: &Purpose,
        broken: &[EntityUid],
    ) -> Option<Asker<'b>> {
        let (who, now) = (self.principal, self.question.now);
        let asker = Asker::behind_glass(self.policies, who, Some(purpose), now, broken)?;
        let asker = Asker { entities, ..asker };
        let Some(acting) = self.acting else { return Some(asker) };
        Some(asker.above(Asker::new(self.policies, acting, Some(purpose), now)?))
    }

    /// Asks whether the one on whose behalf the question is may hand the dataset on, for a purpose; nothing in one's own name.
    fn handed_on(&self, purpose: &Purpose) -> Option<Answer> {
        let Question { principal, on_behalf_of, dataset, now, .. } = *self.question;
        let asked = DelegationRequest {
            delegator: on_behalf_of?.clone(),
            delegate: principal.clone(),
            purposes: Vec::new(),
            datasets: Vec::new(),
        };
        Some(self.policies.may_hand_on(&asked, purpose, dataset, now))
    }

    fn resource(&self) -> Option<&'a EntityUid> {
        self.uids.columns.get(&self.column.name)
    }

    /// Returns how the column is shown, and by which policies: those that let the dataset be used are not repeated.
    fn shown(&self, asker: &Asker<'_>, purpose: &Purpose) -> (Option<Shown>, Vec<String>) {
        if let Some(answer) = self.handed_on(purpose).filter(|answer| answer.outcome != Outcome::Permitted) {
            return (None, answer.factors);
        }
        let may_use = asker.ask(self.question.action.as_str(), &self.uids.dataset);
        let (Outcome::Permitted, Some(resource)) = (may_use.outcome, self.resource()) else {
            return (None, may_use.factors);
        };
        let verdict = decide_column(asker, self.column, resource);
        (verdict.granted.map(|granted| granted.shown), verdict.factors)
    }

    fn asked(&self, asker: &Asker<'_>) -> Vec<Asked> {
        let action = self.question.action.as_str();
        let levels = RevealLevel::HIGHEST_FIRST.into_iter().map(RevealLevel::cedar_action);
        let columns = levels.filter_map(|action| Some((action, self.resource()?)));
        let asked = [(action, &self.uids.dataset)].into_iter().chain(columns);
        let answers = asked.map(|(action, resource)| (action, asker.ask(action, resource)));
        let handed_on = self.handed_on(self.question.purpose);
        let handed_on = handed_on.map(|answer| (Action::Delegate.as_str(), answer));
        handed_on
            .into_iter()
            .chain(answers)
            .map(|(action, answer)| Asked { action, answer: answer.reason(), factors: answer.factors })
            .collect()
    }

    fn changes(&self, catalog: &Catalog, shown: Option<Shown>) -> Vec<Change> {
        let now = shown.map(Shown::level);
        let more = |change: &Change| Some(change.shown.level()) > now;
        let world = &self.policies.world.entities;
        let purposes =
            || catalog.purposes().map(|entry| &entry.name).filter(|name| *name != self.question.purpose);
        let mut found: Vec<Change> = purposes()
            .filter_map(|purpose| self.change(format!("for the purpose {purpose}"), world, purpose))
            .filter(more)
            .collect();
        let Some(supposing) = Supposing::of(self.policies, self.principal) else { return found };
        let same_purpose = |(what, entities): (String, Entities)| {
            self.change(what, &entities, self.question.purpose).filter(more)
        };
        let in_groups: Vec<(String, Entities)> =
            supposing.groups().filter_map(|group| supposing.with(Some(group), None)).collect();
        let mut personal: Vec<Change> = in_groups.iter().cloned().filter_map(same_purpose).collect();
        // Of clearances the least is told.
        let cleared = |group: Option<&EntityUid>| {
            supposing.clearances().filter_map(|more| supposing.with(group, Some(more))).find_map(same_purpose)
        };
        personal.extend(cleared(None));
        if personal.is_empty() {
            personal.extend(supposing.groups().filter_map(|group| cleared(Some(group))));
        }
        found.extend(personal);
        if found.is_empty() {
            for (what, entities) in &in_groups {
                let both = purposes().filter_map(|purpose| {
                    self.change(format!("{what}, for the purpose {purpose}"), entities, purpose)
                });
                found.extend(both.filter(more));
            }
        }
        found
    }

    fn change(&self, what: String, entities: &Entities, purpose: &Purpose) -> Option<Change> {
        let asker = self.asker(entities, purpose)?;
        let (shown, factors) = self.shown(&asker, purpose);
        Some(Change { what, shown: shown?, factors })
    }
}

#[cfg(test)]
mod tests;
