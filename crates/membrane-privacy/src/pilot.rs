//! Pilots: a small release that finds out how much of one member to let into a larger one.
//!
//! Statement. Privacy unit: the member; neighbours differ by all rows of one member. Input: lists of counts of members by
//! rung ([`PilotTotals`]), made by [`PilotCount`]; those of neighbours differ by 1 in few cells: one of each list, two of that of sizes, which is made where keys come from the data. Output: whether
//! the pilot is too large to be computed ([`crate::mechanism`]'s limit on the size), and if it is not, the lists, each
//! cell with noise of its own. Price: that of the noise and of the limit. What is chosen from the output ([`choose`]) is
//! computed of it and costs nothing; the release that follows has a price of its own, and both add up (adaptive
//! composition: Bun and Steinke 2016).
//!
//! Why: a bound that is too wide makes noise, one that is too narrow cuts off what is true, and which it is only the data
//! know. On TPC-H's fourth question the truth is off by 24 % where one member counts in one group, and by a tenth of a
//! percent where a member counts in four (docs/decisions/0017).

mod choose;
mod count;
mod ladder;
mod spread;

use membrane_model::Price;
use serde::{Deserialize, Serialize};

pub use self::choose::{Chosen, Open, Survival, Typical};
use self::count::Reached;
pub use self::count::{PilotCount, PilotTotals};
use crate::budget::{Overhead, Share, Spent};
use crate::mechanism::{Noise, Reach, SizeLimit, budget};
use crate::{AggregateKind, NoiseDrawn, PriceAsked, PrivacyError, ReleaseSpec, epsilon_of};

/// A pilot costs a tenth of what is asked for.
const PART: u64 = 10;

/// A calibrated pilot.
#[derive(Debug, Clone)]
pub struct Pilot {
    spec: ReleaseSpec,
    with_rows: bool,
    size: SizeLimit,
    noise: Noise,
    price: Price,
}

/// What a pilot found: the lists of counts with noise. Stored: fields are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PilotReport {
    /// Members by the number of their groups.
    pub(crate) groups: Vec<i64>,
    /// Members by the number of rows in one of their groups.
    pub(crate) rows: Vec<i64>,
    /// Members by what they add to one of their groups, for each sum whose bounds are open.
    pub(crate) amounts: Vec<Vec<i64>>,
    /// Groups by the number of members who name them.
    pub(crate) sizes: Vec<i64>,
    /// Groups that somebody names.
    pub(crate) named: i64,
    /// The standard deviation of the noise of each cell.
    pub(crate) sd: f64,
    /// Which noise was drawn.
    pub(crate) noise: NoiseDrawn,
    /// What it cost.
    pub price: Price,
    /// The same as a pure epsilon, if it has one.
    pub epsilon: Option<f64>,
}

impl Pilot {
    /// Calibrates the pilot of a release. The statement is that of the release, with the widest bounds that may be
    /// chosen, counting rows first and then each sum whose bounds are open. `with_rows` says whether rows are looked at.
    ///
    /// # Errors
    /// When the statement makes no sense or cannot be priced; see [`PrivacyError`].
    pub fn calibrate(spec: ReleaseSpec, with_rows: bool) -> Result<Self, PrivacyError> {
        spec.check()?;
        let (unit, nano) = budget(&spec)?;
        let size_min = SizeLimit::share_min(spec.size, spec.noise, unit);
        let overhead = Overhead::of(unit, nano)?;
        let size_nano = overhead.size.max(size_min);
        let size = SizeLimit::calibrate(spec.size, spec.noise, Share { unit, nano: size_nano })?;
        let left =
            nano.checked_sub(size_nano).filter(|left| *left > 0).ok_or(PrivacyError::EpsilonTooSmall)?;
        let reach = Reach { cells: cells(&spec, with_rows), most: 1 };
        let noise = Noise::calibrate(spec.noise, reach, Share { unit, nano: left })?;
        let price = size.price().checked_add(noise.price())?;
        Ok(Self { spec, with_rows, size, noise, price })
    }

    /// Returns what one draw costs.
    #[must_use]
    pub const fn price(&self) -> Price {
        self.price
    }

    /// Returns the statement that this was calibrated from.
    #[must_use]
    pub const fn spec(&self) -> &ReleaseSpec {
        &self.spec
    }

    /// Draws the size beyond which the pilot must fail, as [`crate::Mechanism::draw_size_limit`] does.
    ///
    /// # Errors
    /// [`PrivacyError::Library`] when the machine has no randomness to give.
    pub fn draw_size_limit(&self) -> Result<u64, PrivacyError> {
        self.size.draw()
    }

