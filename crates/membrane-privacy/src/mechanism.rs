//! A calibrated release: its price, what it will look like, and the draw itself.
//!
//! Statement. Privacy unit: the member; neighbours differ by all rows of one member. Input: exact totals
//! per group, made by [`BoundedTotals`] under the mechanism's own bounds. Output: whether the release is too large
//! to be computed, and if it is not, noisy totals of the groups that may be shown, with 95 % intervals, and of how many
//! members something was left out. Price: the sum of the prices of its parts (sequential adaptive composition of
//! approximate zCDP, Bun and Steinke 2016), one part per aggregate, plus one for the choice of groups when keys
//! come from the data, plus two small ones:
//!
//! | keys | part | file |
//! | --- | --- | --- |
//! | none, public | discrete noise on every group | [`noise`] |
//! | from the data | noisy member counts, strictly above a threshold | [`threshold`] |
//! | from the data | discrete noise on the groups that passed | [`noise`] |
//! | all | quantiles: a tree of noisy counts for each group that is shown | [`quantile`] |
//! | public | one part for each coarser level of totals that add up | [`rollup`] |
//! | all | a noisy limit on the size: a fiftieth of rho | [`size`] |
//! | all | two noisy counts, of members and of members clipped: a twentieth of rho | [`noise`] |
//!
//! How the price is divided, and what targets do to it: [`allot`]. A release whose delta is zero is counted in a pure
//! epsilon instead, which adds up as well; each of its parts then costs half its square in rho.
//!
//! A `COUNT(DISTINCT member)` beside keys from the data is the member count that chose the groups: it
//! is not paid for twice, and its share makes both sharper.

mod allot;
mod asked;
pub(crate) mod audit;
mod bounded;
mod counter;
mod forecast;
mod noise;
mod quantile;
mod rollup;
mod short;
mod size;
mod threshold;

use std::collections::{BTreeMap, BTreeSet};

use membrane_model::Price;
use serde::{Deserialize, Serialize};

use self::allot::{Allotment, Short, allot};
pub(crate) use self::asked::budget;
use self::asked::{spread, wishes};
pub use self::counter::{Counter, CounterState};
pub use self::forecast::{AggregateForecast, Forecast};
pub(crate) use self::noise::{Noise, Reach};
pub use self::noise::{NoiseDrawn, NoiseKind};
use self::quantile::NoisyTree;
use self::rollup::Rollup;
use self::short::Division;
pub(crate) use self::size::SizeLimit;
use self::threshold::KeySelection;
use crate::budget::Share;
use crate::estimate::Z95;
use crate::summary::{AggregateSummary, LevelSummary};
use crate::{
    AggregateKind, BoundedTotals, ContributionBounds, Estimate, ExactTotals, GroupKey, GroupTotals,
    KeyDomain, MechanismSummary, PrivacyError, ReleaseSpec, epsilon_of,
};

/// No interval of noise that is drawn here is more deviations wide: that of the Laplace distribution is the widest.
const LAPLACE_Z95: f64 = 2.2;

/// What a target must be that no price reaches.
const TARGET_EXPECTED: &str = "wider: at no price is noise as small as that";

/// A calibrated release. It can be drawn more than once, but each draw costs its price.
#[derive(Debug, Clone)]
pub struct Mechanism {
    spec: ReleaseSpec,
    size: SizeLimit,
    /// None where releases count on: each shows totals of all that came before it.
    clipping: Option<Noise>,
    selection: Option<KeySelection>,
    parts: Vec<Part>,
    /// For each aggregate the noise of its coarser levels.
    coarser: Vec<Vec<Noise>>,
    price: Price,
}

/// How one aggregate becomes noisy.
#[derive(Debug, Clone)]
enum Part {
    /// By noise of its own.
    Noise(Noise),
    /// It is the member count that chose the groups.
    Selection,
}

/// What one draw released.
#[derive(Debug, Clone, PartialEq)]
pub struct NoisyRelease {
    /// The groups that may be shown, sorted by key.
    pub groups: Vec<NoisyGroup>,
    /// Members with at least one row in any group.
    pub members: NoisyValue,
    /// Those of them of whom something was left out.
    pub members_clipped: NoisyValue,
}

