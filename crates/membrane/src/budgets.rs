//! Budgets of partners, as they follow from the signed steps in the ledger.
//!
//! ```text
//! (nothing said) --open--> open --close--> closed --reopen--> open
//!                --close--> closed
//! cap     what may be spent in a month, ever, or on one release: lower or higher, from now on
//! refill  so much more in this month, or ever, once for each ticket
//! ```
//!
//! Nothing here takes back what was spent: caps are what may be spent in all. Where the configuration is the limit, and
//! how far above it steps may go, is asked when a price is reserved (`flow/caps.rs`): no step can say it.

mod step;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use membrane_ledger::{DocumentKind, Month};
use membrane_model::{DatasetName, Price, PrincipalId, PrincipalKind};

use crate::steps::Stepped;
use crate::ticket::Ticket;

pub use step::{Bounded, BudgetReason, StepKind};
pub(crate) use step::{Step, What};

/// What was decided about the budget of one partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerBudget {
    /// The partner.
    pub partner: PrincipalId,
    /// Whether it is open, since when and why; none while nobody opened or closed it.
    pub state: Option<SaidState>,
    /// Every step that was taken, in their order.
    pub history: Vec<BudgetStep>,
    caps: BTreeMap<Slot, Cap>,
    refills: BTreeMap<(Slot, Option<Month>), Price>,
}

/// Whether a budget is open, as somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidState {
    /// Whether it is open.
    pub is_open: bool,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Why.
    pub reason: BudgetReason,
}

/// A step as it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetStep {
    /// The number of its document.
    pub number: u64,
    /// Its place among those of its partner, from 1.
    pub place: u64,
    /// Who took it.
    pub principal: PrincipalId,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: BudgetReason,
    /// For which case.
    pub ticket: Ticket,
    pub(crate) what: What,
}

/// What a cap is of: one window, or one release, of all datasets or of one.
type Slot = (Bounded, Option<DatasetName>);

/// A cap: of rho, of delta or of both; what was not said is the configuration's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Cap {
    rho_nano: Option<u64>,
    delta_atto: Option<u64>,
}

impl PartnerBudget {
    fn new(partner: PrincipalId) -> Self {
        Self { partner, state: None, history: Vec::new(), caps: BTreeMap::new(), refills: BTreeMap::new() }
    }

