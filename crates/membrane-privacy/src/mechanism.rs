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
//! | none, public | discrete Gaussian noise on every group | [`gaussian`] |
//! | from the data | noisy member counts, strictly above a threshold | [`threshold`] |
//! | from the data | discrete Gaussian noise on the groups that passed | [`gaussian`] |
//! | all | a noisy limit on the size: a fiftieth of rho | [`size`] |
//! | all | two noisy counts, of members and of members clipped: a twentieth of rho | [`gaussian`] |
//!
//! A `COUNT(DISTINCT member)` beside keys from the data is the member count that chose the groups: it
//! is not paid for twice, and its share makes both sharper.

mod gaussian;
mod size;
mod threshold;

use std::collections::BTreeMap;

use membrane_model::Price;

use self::gaussian::ValueNoise;
use self::size::SizeLimit;
use self::threshold::KeySelection;
use crate::budget::{Overhead, rho_nano_for, shares};
use crate::summary::{AggregateSummary, ClippingSummary};
use crate::{
    AggregateKind, AggregateSpec, BoundedTotals, ContributionBounds, ExactTotals, GroupKey, KeyDomain,
    MechanismSummary, PrivacyError, ReleaseSpec, epsilon_of,
};

/// A calibrated release. It can be drawn more than once, but each draw costs its price.
#[derive(Debug, Clone)]
pub struct Mechanism {
    spec: ReleaseSpec,
    size: SizeLimit,
    clipping: ValueNoise,
    selection: Option<KeySelection>,
    parts: Vec<Part>,
    price: Price,
}

/// How one aggregate becomes noisy.
#[derive(Debug, Clone)]
enum Part {
    /// By noise of its own.
    Noise(ValueNoise),
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

/// One released group.
#[derive(Debug, Clone, PartialEq)]
pub struct NoisyGroup {
    /// Its key.
    pub key: GroupKey,
    /// One value per aggregate.
    pub values: Vec<NoisyValue>,
}

/// One released number, in fixed-point units.
#[derive(Debug, Clone, Copy, PartialEq)]
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

const KEY_WEIGHT: u32 = 1;

/// What the delta of a release exceeds that of its parts by at least, so that rounding up stays within it.
const DELTA_SPARE: f64 = 1e-17;

impl Mechanism {
    /// Finds the least noise that the statement's epsilon and delta allow. Touches no data.
    ///
    /// # Errors
    /// When the statement makes no sense, could overflow, or cannot be priced; see [`PrivacyError`].
    pub fn calibrate(spec: ReleaseSpec) -> Result<Self, PrivacyError> {
        spec.check()?;
        let unknown = spec.keys == KeyDomain::Unknown;
        let delta = spec.delta.get();
        let for_values = if unknown { delta / 2.0 } else { delta };
        let total = rho_nano_for(spec.epsilon, for_values - DELTA_SPARE)?;
        let overhead = Overhead::of(total)?;
        let size = SizeLimit::calibrate(spec.size, overhead.size)?;
        // Each member is one of all, and at most one of those of whom something was left out.
        let clipping = ValueNoise::calibrate(2, 1, overhead.clipping)?;

        let reuses = |aggregate: &AggregateSpec| unknown && counts_members(aggregate.kind, spec.rows_max);
        let reused: u32 =
            spec.aggregates.iter().filter(|one| reuses(one)).map(|aggregate| aggregate.weight).sum();
        let mut weights = if unknown { vec![KEY_WEIGHT + reused] } else { Vec::new() };
        weights.extend(spec.aggregates.iter().filter(|one| !reuses(one)).map(|aggregate| aggregate.weight));
        let mut shares = shares(overhead.left_of(total), &weights)?.into_iter();
        let mut next_share = || shares.next().ok_or(PrivacyError::Shape);

        let groups_max = spec.groups_effective();
        let mut price = size.price().checked_add(clipping.price())?;
        let selection = if unknown {
            let selection = KeySelection::calibrate(groups_max, next_share()?, delta / 2.0, spec.cohort_min)?;
            price = price.checked_add(selection.price()?)?;
            Some(selection)
        } else {
            None
        };
        let mut parts = Vec::with_capacity(spec.aggregates.len());
        for aggregate in &spec.aggregates {
            parts.push(if reuses(aggregate) {
                Part::Selection
            } else {
                let most = aggregate.contribution_max(spec.rows_max).ok_or(PrivacyError::Shape)?;
                let noise = ValueNoise::calibrate(groups_max, most, next_share()?)?;
                price = price.checked_add(noise.price())?;
                Part::Noise(noise)
            });
        }
        Ok(Self { spec, size, clipping, selection, parts, price })
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
        for (aggregate, part) in self.spec.aggregates.iter().zip(&self.parts) {
            let noise = self.noise_of(part)?;
            aggregates.push(AggregateSummary {
                name: aggregate.name.clone(),
                kind: aggregate.kind,
                contribution_max: aggregate.contribution_max(self.spec.rows_max).unwrap_or(i64::MAX),
                sensitivity: noise.sensitivity,
                sigma: noise.sigma,
                half_width95: noise.half_width95,
            });
        }
        Ok(MechanismSummary {
            aggregates,
            threshold: self.selection.as_ref().map(KeySelection::threshold),
            cohort_min: self.selection.as_ref().map(|_| self.spec.cohort_min),
            groups_max: self.bounds().groups_max,
            rows_max: self.spec.rows_max,
            epsilon: epsilon_of(self.price, self.spec.delta)?,
            delta: self.spec.delta.get(),
            price: self.price,
            clipping: Some(ClippingSummary {
                sensitivity: self.clipping.sensitivity,
                sigma: self.clipping.sigma,
                half_width95: self.clipping.half_width95,
            }),
            size: Some(self.size.describe()),
        })
    }