/// One released group. Stored with answers: fields are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoisyGroup {
    /// Its key.
    pub key: GroupKey,
    /// One value per aggregate; for quantiles the number of rows they are made of.
    pub values: Vec<NoisyValue>,
    /// For each aggregate with quantiles, in their order, its quantiles in the order of the statement, in fixed-point
    /// units.
    pub quantiles: Vec<Vec<Estimate>>,
    /// How many of its last keys were summed up: it is a group of a coarser level, and those keys are `None`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rolled: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// One released number, in fixed-point units. Stored with answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NoisyValue {
    /// The bounded total plus noise: unbiased, so it can be negative.
    pub value: i64,
    /// Lower end of the 95 % interval around the bounded total.
    pub low95: i64,
    /// Upper end of the 95 % interval around the bounded total.
    pub high95: i64,
    /// Standard deviation of the noise.
    pub sd: f64,
}

impl NoisyValue {
    /// Adds up numbers whose noise is independent of each other's: variances add up. An interval of a sum is no more deviations
    /// wide than the widest of one number, and no less than that of a Gaussian, towards which it goes.
    #[must_use]
    pub fn sum(values: &[&Self]) -> Self {
        let sum =
            |of: &dyn Fn(&Self) -> i64| values.iter().map(|value| of(value)).fold(0_i64, i64::saturating_add);
        let value = sum(&|value| value.value);
        let sd = values.iter().map(|value| value.sd * value.sd).sum::<f64>().sqrt();
        let widest = values.iter().map(|value| value.deviations95()).fold(Z95, f64::max);
        let half_width = noise::whole(sd * widest);
        Self { value, low95: value.saturating_sub(half_width), high95: value.saturating_add(half_width), sd }
    }

    /// Returns how many deviations half of the interval is wide, where the noise is more than a few units.
    #[expect(clippy::cast_precision_loss, reason = "an interval is far below 2^53, or wider than it need be")]
    fn deviations95(&self) -> f64 {
        let half_width = self.high95.saturating_sub(self.value) as f64;
        if self.sd > 0.0 { (half_width / self.sd).min(LAPLACE_Z95) } else { 0.0 }
    }
}

impl Mechanism {
    /// Finds the least noise that the statement's price allows, or the least price that its targets need. Touches no
    /// data.
    ///
    /// # Errors
    /// When the statement makes no sense, could overflow, cannot be priced, or has targets that the price does not
    /// reach; see [`PrivacyError`].
    pub fn calibrate(spec: ReleaseSpec) -> Result<Self, PrivacyError> {
        if spec.noise == NoiseKind::LeastError && spec.counter.is_none() {
            return Self::of_least_error(&spec);
        }
        if let Some(counter) = spec.counter {
            return Self::of_counter(spec, counter);
        }
        spec.check()?;
        let (unit, nano) = budget(&spec)?;
        let wishes = wishes(&spec)?;
        let size_min = SizeLimit::share_min(spec.size, spec.noise, unit);
        let Allotment { overhead, shares } = match allot(unit, nano, spec.noise, size_min, &wishes)? {
            Ok(allotment) => allotment,
            Err(Short(needed)) => {
                return Err(Division { spec: &spec, unit, nano, size_min, wishes: &wishes }.short(needed));
            }
        };
        let share = |nano| Share { unit, nano };
        let size = SizeLimit::calibrate(spec.size, spec.noise, share(overhead.size))?;
        // Each member is one of all, and at most one of those of whom something was left out.
        let clipping = Noise::calibrate(spec.noise, Reach { cells: 2, most: 1 }, share(overhead.clipping))?;
        let mut price = size.price().checked_add(clipping.price())?;

        let mut rest = wishes.iter().zip(shares);
        let mut next = || rest.next().ok_or(PrivacyError::Shape);
        let selection = if spec.chooses() {
            let (_, nano) = next()?;
            let groups_max = spec.groups_effective();
            let delta = spec.delta.get() / 2.0;
            let selection =
                KeySelection::calibrate(groups_max, spec.noise, share(nano), delta, spec.cohort_min)?;
            price = price.checked_add(selection.price()?)?;
            Some(selection)
        } else {
            None
        };
        let mut parts = Vec::with_capacity(spec.aggregates.len());
        let mut coarser = Vec::with_capacity(spec.aggregates.len());
        for aggregate in &spec.aggregates {
            parts.push(if spec.reuses(aggregate) {
                Part::Selection
            } else {
                let (wish, nano) = next()?;
                let noise = wish.noise(spec.noise, share(nano))?;
                price = price.checked_add(noise.price())?;
                Part::Noise(noise)
            });
            let mut levels = Vec::with_capacity(spec.rollup.len());
            for _ in &spec.rollup {
                let (wish, nano) = next()?;
                let noise = wish.noise(spec.noise, share(nano))?;
                price = price.checked_add(noise.price())?;
                levels.push(noise);
            }
            coarser.push(levels);
        }
        Ok(Self { spec, size, clipping: Some(clipping), selection, parts, coarser, price })
    }

