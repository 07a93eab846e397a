//! A calibrated release: its price, what it will look like, and the draw itself.
//!
//! Statement. Privacy unit: the member; neighbours differ by all rows of one member. Input: exact totals
//! per group, made by [`BoundedTotals`] under the mechanism's own bounds. Output: noisy totals of the
//! groups that may be shown, with 95 % intervals. Price: the sum of the prices of its parts (sequential
//! adaptive composition of approximate zCDP, Bun and Steinke 2016), one part per aggregate, plus one
//! for the choice of groups when keys come from the data:
//!
//! | keys | part | file |
//! | --- | --- | --- |
//! | none, public | discrete Gaussian noise on every group | [`gaussian`] |
//! | from the data | noisy member counts, strictly above a threshold | [`threshold`] |
//! | from the data | discrete Gaussian noise on the groups that passed | [`gaussian`] |
//!
//! A `COUNT(DISTINCT member)` beside keys from the data is the member count that chose the groups: it
//! is not paid for twice, and its share makes both sharper.

mod gaussian;
mod threshold;

use std::collections::BTreeMap;

use membrane_model::Price;

use self::gaussian::ValueNoise;
use self::threshold::KeySelection;
use crate::budget::{rho_nano_for, shares};
use crate::summary::AggregateSummary;
use crate::{
    AggregateKind, AggregateSpec, BoundedTotals, ContributionBounds, GroupKey, GroupTotals, KeyDomain,
    MechanismSummary, PrivacyError, ReleaseSpec, epsilon_of,
};

/// A calibrated release. It can be drawn more than once, but each draw costs its price.
#[derive(Debug, Clone)]
pub struct Mechanism {
    spec: ReleaseSpec,
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

impl Mechanism {
    /// Finds the least noise that the statement's epsilon and delta allow. Touches no data.
    ///
    /// # Errors
    /// When the statement makes no sense, could overflow, or cannot be priced; see [`PrivacyError`].
    pub fn calibrate(spec: ReleaseSpec) -> Result<Self, PrivacyError> {
        spec.check()?;
        let unknown = spec.keys == KeyDomain::Unknown;
        let delta = spec.delta.get();
        let rho_nano = rho_nano_for(spec.epsilon, if unknown { delta / 2.0 } else { delta })?;

        let reuses = |aggregate: &AggregateSpec| unknown && counts_members(aggregate.kind, spec.rows_max);
        let reused: u32 =
            spec.aggregates.iter().filter(|one| reuses(one)).map(|aggregate| aggregate.weight).sum();
        let mut weights = if unknown { vec![KEY_WEIGHT + reused] } else { Vec::new() };
        weights.extend(spec.aggregates.iter().filter(|one| !reuses(one)).map(|aggregate| aggregate.weight));
        let mut shares = shares(rho_nano, &weights)?.into_iter();
        let mut next_share = || shares.next().ok_or(PrivacyError::Shape);

        let groups_max = spec.groups_effective();
        let mut price = Price::default();
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
        Ok(Self { spec, selection, parts, price })
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
        })
    }

    fn noise_of<'a>(&'a self, part: &'a Part) -> Result<&'a ValueNoise, PrivacyError> {
        match part {
            Part::Noise(noise) => Ok(noise),
            Part::Selection => self.selection.as_ref().map(KeySelection::noise).ok_or(PrivacyError::Shape),
        }
    }

    /// Draws the noise and returns the groups that may be shown, sorted by key.
    ///
    /// Keys outside a public list are ignored. Absent groups count as zero.
    ///
    /// # Errors
    /// [`PrivacyError::Shape`] when a group has not one value per aggregate, and
    /// [`PrivacyError::Library`] when the machine has no randomness to give.
    pub fn release(&self, exact: BTreeMap<GroupKey, GroupTotals>) -> Result<Vec<NoisyGroup>, PrivacyError> {
        let width = self.parts.len();
        if exact.values().any(|totals| totals.values.len() != width) {
            return Err(PrivacyError::Shape);
        }
        // The keys are public from here on, each with its noisy member count if that was drawn.
        let shown: BTreeMap<GroupKey, Option<i64>> = match (&self.spec.keys, &self.selection) {
            (KeyDomain::Unknown, Some(selection)) => {
                let members = exact.iter().map(|(key, totals)| (key, totals.members));
                selection.select(members)?.into_iter().map(|(key, count)| (key, Some(count))).collect()
            }
            (KeyDomain::Unknown, None) => return Err(PrivacyError::Shape),
            (KeyDomain::Public(keys), _) => keys.iter().map(|key| (key.clone(), None)).collect(),
            (KeyDomain::None, _) => BTreeMap::from([(Vec::new(), None)]),
        };
        let mut columns = Vec::with_capacity(width);
        for (index, part) in self.parts.iter().enumerate() {
            let noise = self.noise_of(part)?;
            let values = match part {
                Part::Selection => shown.values().copied().collect::<Option<Vec<i64>>>(),
                Part::Noise(noise) => {
                    let total = |key| exact.get(key).and_then(|totals| totals.values.get(index)).copied();
                    let exact = shown.keys().map(|key| total(key).unwrap_or(0)).collect();
                    Some(noise.add(exact)?)
                }
            };
            let values = values.filter(|values| values.len() == shown.len()).ok_or(PrivacyError::Shape)?;
            columns.push(values.into_iter().map(|value| noise.interval(value)));
        }
        let group = |key| NoisyGroup { key, values: columns.iter_mut().filter_map(Iterator::next).collect() };
        Ok(shown.into_keys().map(group).collect())
    }
}

/// Tells whether the aggregate equals the number of members in the group.
fn counts_members(kind: AggregateKind, rows_max: u32) -> bool {
    match kind {
        AggregateKind::Members => true,
        AggregateKind::Rows => rows_max == 1,
        AggregateKind::NonNull | AggregateKind::Sum { .. } => false,
    }
}

#[cfg(test)]
mod tests;
