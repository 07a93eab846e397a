//! Totals that count on: refreshed a number of times, for one price.
//!
//! Statement. Time is cut into periods, of which each refresh adds one. Privacy unit: the member, over all periods: of all
//! rows of a member `rows_max` count, the earliest ones. Input: exact totals of nodes, which are runs of `2^h` periods that
//! start at a multiple of it; a refresh draws the nodes that end with it. Output: totals of all periods so far. Price: the
//! nodes of one level are apart, so that a member moves all of them together by `rows_max` rows at most, in L1 and in L2;
//! they cost what one total costs, and all levels together `floor(log2 refreshes) + 1` times that (Dwork, Naor, Pitassi and
//! Rothblum 2010; Chan, Shi and Song 2011). The limit on the size is drawn for each node, and
//! again where a node is lost on the way and taken up: it is paid as often as that may be.
//!
//! ```text
//! refresh   1  2  3  4  5  6  7         the seventh total is [1-4] + [5-6] + [7]
//! level 2   [1      4]
//! level 1   [1 2] [3 4] [5 6]
//! level 0   [1][2][3][4][5][6][7]
//! ```
//!
//! A node of two others is fitted to its own total and to the sum of theirs, each weighed by the inverse of its variance
//! (Honaker 2015): that is one upward pass of [`super::rollup`], and needs no more than the nodes that a total is made of. So
//! they are all that is kept from one refresh to the next.

use std::collections::{BTreeMap, BTreeSet};

use membrane_model::Price;
use serde::{Deserialize, Serialize};

use super::asked::budget;
use super::noise::{Noise, Reach};
use super::rollup::{Fit, interval, weighed};
use super::{Mechanism, NoisyGroup, Part, SizeLimit};
use crate::budget::{Share, Unit, shares};
use crate::estimate::Z95;
use crate::{ExactTotals, GroupKey, KeyDomain, NoiseKind, PrivacyError, ReleaseSpec};

/// What is set aside for limits on the size: a fiftieth, as for any release.
const SIZE_PART: u64 = 50;

/// How often a node is drawn at most: what was paid and lost is taken up three times, each with a limit of its own.
const TRIES_MAX: u64 = 4;

/// The most refreshes of one counter.
pub(crate) const REFRESHES_MAX: u32 = 4096;

/// A row of releases that count on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    /// How many there are at most.
    pub refreshes: u32,
}

impl Counter {
    /// Returns the number of levels of nodes.
    #[must_use]
    pub const fn levels(self) -> u32 {
        u32::BITS - self.refreshes.leading_zeros()
    }

    /// Returns the number of all nodes.
    #[must_use]
    pub fn nodes(self) -> u64 {
        (0..self.levels()).map(|level| u64::from(self.refreshes >> level)).sum()
    }

    /// Returns how many limits on a size are drawn at most.
    pub(crate) fn limits(self) -> u64 {
        self.nodes().saturating_mul(TRIES_MAX)
    }

    /// Returns the levels of the nodes that end with a refresh, which are counted from 1.
    #[must_use]
    pub const fn ending(refresh: u32) -> u32 {
        refresh.trailing_zeros() + 1
    }

    /// Returns the widest deviation of a total, as a multiple of that of one node.
    pub(super) fn spread(self) -> f64 {
        let mut nodes: Vec<Fit> = Vec::new();
        let mut widest: f64 = 0.0;
        for refresh in 1..=self.refreshes {
            let mut last = Fit { value: 0.0, variance: 1.0 };
            for _ in 1..Self::ending(refresh) {
                let before = nodes.pop().map_or(0.0, |node| node.variance);
                let sum = Fit { value: 0.0, variance: before + last.variance };
                last = weighed(Fit { value: 0.0, variance: 1.0 }, sum);
            }
            nodes.push(last);
            widest = widest.max(nodes.iter().map(|node| node.variance).sum());
        }
        widest.sqrt()
    }
}

/// The nodes of which the total of a refresh is made, the longest first. Stored with answers: fields are only ever added.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CounterState {
    refresh: u32,
    nodes: Vec<Node>,
}

/// A fitted node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Node {
    level: u32,
    groups: Vec<(GroupKey, Vec<Fit>)>,
}

impl CounterState {
    /// Returns the refresh that it belongs to, from 1; 0 before the first.
    #[must_use]
    pub const fn refresh(&self) -> u32 {
        self.refresh
    }
}

