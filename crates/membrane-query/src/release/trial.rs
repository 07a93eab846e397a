//! A release that runs over people who were made up: the grey box of an audit.
//!
//! A statement is planned as any release is, under the permit of whoever asks: the same question, bounds, noise, price and
//! ranks of groups. Then its tables are taken away and others put in their place, whose rows follow from contracts and from the
//! constants of the statement. What comes of them, before noise and after, may be looked at: it is about nobody.
//!
//! ```text
//! plan_release -> ReleasePlan -> Trial { question, mechanism, sampling; no table }
//!   people        rows that contracts allow, and members with more than any bound lets in           MadeUp
//!   totals        made, rows, exact: as a release runs them                                         ExactTotals
//!   draw          noise, threshold, HAVING, order, limit: as a release draws them                   Shown
//!   bounded       the same without noise: what error bars are about
//! ```
//!
//! PRIVACY: a trial holds no governed table: [`Props::new`] keeps the names and types of columns and lets the tables go. So
//! there is no way from here to a row of the hub, and nothing to pay for. Public keys of datasets about things were
//! read when it was planned, as for a dry run.

mod people;
mod pool;
mod props;

use std::time::Duration;

use membrane_policy::Permit;
use membrane_privacy::{ExactTotals, Mechanism, NoisyRelease, Pilot, PilotTotals, PriceAsked, ReleaseSpec};
use tokio::time::Instant;

pub use self::people::{Lie, MadeUp, Newcomer};
use self::props::Props;
use super::answer::ReleaseColumn;
use super::bounds::{FoundPilot, ReleaseOptions, widest};
use super::plan::{PilotPlan, Planned, ReleasePlan, absorb, shape, until};
use super::question::{Output, Shows};
use crate::QueryError;
use crate::engine::Engine;
use crate::gate::Statement;

/// People of whom a pilot is drawn that chooses bounds.
const PILOT_PEOPLE: u32 = 400;
/// What a run over made-up rows may take.
const SECONDS: u64 = 120;
/// What makes next to no noise: for numbers that are computed without noise.
const RHO_NANO_WIDE: u64 = 900_000_000_000;
const EPSILON_WIDE: f64 = 20.0;

/// A release that was planned for an audit.
pub struct Trial {
    mechanism: Mechanism,
    props: Props,
    pilot: Option<PilotTrial>,
}

/// The pilot that it needs first, if it does.
pub struct PilotTrial {
    pilot: Pilot,
    props: Props,
}

/// What a release would show.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The columns of the answer.
    pub columns: Vec<ReleaseColumn>,
    /// Its rows.
    pub rows: Vec<Vec<Option<String>>>,
}

/// How error bars are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bars {
    /// Of the distribution of the noise: as wide as 95 % take.
    Exact,
    /// By a bound, an inversion or to first order: 95 % or more.
    Wide,
}

impl Engine {
    /// Plans a release for an audit. Bounds that nobody stated are chosen from a pilot of people who were made up.
    ///
    /// # Errors
    /// As [`Engine::plan_release`].
    pub async fn plan_trial(
        &self,
        permit: &Permit,
        statement: &Statement,
        mut options: ReleaseOptions,
    ) -> Result<Trial, QueryError> {
        let (plan, pilot) = match self.plan_release(permit, statement, options.clone()).await? {
            Planned::Release(plan) => (plan, None),
            Planned::Pilot(pilot) => {
                let trial = PilotTrial::new(*pilot, permit)?;
                let totals = trial.totals(&trial.people(0, PILOT_PEOPLE)?, &Lie::default()).await?;
                let report = trial.pilot.release(&totals).map_err(QueryError::Privacy)?;
                options.pilot = Some(FoundPilot { report, is_own: true });
                let Planned::Release(plan) = self.plan_release(permit, statement, options).await? else {
                    return Err(QueryError::Failed);
                };
                (plan, Some(trial))
            }
        };
        Trial::new(*plan, pilot, permit)
    }
}

impl Trial {
    fn new(plan: ReleasePlan, pilot: Option<PilotTrial>, permit: &Permit) -> Result<Self, QueryError> {
        let ReleasePlan { question, mechanism, source, .. } = plan;
        let keys = mechanism.spec().keys.clone();
        Ok(Self { mechanism, props: Props::new(question, source, &keys, permit)?, pilot })
    }

    /// Returns the mechanism that noise is drawn by.
    #[must_use]
    pub const fn mechanism(&self) -> &Mechanism {
        &self.mechanism
    }

    /// Returns the pilot that chose the bounds, if one did.
    #[must_use]
    pub const fn pilot(&self) -> Option<&PilotTrial> {
        self.pilot.as_ref()
    }

    /// Tells whether released values decide which groups are shown: of those that are, error bars say less.
    #[must_use]
    pub const fn selects(&self) -> bool {
        let question = &self.props.question;
        question.having.is_some() || question.limit.is_some() || question.offset > 0
    }

