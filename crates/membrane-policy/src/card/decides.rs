//! Cards that decide nothing for those that there are: they are over, or other policies decide in their place.
//!
//! It is asked, not inferred: for each principal, purpose and column that the card is about, whether the card permits, and
//! then how the column is shown. A card that decides once is done with. Of a card about whom there is nobody yet, or all of whom
//! are shown more by others, nothing is said: it may be meant for those who come.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use cedar_policy::{Context, Decision, EntityUid, PolicyId, PolicySet, Request};
use chrono::{DateTime, NaiveTime, Utc};
use membrane_catalog::yaml::At;
use membrane_catalog::{Catalog, Column, Fault};
use membrane_model::{Purpose, Shown};

use super::{Card, Columns, Rule};
use crate::Policies;
use crate::ask::{Asker, Outcome};
use crate::column::decide_column;

impl Policies {
    /// Lists the cards that give nothing at a moment: their time is over, or what they give is nowhere shown, since other
    /// policies forbid it or show less at the same level.
    #[must_use]
    pub fn idle_cards(&self, catalog: &Catalog, now: DateTime<Utc>) -> Vec<Fault> {
        let idle = |card: &Card| {
            let found = over(card, now).or_else(|| overruled(self, card, catalog, now))?;
            Some(card.fault(found))
        };
        self.cards().iter().filter_map(idle).collect()
    }
}

fn over(card: &Card, now: DateTime<Utc>) -> Option<At<String>> {
    let until = card.until.filter(|until| *until < now.date_naive() && !card.rule.forbids())?;
    let value = format!("it gives nothing any more: it ended on {until}; remove it, or prolong it");
    Some(At { value, mark: card.mark_of("until") })
}

fn overruled(policies: &Policies, card: &Card, catalog: &Catalog, now: DateTime<Utc>) -> Option<At<String>> {
    let Rule::See { columns, shown } = &card.rule else { return None };
    // One that begins later is asked on its first day.
    let begins = card.from.map(|from| from.and_time(NaiveTime::MIN).and_utc());
    let inquiry =
        Inquiry { policies, card, shown: *shown, now: begins.map_or(now, |begins| begins.max(now)) };
    let by = inquiry.overruling(columns, catalog)?;
    let value = match (by.forbid.is_empty(), by.less.is_empty()) {
        (true, true) => return None,
        (false, true) => format!("it decides for nobody: it is forbidden by {}", quoted(&by.forbid)),
        (true, false) => format!("it decides for nobody: {} shows less at the same level", quoted(&by.less)),
        (false, false) => format!(
            "it decides for nobody: it is forbidden by {}, or {} shows less at the same level",
            quoted(&by.forbid),
            quoted(&by.less)
        ),
    };
    Some(At { value, mark: card.mark_of("as") })
}

/// Who decides in place of a card.
#[derive(Default)]
struct Overruling {
    forbid: BTreeSet<String>,
    less: BTreeSet<String>,
}

struct Inquiry<'a> {
    policies: &'a Policies,
    card: &'a Card,
    shown: Shown,
    now: DateTime<Utc>,
}

impl Inquiry<'_> {
    /// Returns who decides wherever the card permits; nothing when it decides itself somewhere.
    fn overruling(&self, columns: &Columns, catalog: &Catalog) -> Option<Overruling> {
        let action = self.shown.level().cedar_action();
        let policy = self.policies.by_action.get(action)?.policy(&PolicyId::new(self.card.id()))?.clone();
        let alone = PolicySet::from_policies([policy]).ok()?;
        let meant = columns.of(catalog);
        let mut found = Overruling::default();
        for principal in self.policies.world.principals.values() {
            for purpose in &self.card.purposes {
                let asker = Asker::new(self.policies, principal, Some(purpose), self.now)?;
                for (dataset, column) in &meant {
                    let uids = self.policies.world.datasets.get(&dataset.name)?;
                    let resource = uids.columns.get(&column.name)?;
                    if self.permits(&alone, &asker, resource)? {
                        self.ask(&asker, purpose, (column, resource), &mut found)?;
                    }
                }
            }
        }
        Some(found)
    }

    /// Tells whether the card by itself would permit it.
    fn permits(&self, alone: &PolicySet, asker: &Asker<'_>, resource: &EntityUid) -> Option<bool> {
        let action = self.policies.world.actions.get(self.shown.level().cedar_action())?;
        let context: Context = asker.context.clone();
        let (who, what) = (asker.principal.clone(), resource.clone());
        let request = Request::new(who, action.clone(), what, context, Some(&self.policies.schema)).ok()?;
        let answer = self.policies.cedar.is_authorized(&request, alone, asker.entities);
        Some(answer.decision() == Decision::Allow)
    }

    /// Adds who decides about a column that the card permits; nothing when the card does.
    fn ask(
        &self,
        asker: &Asker<'_>,
        purpose: &Purpose,
        (column, resource): (&Column, &EntityUid),
        found: &mut Overruling,
    ) -> Option<()> {
        let level = self.shown.level();
        let answer = asker.ask(level.cedar_action(), resource);
        if answer.outcome == Outcome::Forbidden {
            // It may be for those to whom somebody opens the column.
            let (principal, broken) = (asker.principal, [resource.clone()]);
            let opened = Asker::behind_glass(self.policies, principal, Some(purpose), self.now, &broken)?;
            if opened.ask(level.cedar_action(), resource).outcome != Outcome::Forbidden {
                return None;
            }
            found.forbid.extend(answer.factors);
            return Some(());
        }
        let granted = decide_column(asker, column, resource).granted?;
        match granted.level().cmp(&level) {
            // Others show more.
            Ordering::Greater => Some(()),
            // The stored form does not give the level: the card may be what the lower one is shown by.
            Ordering::Less => (!granted.factors.iter().any(|id| id == self.card.id())).then_some(()),
            Ordering::Equal if granted.shown == self.shown => None,
            Ordering::Equal => {
                let others = granted.factors.into_iter().filter(|id| id != self.card.id());
                let less: Vec<String> = others.filter(|id| self.says(id) == Some(granted.shown)).collect();
                let overruled = !less.is_empty();
                found.less.extend(less);
                overruled.then_some(())
            }
        }
    }

    /// Returns how a policy says that the level looks.
    fn says(&self, id: &str) -> Option<Shown> {
        let parameters = self.policies.parameters.get(&PolicyId::new(id))?;
        Some(match self.shown {
            Shown::Partial(_) => Shown::Partial(parameters.partial?),
            Shown::Generalised(_) => Shown::Generalised(parameters.generalise?),
            Shown::Token(_) => Shown::Token(parameters.token),
            Shown::Clear | Shown::Null => return None,
        })
    }
}

fn quoted(ids: &BTreeSet<String>) -> String {
    ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