impl ReleaseSpec {
    /// Checks what counts on.
    pub(crate) fn check_counter(&self) -> Result<(), PrivacyError> {
        let Some(Counter { refreshes }) = self.counter else { return Ok(()) };
        let fault = |what, expected| Err(PrivacyError::OutOfRange { what, expected });
        if !(1..=REFRESHES_MAX).contains(&refreshes) {
            return fault("the number of refreshes", "within 1 and 4096");
        }
        if self.chooses() || !self.rollup.is_empty() {
            return fault("the groups of what counts on", "one level of groups whose keys are public");
        }
        if self.divides_epsilon() {
            return fault("the noise of what counts on", "left out, and delta above 0");
        }
        if self.aggregates.iter().any(|aggregate| aggregate.target95.is_some()) {
            return fault("the price of what counts on", "stated, without targets");
        }
        match self.aggregates.iter().find(|aggregate| !aggregate.kind.adds_up()) {
            Some(aggregate) => Err(PrivacyError::AddsNotUp { aggregate: aggregate.name.clone() }),
            None => Ok(()),
        }
    }
}

impl Mechanism {
    /// Calibrates what counts on: each part of the price is that of one level, or of one node.
    pub(super) fn of_counter(spec: ReleaseSpec, counter: Counter) -> Result<Self, PrivacyError> {
        spec.check()?;
        let (unit, nano) = budget(&spec)?;
        let (levels, limits) = (u64::from(counter.levels()), counter.limits());
        let share = |nano| Share { unit, nano };
        let least = SizeLimit::share_min(spec.size, NoiseKind::Gaussian, Unit::Rho);
        let size = least.max(nano / SIZE_PART / limits);
        let left = size.checked_mul(limits).and_then(|sizes| nano.checked_sub(sizes));
        let left = left.filter(|left| *left > nano / 2).ok_or(PrivacyError::EpsilonTooSmall)?;
        let size = SizeLimit::calibrate(spec.size, NoiseKind::Gaussian, share(size))?;
        let mut price = times(size.price(), limits)?;
        let weights: Vec<u32> = spec.aggregates.iter().map(|aggregate| aggregate.weight).collect();
        let mut parts = Vec::with_capacity(weights.len());
        for (aggregate, nano) in spec.aggregates.iter().zip(shares(left / levels, &weights)?) {
            // All rows of a member may lie in one group of one node.
            let most = aggregate.kind.contribution_max(spec.rows_max).ok_or(PrivacyError::Shape)?;
            let noise = Noise::calibrate(NoiseKind::Gaussian, Reach { cells: 1, most }, share(nano))?;
            price = price.checked_add(times(noise.price(), levels)?)?;
            parts.push(Part::Noise(noise));
        }
        let coarser = vec![Vec::new(); parts.len()];
        Ok(Self { spec, size, clipping: None, selection: None, parts, coarser, price })
    }

    /// Draws the nodes that end with the next refresh, and returns the totals so far with what the one after needs. `nodes` are
    /// their exact totals, the shortest first: the last `2^h` periods each.
    ///
    /// # Errors
    /// [`PrivacyError::Shape`] when this does not count, or no more, or the totals are not those, and [`PrivacyError::Library`]
    /// when the machine has no randomness to give.
    pub fn count_on(
        &self,
        before: CounterState,
        nodes: &[ExactTotals],
    ) -> Result<(CounterState, Vec<NoisyGroup>), PrivacyError> {
        let Some(counter) = self.spec.counter else { return Err(PrivacyError::Shape) };
        let CounterState { refresh, nodes: mut fitted } = before;
        let refresh = refresh.saturating_add(1);
        if refresh > counter.refreshes || usize::try_from(Counter::ending(refresh)) != Ok(nodes.len()) {
            return Err(PrivacyError::Shape);
        }
        let width = self.parts.len();
        if !nodes.iter().flat_map(|node| node.groups.values()).all(|totals| totals.values.len() == width) {
            return Err(PrivacyError::Shape);
        }
        let keys = self.listed();
        let mut last: Option<BTreeMap<GroupKey, Vec<Fit>>> = None;
        for (level, exact) in (0_u32..).zip(nodes) {
            let own = self.node(&keys, exact)?;
            last = Some(match last {
                None => own,
                Some(half) => {
                    let other = fitted.pop().filter(|node| node.level + 1 == level);
                    joined(own, half, other.ok_or(PrivacyError::Shape)?)
                }
            });
        }
        let groups = last.ok_or(PrivacyError::Shape)?.into_iter().collect();
        fitted.push(Node { level: Counter::ending(refresh) - 1, groups });
        let state = CounterState { refresh, nodes: fitted };
        let told = keys.iter().map(|key| self.told(key, &state)).collect();
        Ok((state, told))
    }