    /// Returns, for each value of an answer, how its error bars are made.
    #[must_use]
    pub fn bars(&self) -> Vec<Bars> {
        let of = |output: &Output| match output.shows {
            Shows::Key(_) | Shows::Grouping(_) => None,
            Shows::Aggregate(_) | Shows::Ratio(..) => Some(Bars::Exact),
            Shows::Spread(_) | Shows::Quantile(..) | Shows::Computed(_) => Some(Bars::Wide),
        };
        self.props.question.outputs.iter().filter_map(of).collect()
    }

    /// Makes up so many people, the same ones for the same seed.
    ///
    /// # Errors
    /// [`QueryError::Failed`] when a table has a type that no contract has.
    pub fn people(&self, seed: u64, members: u32) -> Result<MadeUp, QueryError> {
        self.props.people(seed, members)
    }

    /// Adds one who has all that one may have to people.
    ///
    /// # Errors
    /// As [`Self::people`].
    pub fn with_newcomer(
        &self,
        people: &MadeUp,
        seed: u64,
        newcomer: Newcomer,
    ) -> Result<MadeUp, QueryError> {
        self.props.with_newcomer(people, seed, newcomer)
    }

    /// Computes the bounded totals that noise would be added to.
    ///
    /// # Errors
    /// [`QueryError::Failed`], as [`ReleasePlan::run`].
    pub async fn totals(&self, people: &MadeUp, lie: &Lie) -> Result<ExactTotals, QueryError> {
        let limit = self.mechanism.draw_size_limit()?;
        self.totals_of(&self.mechanism, limit, people, lie).await
    }

    async fn totals_of(
        &self,
        mechanism: &Mechanism,
        limit: u64,
        people: &MadeUp,
        lie: &Lie,
    ) -> Result<ExactTotals, QueryError> {
        let Props { question, sampling, limits, .. } = &self.props;
        let tables = self.props.tables(people, lie)?;
        until(deadline(), |brake| async move {
            let spec = (mechanism.spec(), limit);
            let shards = absorb(question, spec, &tables, sampling.clone(), limits, &brake).await?;
            shards.finish(mechanism)
        })
        .await
    }

    /// Draws an answer.
    ///
    /// # Errors
    /// [`QueryError`] when totals are not those of this release, or the machine has no randomness to give.
    pub fn draw(&self, totals: &ExactTotals) -> Result<Shown, QueryError> {
        self.shown(&self.mechanism.release(totals)?)
    }

    /// Returns what would be shown without noise.
    ///
    /// # Errors
    /// [`QueryError::Failed`] when totals are not those of this release.
    pub fn bounded(&self, totals: &ExactTotals) -> Result<Shown, QueryError> {
        self.shown(&self.mechanism.bounded(totals))
    }

    /// Returns what would be shown without noise if of each member as much was let in as can be chosen.
    ///
    /// # Errors
    /// [`QueryError`] when so much is more than a mechanism can take.
    pub async fn unbounded(&self, people: &MadeUp) -> Result<Shown, QueryError> {
        let spec = self.mechanism.spec();
        let price = match spec.price {
            PriceAsked::Rho { .. } => PriceAsked::Rho { rho_nano: RHO_NANO_WIDE },
            PriceAsked::Epsilon(_) => {
                let epsilon = membrane_model::Epsilon::new(EPSILON_WIDE).map_err(|_| QueryError::Failed)?;
                PriceAsked::Epsilon(epsilon)
            }
        };
        let wide = Mechanism::calibrate(ReleaseSpec { price, spent: None, ..widest(spec) })?;
        let totals = self.totals_of(&wide, u64::MAX, people, &Lie::default()).await?;
        self.shown(&wide.bounded(&totals))
    }

    fn shown(&self, released: &NoisyRelease) -> Result<Shown, QueryError> {
        let (columns, rows) = shape(&self.props.question, &self.mechanism, released)?;
        Ok(Shown { columns, rows })
    }
}

impl PilotTrial {
    fn new(plan: PilotPlan, permit: &Permit) -> Result<Self, QueryError> {
        let PilotPlan { question, pilot, source, .. } = plan;
        let keys = pilot.spec().keys.clone();
        Ok(Self { pilot, props: Props::new(question, source, &keys, permit)? })
    }

    /// Returns the pilot.
    #[must_use]
    pub const fn pilot(&self) -> &Pilot {
        &self.pilot
    }

    fn people(&self, seed: u64, members: u32) -> Result<MadeUp, QueryError> {
        self.props.people(seed, members)
    }

    /// Counts members as the pilot does.
    ///
    /// # Errors
    /// [`QueryError::Failed`], as [`PilotPlan::run`].
    pub async fn totals(&self, people: &MadeUp, lie: &Lie) -> Result<PilotTotals, QueryError> {
        let Props { question, sampling, limits, .. } = &self.props;
        let limit = self.pilot.draw_size_limit()?;
        let tables = self.props.tables(people, lie)?;
        until(deadline(), |brake| async move {
            let spec = (self.pilot.spec(), limit);
            let shards = absorb(question, spec, &tables, sampling.clone(), limits, &brake).await?;
            shards.finish_pilot(&self.pilot)
        })
        .await
    }
}

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(SECONDS)
}
