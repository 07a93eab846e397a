//! A refresh of a counter: the nodes of time that end with it are drawn, and added to those before.

use std::sync::Arc;

use membrane_ledger::Reservation;
use membrane_privacy::{CounterState, ExactTotals};
use tokio::time::Instant;

use super::{ReleasePlan, check_paid, exact, until};
use crate::QueryError;
use crate::brake::Brake;
use crate::release::answer::{ReleaseAnswer, ReleasedDataset};
use crate::release::counter::{Counted, Counting};
use crate::release::present;

impl ReleasePlan {
    /// Returns the name under which all refreshes are paid for, where this is one of a counter.
    #[must_use]
    pub fn paid_by(&self) -> Option<&str> {
        self.counting.as_ref().map(|counting| counting.paid_by.as_str())
    }

    /// Returns what the price of all refreshes pays for, in words that are the same for the same: whatever changed how it is
    /// divided, as the hub's own delta, makes others.
    #[must_use]
    pub fn paid_terms(&self) -> String {
        let aggregates = self.summary.aggregates.iter().map(|one| {
            format!(
                "{:?} {} {:x} {:x}",
                one.kind,
                one.contribution_max,
                one.sensitivity.to_bits(),
                one.sigma.to_bits()
            )
        });
        let size = self.summary.size.as_ref();
        let size =
            size.map(|size| format!("{} {} {:x}", size.member_max, size.total_max, size.sigma.to_bits()));
        let price = self.price();
        format!("{} {} {size:?} {:?}", price.rho_nano, price.delta_atto, aggregates.collect::<Vec<_>>())
    }

    /// Returns the name of the answer from which it counts on; none for the first.
    #[must_use]
    pub fn counts_from(&self) -> Option<&str> {
        self.counting.as_ref()?.before.as_deref()
    }

    /// Tells whether the same rows count as did for the answer before. They do not where a policy that hides rows was changed:
    /// then rows of a member could count in place of others that were counted already.
    #[must_use]
    pub fn goes_on(&self, before: &ReleaseAnswer) -> bool {
        let rules = before.counted.as_ref().map(|counted| counted.rules.as_str());
        rules.is_some() && rules == self.counting.as_ref().map(|counting| counting.rules.as_str())
    }

    /// Tells whether it was planned over data that is older than that of the answer before: another process made that one since.
    #[must_use]
    pub fn is_older(&self, before: &ReleaseAnswer) -> bool {
        let then = |dataset: &ReleasedDataset| {
            let known = before.datasets.iter().find(|known| known.dataset == dataset.dataset);
            known.and_then(|known| known.version)
        };
        self.datasets.iter().any(|dataset| dataset.version < then(dataset))
    }

    /// Draws the nodes that end with this refresh, for the price that all refreshes have together, and adds them to those of the
    /// answer before.
    ///
    /// # Errors
    /// [`QueryError::Failed`] for every cause, as [`ReleasePlan::run`].
    pub async fn count(
        self,
        reservation: &Reservation,
        before: Option<ReleaseAnswer>,
        deadline: Instant,
    ) -> Result<ReleaseAnswer, QueryError> {
        check_paid(reservation, &self.query_key)?;
        let state = match &before {
            None => CounterState::default(),
            Some(before) if self.goes_on(before) && !self.is_older(before) => {
                let counted = before.counted.as_ref().ok_or(QueryError::Failed)?;
                counted.state.clone()
            }
            Some(_) => return Err(QueryError::Failed),
        };
        let counting = self.counting.clone().ok_or(QueryError::Failed)?;
        if counting.before.is_some() != before.is_some() || state.refresh() + 1 != counting.refresh {
            return Err(QueryError::Failed);
        }
        until(deadline, |brake| self.count_from(counting, state, brake)).await
    }

    async fn count_from(
        self,
        counting: Counting,
        state: CounterState,
        brake: Arc<Brake>,
    ) -> Result<ReleaseAnswer, QueryError> {
        let Self { question, mechanism, source, .. } = self;
        let mut nodes: Vec<ExactTotals> = Vec::new();
        for node in counting.nodes(&question) {
            let (limits, sampling) = (&source.limits, source.sampling.clone());
            let found = exact(&node, &mechanism, &source.providers, sampling, limits, &brake).await?;
            nodes.push(found.totals(&mechanism)?);
        }
        let draw = tokio::task::spawn_blocking(move || {
            let drawn = mechanism.count_on(state, &nodes)?;
            Ok::<_, QueryError>((drawn, mechanism))
        });
        let ((state, groups), mechanism) = draw.await.map_err(|_| QueryError::Failed)??;
        let aggregates = &mechanism.spec().aggregates;
        let answer = ReleaseAnswer {
            format: ReleaseAnswer::FORMAT,
            columns: present::columns(&question, aggregates)?,
            rows: present::rows(&question, aggregates, &groups)?,
            price: mechanism.price(),
            epsilon: self.summary.epsilon,
            delta: self.summary.delta,
            notes: self.notes,
            mechanism: self.summary,
            datasets: self.datasets,
            unit: Some(self.unit),
            clipped: None,
            reuse: None,
            counted: Some(Counted { rules: counting.rules, state }),
        };
        // What could not be shown is not stored either.
        answer.to_batch()?;
        Ok(answer)
    }
}