    /// Calibrates with either noise, and keeps the one whose numbers are exacter; the cheaper one, where there are targets.
    fn of_least_error(spec: &ReleaseSpec) -> Result<Self, PrivacyError> {
        let with = |noise| Self::calibrate(ReleaseSpec { noise, ..spec.clone() });
        if spec.is_pure() {
            return with(NoiseKind::Laplace);
        }
        let gaussian = with(NoiseKind::Gaussian);
        let targets = spec.aggregates.iter().any(|aggregate| aggregate.target95.is_some());
        match (gaussian, with(NoiseKind::Laplace)) {
            (Ok(gaussian), Ok(laplace)) => {
                let (one, other) = if targets {
                    (gaussian.price.rho(), laplace.price.rho())
                } else {
                    (gaussian.blur()?, laplace.blur()?)
                };
                Ok(if other < one { laplace } else { gaussian })
            }
            (gaussian, laplace) => gaussian.or(laplace),
        }
    }

    /// Returns how far all numbers are from the truth together, on a logarithmic scale.
    fn blur(&self) -> Result<f64, PrivacyError> {
        let of = |part| self.noise_of(part).map(|noise| noise.mean_distance().max(1e-9).ln());
        let coarser = self.coarser.iter().flatten().map(|noise| noise.mean_distance().max(1e-9).ln());
        Ok(self.parts.iter().map(of).sum::<Result<f64, _>>()? + coarser.sum::<f64>())
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

    /// Returns how much of one member may enter.
    #[must_use]
    pub fn bounds(&self) -> ContributionBounds {
        ContributionBounds { groups_max: self.spec.groups_effective(), rows_max: self.spec.rows_max }
    }

    /// Returns an empty accumulator with this mechanism's bounds, for `groups` groups.
    #[must_use]
    pub fn totals(&self, groups: usize) -> BoundedTotals {
        BoundedTotals::new(self.bounds(), self.kinds().collect(), groups)
    }

    fn kinds(&self) -> impl Iterator<Item = AggregateKind> {
        self.spec.aggregates.iter().map(|aggregate| aggregate.kind)
    }

    /// Describes what will be released: error bars, threshold, bounds and price.
    ///
    /// # Errors
    /// [`PrivacyError::Library`] when the price cannot be converted back.
    pub fn describe(&self) -> Result<MechanismSummary, PrivacyError> {
        let mut aggregates = Vec::with_capacity(self.parts.len());
        let rollup = self.rollup();
        let counted = self.spec.counter.map(Counter::spread);
        for ((aggregate, part), coarser) in self.spec.aggregates.iter().zip(&self.parts).zip(&self.coarser) {
            let noise = self.noise_of(part)?;
            let layers = aggregate.kind.layers();
            let spread = counted.or_else(|| spread(aggregate.kind));
            let levels = rollup.as_ref().map_or_else(Vec::new, |rollup| self.levels(rollup, noise, coarser));
            aggregates.push(AggregateSummary {
                name: aggregate.name.clone(),
                kind: aggregate.kind,
                contribution_max: aggregate.kind.contribution_max(self.spec.rows_max).unwrap_or(i64::MAX),
                sensitivity: noise.sensitivity,
                sigma: noise.sd,
                half_width95: levels
                    .iter()
                    .map(|level| level.half_width95)
                    .max()
                    .unwrap_or(noise.half_width(spread)),
                noise: noise.drawn,
                target95: aggregate.target95,
                layers: (layers > 1).then_some(layers),
                levels,
            });
        }
        let pure_epsilon = self.pure_epsilon();
        let whole = self.price_with_pilot()?;
        let (epsilon, delta) = match pure_epsilon {
            Some(epsilon) if self.spec.is_pure() => (epsilon, whole.delta()),
            // A pure epsilon with the delta of the choice of groups holds as well.
            Some(epsilon) => (epsilon.min(epsilon_of(whole, self.spec.delta)?), self.spec.delta.get()),
            None => (epsilon_of(whole, self.spec.delta)?, self.spec.delta.get()),
        };
        Ok(MechanismSummary {
            aggregates,
            threshold: self.selection.as_ref().map(KeySelection::threshold),
            cohort_min: self.selection.as_ref().map(|_| self.spec.cohort_min),
            groups_max: self.bounds().groups_max,
            rows_max: self.spec.rows_max,
            epsilon,
            delta,
            price: self.price,
            clipping: self.clipping.as_ref().map(Noise::summary),
            size: Some(self.size.describe()),
            pure_epsilon,
            selection: self.selection.as_ref().map(|selection| selection.noise().summary()),
        })
    }

    /// Returns what one draw costs with what was spent before it of the same price.
    fn price_with_pilot(&self) -> Result<Price, PrivacyError> {
        let spent = self.spec.spent.map_or_else(Price::default, |spent| spent.price);
        Ok(self.price.checked_add(spent)?)
    }

    /// Returns the pure epsilon of all parts together, rounded up, if each of them has one.
    fn pure_epsilon(&self) -> Option<f64> {
        let mut sum = self.size.epsilon()?;
        let clipping = self.clipping.as_ref()?;
        if let Some(spent) = self.spec.spent {
            sum += spent.epsilon?;
        }
        let own = self.parts.iter().filter_map(|part| match part {
            Part::Noise(noise) => Some(noise.epsilon),
            Part::Selection => None,
        });
        let coarser = self.coarser.iter().flatten().map(|noise| noise.epsilon);
        let others = self.selection.iter().map(|selection| selection.noise().epsilon);
        for epsilon in own.chain(coarser).chain(others).chain([clipping.epsilon]) {
            sum = (sum + epsilon?).next_up();
        }
        Some(sum)
    }

    fn noise_of<'a>(&'a self, part: &'a Part) -> Result<&'a Noise, PrivacyError> {
        match part {
            Part::Noise(noise) => Ok(noise),
            Part::Selection => self.selection.as_ref().map(KeySelection::noise).ok_or(PrivacyError::Shape),
        }
    }

    /// Draws the size beyond which the release must fail. Drawn once for each draw of the release, before any row is
    /// read; a part of its price.
    ///
    /// # Errors
    /// [`PrivacyError::Library`] when the machine has no randomness to give.
    pub fn draw_size_limit(&self) -> Result<u64, PrivacyError> {
        self.size.draw()
    }

    /// Draws the noise.
    ///
    /// Keys outside a public list are ignored. Absent groups count as zero.
    ///
    /// # Errors
    /// [`PrivacyError::Shape`] when a group has not one value per aggregate, and
    /// [`PrivacyError::Library`] when the machine has no randomness to give.
    pub fn release(&self, exact: &ExactTotals) -> Result<NoisyRelease, PrivacyError> {
        let width = self.parts.len();
        let trees = self.spec.aggregates.iter().filter(|aggregate| aggregate.kind.tree().is_some()).count();
        let fits = |totals: &GroupTotals| totals.values.len() == width && totals.cells.len() == trees;
        if !exact.groups.values().all(fits) {
            return Err(PrivacyError::Shape);
        }
        let shown = self.shown(exact)?;
        let rollup = self.rollup();
        let mut columns = Vec::with_capacity(width);
        let mut quantiles: Vec<Vec<Vec<Estimate>>> = vec![Vec::new(); shown.len()];
        let mut tree_index = 0;
        for (index, (aggregate, part)) in self.spec.aggregates.iter().zip(&self.parts).enumerate() {
            let noise = self.noise_of(part)?;
            let totals = |key| exact.groups.get(key);
            let values: Vec<NoisyValue> = match (part, aggregate.kind.tree()) {
                (Part::Selection, _) => {
                    let counts = shown.values().copied().collect::<Option<Vec<i64>>>();
                    counts
                        .ok_or(PrivacyError::Shape)?
                        .into_iter()
                        .map(|value| noise.interval(value))
                        .collect()
                }
                (Part::Noise(noise), None) => {
                    let total = |key| totals(key).and_then(|totals| totals.values.get(index)).copied();
                    let exact = shown.keys().map(|key| total(key).unwrap_or(0)).collect();
                    match (&rollup, self.coarser.get(index)) {
                        (Some(rollup), Some(coarser)) => {
                            let noises: Vec<&Noise> = std::iter::once(noise).chain(coarser).collect();
                            rollup.draw(exact, &noises)?
                        }
                        _ => noise.add(exact)?.into_iter().map(|value| noise.interval(value)).collect(),
                    }
                }
                (Part::Noise(noise), Some(tree)) => {
                    let mut values = Vec::with_capacity(shown.len());
                    for (key, found) in shown.keys().zip(&mut quantiles) {
                        let cells = totals(key).and_then(|totals| totals.cells.get(tree_index));
                        let mut tree = NoisyTree::new(tree, noise, cells.map_or(&[], Vec::as_slice));
                        found.push(tree.quantiles(&aggregate.quantiles)?);
                        values.push(tree.total_value()?);
                    }
                    tree_index += 1;
                    values
                }
            };
            columns.push(values.into_iter());
        }
        let mut quantiles = quantiles.into_iter();
        let group = |(key, rolled)| NoisyGroup {
            key,
            rolled,
            values: columns.iter_mut().filter_map(Iterator::next).collect(),
            quantiles: quantiles.next().unwrap_or_default(),
        };
        let coarser: Vec<(GroupKey, usize)> = rollup.iter().flat_map(Rollup::keys).collect();
        let groups = shown.into_keys().map(|key| (key, 0)).chain(coarser).map(group).collect();
        let clipping = self.clipping.as_ref().ok_or(PrivacyError::Shape)?;
        let [members, members_clipped] =
            <[i64; 2]>::try_from(clipping.add(vec![exact.members, exact.members_clipped])?)
                .map_err(|_| PrivacyError::Shape)?;
        Ok(NoisyRelease {
            groups,
            members: clipping.interval(members),
            members_clipped: clipping.interval(members_clipped),
        })
    }

    /// Returns the levels of groups, where there are several.
    fn rollup(&self) -> Option<Rollup> {
        match &self.spec.keys {
            KeyDomain::Public(keys) if !self.spec.rollup.is_empty() => {
                let sorted: BTreeSet<&GroupKey> = keys.iter().collect();
                Some(Rollup::of(sorted.into_iter(), &self.spec.rollup))
            }
            _ => None,
        }
    }

    /// Describes the levels of an aggregate.
    fn levels(&self, rollup: &Rollup, finest: &Noise, coarser: &[Noise]) -> Vec<LevelSummary> {
        let noises: Vec<&Noise> = std::iter::once(finest).chain(coarser).collect();
        let keys = std::iter::once(rollup.length()).chain(self.spec.rollup.iter().copied());
        let level =
            |(((keys, groups), noise), half_width95): (((usize, usize), &&Noise), i64)| LevelSummary {
                keys: u32::try_from(keys).unwrap_or(u32::MAX),
                groups: u64::try_from(groups).unwrap_or(u64::MAX),
                sensitivity: noise.sensitivity,
                sigma: noise.sd,
                noise: noise.drawn,
                half_width95,
            };
        keys.zip(rollup.sizes()).zip(&noises).zip(rollup.half_widths(&noises)).map(level).collect()
    }

    /// Chooses the keys to show: they are public from here on. Each comes with its noisy member count if that was
    /// drawn.
    fn shown(&self, exact: &ExactTotals) -> Result<BTreeMap<GroupKey, Option<i64>>, PrivacyError> {
        match (&self.spec.keys, &self.selection) {
            (KeyDomain::Unknown, Some(selection)) => {
                let members = exact.groups.iter().map(|(key, totals)| (key, totals.members));
                Ok(selection.select(members)?.into_iter().map(|(key, count)| (key, Some(count))).collect())
            }
            (KeyDomain::Unknown, None) => Err(PrivacyError::Shape),
            (KeyDomain::Public(keys), _) => Ok(keys.iter().map(|key| (key.clone(), None)).collect()),
            (KeyDomain::None, _) => Ok(BTreeMap::from([(Vec::new(), None)])),
        }
    }
}

#[cfg(test)]
mod tests;