    fn noise_of<'a>(&'a self, part: &'a Part) -> Result<&'a ValueNoise, PrivacyError> {
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
        if exact.groups.values().any(|totals| totals.values.len() != width) {
            return Err(PrivacyError::Shape);
        }
        let shown = self.shown(exact)?;
        let mut columns = Vec::with_capacity(width);
        for (index, part) in self.parts.iter().enumerate() {
            let noise = self.noise_of(part)?;
            let values = match part {
                Part::Selection => shown.values().copied().collect::<Option<Vec<i64>>>(),
                Part::Noise(noise) => {
                    let total =
                        |key| exact.groups.get(key).and_then(|totals| totals.values.get(index)).copied();
                    let exact = shown.keys().map(|key| total(key).unwrap_or(0)).collect();
                    Some(noise.add(exact)?)
                }
            };
            let values = values.filter(|values| values.len() == shown.len()).ok_or(PrivacyError::Shape)?;
            columns.push(values.into_iter().map(|value| noise.interval(value)));
        }
        let group = |key| NoisyGroup { key, values: columns.iter_mut().filter_map(Iterator::next).collect() };
        let groups = shown.into_keys().map(group).collect();
        let [members, members_clipped] =
            <[i64; 2]>::try_from(self.clipping.add(vec![exact.members, exact.members_clipped])?)
                .map_err(|_| PrivacyError::Shape)?;
        Ok(NoisyRelease {
            groups,
            members: self.clipping.interval(members),
            members_clipped: self.clipping.interval(members_clipped),
        })
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

/// Tells whether the aggregate equals the number of members in the group.
fn counts_members(kind: AggregateKind, rows_max: u32) -> bool {
    match kind {
        AggregateKind::Members => true,
        AggregateKind::Rows => rows_max == 1,
        AggregateKind::NonNull | AggregateKind::Sum { .. } | AggregateKind::MeanSum { .. } => false,
    }
}

#[cfg(test)]
mod tests;