    /// Returns an empty accumulator for `groups` groups.
    #[must_use]
    pub fn count(&self, groups: usize) -> PilotCount {
        let reached = Reached {
            groups_max: self.spec.groups_effective(),
            rows_max: self.with_rows.then_some(self.spec.rows_max),
            with_sizes: self.spec.chooses(),
            amounts_max: amounts(&self.spec).collect(),
        };
        PilotCount::new(reached, groups)
    }

    /// Draws the noise.
    ///
    /// # Errors
    /// [`PrivacyError::Shape`] when the totals are not those of this pilot, and [`PrivacyError::Library`] when the
    /// machine has no randomness to give.
    pub fn release(&self, exact: &PilotTotals) -> Result<PilotReport, PrivacyError> {
        let PilotTotals { groups, rows, amounts, sizes, named } = exact;
        let expected = self.count(0).finish();
        let lengths = |totals: &PilotTotals| {
            let amounts = totals.amounts.iter().map(Vec::len);
            [totals.groups.len(), totals.rows.len(), totals.sizes.len()]
                .into_iter()
                .chain(amounts)
                .collect::<Vec<_>>()
        };
        if lengths(exact) != lengths(&expected) {
            return Err(PrivacyError::Shape);
        }
        let add = |list: &Vec<i64>| self.noise.add(list.clone());
        Ok(PilotReport {
            groups: add(groups)?,
            rows: add(rows)?,
            amounts: amounts.iter().map(add).collect::<Result<_, PrivacyError>>()?,
            sizes: add(sizes)?,
            named: add(&vec![*named])?.first().copied().ok_or(PrivacyError::Shape)?,
            sd: self.noise.sd,
            noise: self.noise.drawn,
            price: self.price,
            epsilon: self.epsilon(),
        })
    }

    /// Returns the noise of each cell.
    pub(crate) const fn noise(&self) -> &Noise {
        &self.noise
    }

    /// Returns how many cells one member moves by one at most.
    pub(crate) fn cells(&self) -> u32 {
        cells(&self.spec, self.with_rows)
    }

    fn epsilon(&self) -> Option<f64> {
        Some((self.size.epsilon()? + self.noise.epsilon?).next_up())
    }
}

impl PilotReport {
    /// Returns what the pilot cost, to be taken off what was asked for.
    #[must_use]
    pub const fn spent(&self) -> Spent {
        Spent { price: self.price, epsilon: self.epsilon }
    }
}

/// Returns the price of the pilot of a release.
///
/// # Errors
/// When the statement's price makes no sense; see [`PrivacyError`].
pub fn pilot_price(spec: &ReleaseSpec) -> Result<PriceAsked, PrivacyError> {
    let (unit, nano) = budget(spec)?;
    Share { unit, nano: nano / PART }.asked()
}

/// Returns what a release and its pilot cost at most.
///
/// # Errors
/// When the statement's price makes no sense; see [`PrivacyError`].
pub fn price_max(spec: &ReleaseSpec) -> Result<Price, PrivacyError> {
    let (unit, nano) = budget(spec)?;
    let price = Share { unit, nano }.price()?;
    Ok(Price::from_parts(price.rho(), spec.delta)?)
}

/// Returns the epsilon that a price amounts to at the delta of a statement: a pure one, where that is what is divided.
///
/// # Errors
/// [`PrivacyError::Library`] when it cannot be computed.
pub fn epsilon_max(spec: &ReleaseSpec, price: Price) -> Result<f64, PrivacyError> {
    if matches!(spec.price, PriceAsked::Epsilon(_)) && spec.divides_epsilon() {
        return Ok((2.0 * price.rho()).sqrt());
    }
    epsilon_of(Price { delta_atto: 0, ..price }, spec.delta)
}

/// Returns how many cells one member moves: one of each list, two of that of sizes.
fn cells(spec: &ReleaseSpec, with_rows: bool) -> u32 {
    let lists = 2 + u32::from(with_rows) + if spec.chooses() { 2 } else { 0 };
    lists.saturating_add(u32::try_from(amounts(spec).count()).unwrap_or(u32::MAX))
}

/// Returns what one member adds to one group at most, for each sum whose bounds are open.
fn amounts(spec: &ReleaseSpec) -> impl Iterator<Item = i64> {
    spec.aggregates.iter().filter_map(|aggregate| match aggregate.kind {
        AggregateKind::SumWithin { least, most, .. } => {
            Some(least.saturating_abs().max(most.saturating_abs()))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests;
