//! Totals of several levels of groups that add up: of shops, of cities, of all.
//!
//! Statement. Input: exact totals of the finest groups, whose keys are public. A coarser group is what has the same first
//! keys, and its exact total is the sum of those below it. A member moves `groups_max` of the finest groups by `most` each,
//! and so one coarser group by `groups_max * most` at most in L1 and in L2: all of the member's groups may lie in one. Each
//! level has noise and a share of the price of its own (sequential composition). Output: totals of all groups that add up,
//! and their deviations.
//!
//! The totals are the least squares fit to all noisy ones, each weighed by the inverse of its variance, so that no linear
//! unbiased estimate is more exact (Gauss and Markov). On a tree that takes two passes (Hay et al. 2010, arXiv:0904.0942, 4.1;
//! with variances that differ: Honaker 2015):
//!
//! ```text
//! up    z = (y / s + sum z' / sum v') / (1 / s + 1 / sum v'),  v = 1 / (1 / s + 1 / sum v')        y, s: noisy total, its variance
//! down  x = z + (v / sum v') * (x of above - sum z'),  var x = v (1 - v / sum v') + (v / sum v')^2 * var x of above
//! ```
//!
//! The last line holds since what is above depends on the z' by their sum alone, of which the z' less their share of it are
//! independent. Then whole units are shared out from the top, each total being one of the two next to its fit.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::noise::{Noise, whole};
use crate::{GroupKey, NoisyValue, PrivacyError};

/// Variances are no less than this, so that they can be divided by.
const VARIANCE_MIN: f64 = 1e-9;

/// The levels of groups of a release, the finest first.
#[derive(Debug, Clone)]
pub(super) struct Rollup {
    /// The number of the finest groups, and of their keys.
    finest: usize,
    length: usize,
    coarser: Vec<Level>,
}

/// Groups that are made of others.
#[derive(Debug, Clone)]
struct Level {
    /// Their keys, which are the first ones of those below.
    groups: Vec<GroupKey>,
    /// Of which groups of the level below each is made.
    parts: Vec<Range<usize>>,
}

/// The fit of one total. Stored with counters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Fit {
    pub(super) value: f64,
    pub(super) variance: f64,
}

impl Fit {
    /// States a total with noise of its own.
    pub(super) fn of(noisy: i64, sd: f64) -> Self {
        Self { value: float(noisy), variance: (sd * sd).max(VARIANCE_MIN) }
    }

    /// Adds up two that are independent of each other.
    pub(super) fn plus(self, other: Self) -> Self {
        Self { value: self.value + other.value, variance: self.variance + other.variance }
    }

    /// Returns the nearest whole number.
    pub(super) const fn whole(self) -> i64 {
        floor(self.value.round())
    }
}

/// Weighs two estimates of one total by the inverse of their variances.
pub(super) fn weighed(one: Fit, other: Fit) -> Fit {
    let variance = 1.0 / (1.0 / one.variance + 1.0 / other.variance);
    Fit { value: (one.value / one.variance + other.value / other.variance) * variance, variance }
}