    /// Returns the keys of all groups.
    fn listed(&self) -> Vec<GroupKey> {
        match &self.spec.keys {
            KeyDomain::Public(keys) => {
                let sorted: BTreeSet<&GroupKey> = keys.iter().collect();
                sorted.into_iter().cloned().collect()
            }
            KeyDomain::None | KeyDomain::Unknown => vec![Vec::new()],
        }
    }

    /// Draws the totals of one node.
    fn node(
        &self,
        keys: &[GroupKey],
        exact: &ExactTotals,
    ) -> Result<BTreeMap<GroupKey, Vec<Fit>>, PrivacyError> {
        let mut columns = Vec::with_capacity(self.parts.len());
        for (index, part) in self.parts.iter().enumerate() {
            let noise = self.noise_of(part)?;
            let total = |key: &GroupKey| {
                let totals = exact.groups.get(key);
                totals.and_then(|totals| totals.values.get(index)).copied().unwrap_or(0)
            };
            let drawn = noise.add(keys.iter().map(total).collect())?;
            columns.push(drawn.into_iter().map(|value| Fit::of(value, noise.sd)).collect::<Vec<Fit>>());
        }
        let cells = |place: usize| columns.iter().filter_map(|column| column.get(place).copied()).collect();
        Ok(keys.iter().enumerate().map(|(place, key)| (key.clone(), cells(place))).collect())
    }

    /// Adds up the nodes of one group.
    fn told(&self, key: &GroupKey, state: &CounterState) -> NoisyGroup {
        let mut sums = vec![Fit { value: 0.0, variance: 0.0 }; self.parts.len()];
        for node in &state.nodes {
            let own = node.groups.iter().find(|(known, _)| known == key);
            for (sum, fit) in sums.iter_mut().zip(own.iter().flat_map(|(_, fits)| fits)) {
                *sum = sum.plus(*fit);
            }
        }
        let values = sums.iter().map(|sum| interval(sum.whole(), sum.variance.sqrt(), Z95));
        NoisyGroup { key: key.clone(), values: values.collect(), quantiles: Vec::new(), rolled: 0 }
    }
}

/// Fits a node to its own totals and to those of its two halves, where both halves listed the key. Of a key that is not listed any
/// more the halves are all there is.
fn joined(
    own: BTreeMap<GroupKey, Vec<Fit>>,
    half: BTreeMap<GroupKey, Vec<Fit>>,
    other: Node,
) -> BTreeMap<GroupKey, Vec<Fit>> {
    let mut halves: BTreeMap<GroupKey, (Vec<Fit>, bool)> =
        half.into_iter().map(|(key, fits)| (key, (fits, false))).collect();
    for (key, fits) in other.groups {
        match halves.get_mut(&key) {
            Some((sum, is_whole)) => {
                sum.iter_mut().zip(fits).for_each(|(sum, fit)| *sum = sum.plus(fit));
                *is_whole = true;
            }
            None => {
                halves.insert(key, (fits, false));
            }
        }
    }
    for (key, own) in own {
        match halves.get_mut(&key) {
            Some((sum, true)) => sum.iter_mut().zip(own).for_each(|(sum, own)| *sum = weighed(own, *sum)),
            // One half did not list the key: the two are not about the same rows.
            _ => {
                halves.insert(key, (own, false));
            }
        }
    }
    halves.into_iter().map(|(key, (fits, _))| (key, fits)).collect()
}

/// Returns a price that is paid so often.
fn times(price: Price, count: u64) -> Result<Price, PrivacyError> {
    let rho_nano = price.rho_nano.checked_mul(count);
    let delta_atto = price.delta_atto.checked_mul(count);
    let whole = rho_nano.zip(delta_atto).map(|(rho_nano, delta_atto)| Price { rho_nano, delta_atto });
    whole.ok_or(PrivacyError::EpsilonTooSmall)
}

#[cfg(test)]
mod tests;