    /// Returns the budget of a partner, if anything was ever decided about it.
    pub(crate) fn of<'b>(all: &'b [Self], partner: &PrincipalId) -> Option<&'b Self> {
        all.iter().find(|one| one.partner == *partner)
    }

    /// Returns what is allowed where so much is configured, with what was added in a month; without one in a month in which
    /// nothing was.
    pub(crate) fn allowed(
        &self,
        slot: (Bounded, Option<&DatasetName>),
        month: Option<Month>,
        configured: Price,
    ) -> Price {
        let slot = (slot.0, slot.1.cloned());
        let cap = self.caps.get(&slot).copied().unwrap_or_default();
        let cap = Price {
            rho_nano: cap.rho_nano.unwrap_or(configured.rho_nano),
            delta_atto: cap.delta_atto.unwrap_or(configured.delta_atto),
        };
        let month = month.filter(|_| slot.0 == Bounded::Month);
        let more = match (slot.0, month) {
            (Bounded::Month, None) => Price::default(),
            _ => self.refills.get(&(slot, month)).copied().unwrap_or_default(),
        };
        Price {
            rho_nano: cap.rho_nano.saturating_add(more.rho_nano),
            delta_atto: cap.delta_atto.saturating_add(more.delta_atto),
        }
    }

    /// Returns the datasets for which something of their own was decided.
    pub(crate) fn datasets(&self) -> impl Iterator<Item = &DatasetName> {
        let slots = self.caps.keys().chain(self.refills.keys().map(|(slot, _)| slot));
        slots.filter_map(|(_, dataset)| dataset.as_ref())
    }

    /// Returns the step that another repeats, and whether that is still what holds: whoever did not hear what became of a step
    /// asks again, and it is not taken twice.
    ///
    /// One ticket refills one budget once, in whichever month, and opens it or sets one cap once: if others decided otherwise
    /// since, whoever asks again does not undo that unheard. A budget that was opened since is closed again, though.
    pub(crate) fn repeated(&self, what: &What, ticket: &Ticket) -> Option<(&BudgetStep, bool)> {
        let found = |same: &dyn Fn(&What) -> bool| {
            self.history.iter().rev().find(|step| step.ticket == *ticket && same(&step.what))
        };
        if let What::Refill { of, dataset, .. } = what {
            let step = found(&|known| known.is_refill_of(*of, dataset.as_ref()))?;
            return Some((step, step.what.is_same(what)));
        }
        let step = found(&|known| known.is_same(what))?;
        let last = self.history.iter().rev().find(|known| known.what.decides_as(what));
        let holds = last.is_some_and(|last| last.number == step.number);
        (holds || *what != What::Close).then_some((step, holds))
    }

    fn take(
        &mut self,
        what: &What,
        ticket: &Ticket,
        (at, reason): (DateTime<Utc>, BudgetReason),
    ) -> Option<()> {
        let is_open = self.state.as_ref().map(|state| state.is_open);
        match what {
            What::Open if is_open.is_none() => self.say(true, at, reason),
            What::Close if is_open != Some(false) => self.say(false, at, reason),
            What::Reopen if is_open == Some(false) => self.say(true, at, reason),
            What::Cap { of, dataset, rho_nano, delta_atto, .. } => {
                if !what.is_possible() {
                    return None;
                }
                self.cap((*of, dataset.clone()), Cap { rho_nano: *rho_nano, delta_atto: *delta_atto });
            }
            What::Refill { of, dataset, month, add, .. } => {
                // INVARIANT: one ticket refills one budget once.
                if !what.is_possible() || self.repeated(what, ticket).is_some() {
                    return None;
                }
                let month: Option<Month> = month.as_deref().map(str::parse).transpose().ok()?;
                let sum = self.refills.entry(((*of, dataset.clone()), month)).or_default();
                *sum = sum.checked_add(*add).ok()?;
            }
            _ => return None,
        }
        Some(())
    }

    fn say(&mut self, is_open: bool, since: DateTime<Utc>, reason: BudgetReason) {
        self.state = Some(SaidState { is_open, since, reason });
    }

    /// Sets a cap. It says what may be spent in all: what was added before is no longer on top of it.
    fn cap(&mut self, slot: Slot, cap: Cap) {
        let known = self.caps.entry(slot.clone()).or_default();
        known.rho_nano = cap.rho_nano.or(known.rho_nano);
        known.delta_atto = cap.delta_atto.or(known.delta_atto);
        for (_, added) in self.refills.iter_mut().filter(|((of, _), _)| *of == slot) {
            if cap.rho_nano.is_some() {
                added.rho_nano = 0;
            }
            if cap.delta_atto.is_some() {
                added.delta_atto = 0;
            }
        }
    }
}

impl Stepped for PartnerBudget {
    const KIND: DocumentKind = DocumentKind::Budget;
    const STEP: &'static str = "budget step";
    type Step = Step;

    fn take(all: &mut Vec<Self>, number: u64, step: Step) -> Option<()> {
        let Step { partner, principal, at, reason, ticket, what, .. } = step.known()?;
        if partner.kind() != PrincipalKind::Partner {
            return None;
        }
        let index = all.iter().position(|one| one.partner == partner).unwrap_or_else(|| {
            all.push(Self::new(partner));
            all.len() - 1
        });
        let budget = all.get_mut(index)?;
        budget.take(&what, &ticket, (at, reason))?;
        let place = u64::try_from(budget.history.len()).ok()?.checked_add(1)?;
        budget.history.push(BudgetStep { number, place, principal, at, reason, ticket, what });
        Some(())
    }
}

#[cfg(test)]
mod tests;