impl Rollup {
    /// Finds the groups of all levels. `lengths` says how many keys those of each coarser level have; the finest are sorted.
    pub(super) fn of<'a>(finest: impl Iterator<Item = &'a GroupKey>, lengths: &[usize]) -> Self {
        let mut below: Vec<GroupKey> = finest.cloned().collect();
        let (count, length) = (below.len(), below.first().map_or(0, Vec::len));
        let mut coarser = Vec::with_capacity(lengths.len());
        for length in lengths {
            let mut level = Level { groups: Vec::new(), parts: Vec::new() };
            for (place, key) in below.iter().enumerate() {
                let head = key.get(..*length).unwrap_or(key);
                match level.parts.last_mut() {
                    Some(part) if level.groups.last().is_some_and(|last| last == head) => {
                        part.end = place + 1
                    }
                    _ => {
                        level.groups.push(head.to_vec());
                        level.parts.push(place..place + 1);
                    }
                }
            }
            below.clone_from(&level.groups);
            coarser.push(level);
        }
        Self { finest: count, length, coarser }
    }

    /// Returns the keys of the coarser groups, level by level: all of them, with nothing in place of those that were summed up,
    /// and how many those are.
    pub(super) fn keys(&self) -> impl Iterator<Item = (GroupKey, usize)> + '_ {
        self.coarser.iter().flat_map(|level| &level.groups).map(|key| {
            let rolled = self.length.saturating_sub(key.len());
            (key.iter().cloned().chain(std::iter::repeat_n(None, rolled)).collect(), rolled)
        })
    }

    /// Returns how many keys the finest groups have.
    pub(super) const fn length(&self) -> usize {
        self.length
    }

    /// Returns how many groups each level has, the finest first.
    pub(super) fn sizes(&self) -> impl Iterator<Item = usize> + '_ {
        std::iter::once(self.finest).chain(self.coarser.iter().map(|level| level.groups.len()))
    }

    /// Draws the noise of all levels, and makes their totals add up. Returns those of the finest groups first.
    pub(super) fn draw(&self, exact: Vec<i64>, noises: &[&Noise]) -> Result<Vec<NoisyValue>, PrivacyError> {
        if exact.len() != self.finest || noises.len() != self.coarser.len() + 1 {
            return Err(PrivacyError::Shape);
        }
        let mut totals = vec![exact];
        for level in &self.coarser {
            let below = totals.last().ok_or(PrivacyError::Shape)?;
            let sum = |part: &Range<usize>| {
                let values = below.get(part.clone()).unwrap_or_default();
                values.iter().fold(0_i64, |sum, value| sum.saturating_add(*value))
            };
            totals.push(level.parts.iter().map(sum).collect());
        }
        let drawn = totals.into_iter().zip(noises).map(|(totals, noise)| noise.add(totals));
        let drawn = drawn.collect::<Result<Vec<_>, PrivacyError>>()?;
        let fits = self.fit(&drawn, &deviations(noises));
        let z95 = widest(noises);
        let shown = self.whole_units(&fits).into_iter().flatten().zip(fits.iter().flatten());
        Ok(shown.map(|(value, fit)| interval(value, fit.variance.sqrt(), z95)).collect())
    }

    /// Returns the widest half-width of the 95 % intervals of each level, the finest first.
    pub(super) fn half_widths(&self, noises: &[&Noise]) -> Vec<i64> {
        let nothing: Vec<Vec<i64>> = self.sizes().map(|groups| vec![0; groups]).collect();
        let widest_of = |fits: &Vec<Fit>| {
            let sd = fits.iter().map(|fit| fit.variance.sqrt()).fold(0.0, f64::max);
            interval(0, sd, widest(noises)).high95
        };
        self.fit(&nothing, &deviations(noises)).iter().map(widest_of).collect()
    }

    /// Fits totals that add up to noisy ones of all levels.
    fn fit(&self, noisy: &[Vec<i64>], sds: &[f64]) -> Vec<Vec<Fit>> {
        let mut levels: Vec<Vec<Fit>> = Vec::with_capacity(noisy.len());
        for (index, (values, sd)) in noisy.iter().zip(sds).enumerate() {
            let parts = index.checked_sub(1).and_then(|below| self.coarser.get(below));
            let fit = |(place, value): (usize, &i64)| {
                let own = Fit::of(*value, *sd);
                match parts.and_then(|level| level.parts.get(place)).zip(levels.last()) {
                    None => own,
                    Some((part, below)) => weighed(own, sum(below.get(part.clone()).unwrap_or_default())),
                }
            };
            levels.push(values.iter().enumerate().map(fit).collect());
        }
        for (index, level) in self.coarser.iter().enumerate().rev() {
            let Some([below, above]) = levels.get_mut(index..index + 2) else { continue };
            for (part, above) in level.parts.iter().zip(above.iter()) {
                let Some(parts) = below.get_mut(part.clone()) else { continue };
                let sum = sum(parts);
                for fit in parts {
                    let share = fit.variance / sum.variance;
                    fit.value += share * (above.value - sum.value);
                    fit.variance = fit.variance * (1.0 - share) + share * share * above.variance;
                }
            }
        }
        levels
    }

    /// Rounds fits so that they still add up: from the top down, each to one of its two neighbours.
    fn whole_units(&self, fits: &[Vec<Fit>]) -> Vec<Vec<i64>> {
        let mut levels: Vec<Vec<i64>> =
            fits.iter().map(|level| level.iter().map(|fit| floor(fit.value.round())).collect()).collect();
        for (index, level) in self.coarser.iter().enumerate().rev() {
            let Some([below, above]) = levels.get_mut(index..index + 2) else { continue };
            for (part, total) in level.parts.iter().zip(above.iter()) {
                let fits = fits.get(index).and_then(|level| level.get(part.clone())).unwrap_or_default();
                if let Some(units) = below.get_mut(part.clone()) {
                    share_out(*total, fits, units);
                }
            }
        }
        levels
    }
}

/// Returns the sum of fits that are independent of each other.
fn sum(fits: &[Fit]) -> Fit {
    let value = fits.iter().map(|fit| fit.value).sum();
    let variance = fits.iter().map(|fit| fit.variance).sum::<f64>().max(VARIANCE_MIN);
    Fit { value, variance }
}

/// Makes units of fits, so that they add up to a total: what rounding down leaves goes to those that lost most.
fn share_out(total: i64, fits: &[Fit], units: &mut [i64]) {
    let Ok(count) = i64::try_from(units.len()) else { return };
    if count == 0 {
        return;
    }
    for (unit, fit) in units.iter_mut().zip(fits) {
        *unit = floor(fit.value);
    }
    let rest = units.iter().fold(total, |rest, unit| rest.saturating_sub(*unit));
    // More than one for each is what floating-point numbers lost.
    let (each, some) = (rest.div_euclid(count), rest.rem_euclid(count));
    let mut order: Vec<usize> = (0..units.len()).collect();
    let lost = |place: &usize| fits.get(*place).map_or(0.0, |fit| fit.value - fit.value.floor());
    order.sort_by(|one, other| lost(other).total_cmp(&lost(one)));
    for (place, rank) in order.into_iter().zip(0_i64..) {
        if let Some(unit) = units.get_mut(place) {
            *unit = unit.saturating_add(each + i64::from(rank < some));
        }
    }
}

fn deviations(noises: &[&Noise]) -> Vec<f64> {
    noises.iter().map(|noise| noise.sd).collect()
}

fn widest(noises: &[&Noise]) -> f64 {
    noises.iter().map(|noise| noise.z95()).fold(0.0, f64::max)
}

/// Puts a total between its error bars. Less than a unit is what rounding moves it.
pub(super) fn interval(value: i64, sd: f64, z95: f64) -> NoisyValue {
    let half_width = whole(sd * z95 + 1.0);
    NoisyValue {
        value,
        low95: value.saturating_sub(half_width),
        high95: value.saturating_add(half_width),
        sd,
    }
}

#[expect(clippy::cast_precision_loss, reason = "the noise is larger than what is lost")]
const fn float(value: i64) -> f64 {
    value as f64
}

#[expect(clippy::cast_possible_truncation, reason = "`as` holds a number beyond i64 at its end")]
const fn floor(value: f64) -> i64 {
    value.floor() as i64
}

#[cfg(test)]
mod tests;
