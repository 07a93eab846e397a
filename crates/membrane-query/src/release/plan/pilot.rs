//! A pilot that was planned and priced, and its one run.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use membrane_ledger::{DatasetVersion, Reservation};
use membrane_model::{DatasetName, Price};
use membrane_privacy::{Pilot, PilotReport, PrivacyUnit, epsilon_max};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{Source, absorb, check_paid, until, without_data};
use crate::QueryError;
use crate::brake::Brake;
use crate::release::answer::ReleasedDataset;
use crate::release::bounds::datasets;
use crate::release::question::Question;
use crate::release::synthetic::Synthetic;

/// The stored form of what a pilot found: fields are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PilotAnswer {
    format: String,
    /// What it found.
    pub report: PilotReport,
    /// The datasets that were read, with their versions.
    pub datasets: Vec<ReleasedDataset>,
}

const FORMAT: &str = "membrane-pilot/1";

/// What a pilot found is used until a dataset has twice as many versions, and some more where it is young.
const VERSIONS_MORE: u64 = 8;

impl PilotAnswer {
    /// Returns the bytes that are stored.
    ///
    /// # Errors
    /// [`QueryError::Failed`] when it cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, QueryError> {
        serde_json::to_vec(self).map_err(|_| QueryError::Failed)
    }

    /// Reads what was stored.
    ///
    /// # Errors
    /// [`QueryError::Failed`] when it is not of a format that is known.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, QueryError> {
        let answer: Self = serde_json::from_slice(bytes).map_err(|_| QueryError::Failed)?;
        if answer.format == FORMAT { Ok(answer) } else { Err(QueryError::Failed) }
    }
}

/// A pilot that was planned and priced. No row about a member was read for it.
pub struct PilotPlan {
    pub(in crate::release) question: Question,
    pub(in crate::release) pilot: Pilot,
    pub(super) whole: Price,
    pub(super) query_key: String,
    pub(super) shape: String,
    pub(super) unit: PrivacyUnit,
    pub(super) datasets: Vec<ReleasedDataset>,
    pub(super) inputs: Vec<DatasetVersion>,
    pub(in crate::release) source: Source,
}

impl PilotPlan {
    /// Returns what the run will cost, whatever comes of it.
    #[must_use]
    pub const fn price(&self) -> Price {
        self.pilot.price()
    }

    /// Returns what pilot and release cost together at most.
    #[must_use]
    pub const fn whole(&self) -> Price {
        self.whole
    }

    /// Returns the epsilon that this amounts to, at the delta that was stated.
    ///
    /// # Errors
    /// [`QueryError::Privacy`] when it cannot be computed.
    pub fn epsilon(&self) -> Result<f64, QueryError> {
        epsilon_max(self.pilot.spec(), self.whole).map_err(QueryError::Privacy)
    }

    /// Returns the name of the pilot, as [`super::ReleasePlan::query_key`] does of a release.
    #[must_use]
    pub fn query_key(&self) -> &str {
        &self.query_key
    }

    /// Returns the name of its shape: that of questions by the same asker which differ in constants, in the versions of the
    /// data and in the price. What a pilot found for one of them helps the others.
    #[must_use]
    pub fn shape(&self) -> &str {
        &self.shape
    }

    /// Tells whether what an earlier pilot of this shape found is good enough for this question: it was drawn with noise that
    /// is not much larger, of data that has not grown too much since. The same question of the same data is told the
    /// same at any time.
    #[must_use]
    pub fn can_use(&self, earlier: &PilotAnswer) -> bool {
        let version = |list: &[ReleasedDataset], dataset: &DatasetName| {
            let found = list.iter().find(|released| released.dataset == *dataset);
            found.and_then(|released| released.version).map(|version| version.0)
        };
        let is_recent = self.private_datasets().into_iter().all(|dataset| {
            let (now, then) = (version(&self.datasets, dataset), version(&earlier.datasets, dataset));
            now.zip(then)
                .is_some_and(|(now, then)| now <= then.saturating_mul(2).saturating_add(VERSIONS_MORE))
        });
        is_recent && earlier.report.price.rho_nano >= self.price().rho_nano / 4
    }

    /// Returns whom the price protects.
    #[must_use]
    pub const fn unit(&self) -> &PrivacyUnit {
        &self.unit
    }

    /// Returns the versions that will be read.
    #[must_use]
    pub fn inputs(&self) -> &[DatasetVersion] {
        &self.inputs
    }

    /// Returns a dataset of the statement into which nothing was ever brought, if there is one.
    #[must_use]
    pub fn without_data(&self) -> Option<&DatasetName> {
        without_data(&self.datasets)
    }

    /// Returns the datasets about members whose budgets the pilot draws on.
    #[must_use]
    pub fn private_datasets(&self) -> BTreeSet<&DatasetName> {
        datasets(&self.question).collect()
    }

    /// Counts members and draws the noise, for the price that was reserved for this very pilot, until the deadline at most.
    ///
    /// # Errors
    /// [`QueryError::Failed`] for every cause, as for a release.
    pub async fn run(self, reservation: &Reservation, deadline: Instant) -> Result<PilotAnswer, QueryError> {
        check_paid(reservation, &self.query_key)?;
        until(deadline, |brake| self.compute(brake)).await
    }

    /// Counts synthetic members in place of all others: nothing is to be paid.
    ///
    /// # Errors
    /// As [`super::ReleasePlan::run_on_synthetic`].
    pub async fn run_on_synthetic(
        mut self,
        synthetic: &Synthetic,
        deadline: Instant,
    ) -> Result<PilotAnswer, QueryError> {
        synthetic.replace(&self.question.tables, &mut self.source.providers)?;
        until(deadline, |brake| self.compute(brake)).await
    }

    async fn compute(self, brake: Arc<Brake>) -> Result<PilotAnswer, QueryError> {
        let Self { question, pilot, source, datasets, .. } = self;
        let limit = pilot.draw_size_limit()?;
        let found = absorb(
            &question,
            (pilot.spec(), limit),
            &source.providers,
            source.sampling.clone(),
            &source.limits,
            &brake,
        )
        .await?;
        let draw = tokio::task::spawn_blocking(move || {
            let totals = found.finish_pilot(&pilot)?;
            pilot.release(&totals).map_err(QueryError::from)
        });
        let report = draw.await.map_err(|_| QueryError::Failed)??;
        Ok(PilotAnswer { format: FORMAT.to_owned(), report, datasets })
    }
}

impl fmt::Debug for PilotPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PilotPlan").field("datasets", &self.datasets).finish_non_exhaustive()
    }
}
