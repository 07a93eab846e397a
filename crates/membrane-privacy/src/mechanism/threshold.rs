//! Which groups may be shown when their keys come from the data.
//!
//! Statement. Privacy unit: the member; neighbours differ by all rows of one member. Input: the number of
//! members per group; neighbours differ in at most `groups_max` groups, by 1 each (a group that one of
//! them lacks counts as 0). Output: the groups whose count plus a draw of discrete noise, Gaussian or Laplace, lies
//! strictly above a threshold T, with that noisy count. Price: that of the noise ([`super::noise`]), and
//! delta >= P[some of `groups_max` groups with one member passes], by opendp's privacy maps (Rogers 2023,
//! arXiv:2309.09170).
//!
//! Strictly: opendp 0.16.0 also returns values equal to T, but its delta is that of values above T
//! (opendp issue 2922). Dropping the equal ones makes the stated delta true.
//!
//! Smallest cohort. With `cohort_min` = K, groups of fewer than K members are left out and K - 1 is taken
//! from the counts of the others first, as "pre-thresholding" in Google's differential-privacy
//! library does: a group of K members counts as 1, one of K - 1 as absent, so the input still changes by
//! at most 1 per group, and no group below K is ever shown. The released count has K - 1 added again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use membrane_model::{Delta, Price};
use opendp::core::Measurement;
use opendp::domains::{AtomDomain, MapDomain};
use opendp::error::Fallible;
use opendp::measurements::{make_gaussian_threshold, make_laplace_threshold};
use opendp::measures::{Approximate, MaxDivergence, ZeroConcentratedDivergence};
use opendp::metrics::{AbsoluteDistance, L01InfDistance, L02InfDistance};
use opendp::traits::{InfDiv, InfPowI};
use opendp::utilities::search::fallible_binary_search;

use super::noise::{Noise, Reach, l1_distance, l2_distance};
use crate::budget::{Share, Unit};
use crate::{GroupKey, NoiseDrawn, NoiseKind, PrivacyError};

/// Groups go by number here. The draw treats all keys alike, so that numbering them in another order, as when a group
/// more is there, changes nothing about what comes out.
type Counts = MapDomain<AtomDomain<u32>, AtomDomain<i64>>;
type Released = HashMap<u32, i64>;
type Gaussian = Measurement<
    Counts,
    L02InfDistance<AbsoluteDistance<f64>>,
    Approximate<ZeroConcentratedDivergence>,
    Released,
>;
type Laplace =
    Measurement<Counts, L01InfDistance<AbsoluteDistance<f64>>, Approximate<MaxDivergence>, Released>;

/// The least above the 1 that a single member adds.
const THRESHOLD_MIN: i64 = 2;
const THRESHOLD_MAX: i64 = 1 << 40;

/// The choice of groups by noisy, thresholded member counts.
#[derive(Debug, Clone)]
pub(super) struct KeySelection {
    noise: Noise,
    threshold: i64,
    delta: f64,
    cohort_min: i64,
}

impl KeySelection {
    /// Finds the least noise within the share, then the least threshold within the delta.
    pub(super) fn calibrate(
        groups_max: u32,
        kind: NoiseKind,
        share: Share,
        delta_max: f64,
        cohort_min: u32,
    ) -> Result<Self, PrivacyError> {
        let fault = |_| PrivacyError::Library { step: "calibrate the choice of groups" };
        let reach = Reach { cells: groups_max, most: 1 };
        let drawn = if kind == NoiseKind::Laplace { NoiseDrawn::Laplace } else { NoiseDrawn::Gaussian };
        let distance = match drawn {
            NoiseDrawn::Gaussian => l2_distance(reach),
            NoiseDrawn::Laplace => l1_distance(reach),
        };
        let distance = distance.map_err(fault)?;
        let most = share.get();
        let affordable = |scale: &f64| {
            Ok(match share.unit {
                Unit::Rho => price_of(drawn, *scale, THRESHOLD_MAX, groups_max, distance)?.0,
                Unit::Epsilon => laplace(*scale, THRESHOLD_MAX)?.map(&(groups_max, distance, 1.0))?.0,
            } <= most)
        };
        let about = distance / share.loss();
        let scale = fallible_binary_search(affordable, (about * 0.5, about * 2.0)).map_err(fault)?;

        // A little below the limit, so that rounding up to the ledger's unit stays within it.
        let delta_max = delta_max * (1.0 - 1e-6);
        let delta_at = |threshold: i64| Ok(price_of(drawn, scale, threshold, groups_max, distance)?.1);
        let rare = |threshold: &i64| Ok(delta_at(*threshold)? <= delta_max);
        let threshold = if rare(&THRESHOLD_MIN).map_err(fault)? {
            THRESHOLD_MIN
        } else {
            fallible_binary_search(rare, (THRESHOLD_MIN, THRESHOLD_MAX))
                .map_err(|_| PrivacyError::DeltaTooSmall)?
        };
        let delta = delta_at(threshold).map_err(fault)?;
        let epsilon = match drawn {
            NoiseDrawn::Gaussian => None,
            NoiseDrawn::Laplace => {
                let epsilon = laplace(scale, threshold).and_then(|one| one.map(&(groups_max, distance, 1.0)));
                Some(epsilon.map_err(fault)?.0)
            }
        };
        let noise = Noise::stated(drawn, distance, scale, epsilon, share)?;
        Ok(Self { noise, threshold, delta, cohort_min: i64::from(cohort_min.max(1)) })
    }

    /// Returns the price, rounded up.
    pub(super) fn price(&self) -> Result<Price, PrivacyError> {
        let up = self.delta.next_up().next_up();
        let delta = Price::from_parts(0.0, Delta::new(up)?)?;
        Ok(self.noise.price().checked_add(delta)?)
    }

    /// Returns what a noisy member count must exceed.
    pub(super) const fn threshold(&self) -> i64 {
        self.threshold + self.cohort_min - 1
    }

    /// Returns the noise of the member counts.
    pub(super) const fn noise(&self) -> &Noise {
        &self.noise
    }

    /// Returns the smallest cohort.
    pub(super) const fn cohort_min(&self) -> i64 {
        self.cohort_min
    }

    /// Returns the delta that it costs.
    pub(super) const fn delta(&self) -> f64 {
        self.delta
    }

    /// Draws: returns the groups that may be shown, with their noisy member counts.
    pub(super) fn select<'a>(
        &self,
        members: impl Iterator<Item = (&'a GroupKey, i64)>,
    ) -> Result<BTreeMap<GroupKey, i64>, PrivacyError> {
        let passed = |(key, count): (GroupKey, i64)| {
            // PRIVACY: strictly above; see the head of this file.
            (count > self.threshold).then(|| (key, count.saturating_add(self.cohort_min - 1)))
        };
        Ok(self.draw(members)?.into_iter().filter_map(passed).collect())
    }

    /// Draws, and returns the groups that opendp lets through: those at the threshold as well. For the audit alone, which must
    /// find that its delta is not what is claimed.
    pub(super) fn select_at_least<'a>(
        &self,
        members: impl Iterator<Item = (&'a GroupKey, i64)>,
    ) -> Result<BTreeSet<GroupKey>, PrivacyError> {
        Ok(self.draw(members)?.into_iter().map(|(key, _)| key).collect())
    }

    /// Draws the noise of the member counts, less what the smallest cohort takes off them.
    fn draw<'a>(
        &self,
        members: impl Iterator<Item = (&'a GroupKey, i64)>,
    ) -> Result<Vec<(GroupKey, i64)>, PrivacyError> {
        let fault = PrivacyError::Library { step: "draw the noise of the member counts" };
        let mut keys: Vec<&GroupKey> = Vec::new();
        let mut counts: HashMap<u32, i64> = HashMap::new();
        for (key, count) in members {
            if count >= self.cohort_min {
                let number = u32::try_from(keys.len()).map_err(|_| PrivacyError::Shape)?;
                counts.insert(number, count - (self.cohort_min - 1));
                keys.push(key);
            }
        }
        let noisy = draw(self.noise.drawn, self.noise.scale, self.threshold, &counts).map_err(|_| fault)?;
        let named = |(number, count): (u32, i64)| {
            let key = keys.get(usize::try_from(number).ok()?)?;
            Some(((*key).clone(), count))
        };
        Ok(noisy.into_iter().filter_map(named).collect())
    }
}

/// Returns what opendp says that a choice costs: rho and delta.
fn price_of(
    drawn: NoiseDrawn,
    scale: f64,
    threshold: i64,
    groups_max: u32,
    distance: f64,
) -> Fallible<(f64, f64)> {
    let distance = (groups_max, distance, 1.0);
    match drawn {
        NoiseDrawn::Gaussian => gaussian(scale, threshold)?.map(&distance),
        NoiseDrawn::Laplace => {
            let (epsilon, delta) = laplace(scale, threshold)?.map(&distance)?;
            // As opendp's `make_pureDP_to_zCDP` does where delta is zero; delta is the probability of a bad event
            // either way.
            Ok((epsilon.inf_powi(2.into())?.inf_div(&2.0)?, delta))
        }
    }
}

fn draw(drawn: NoiseDrawn, scale: f64, threshold: i64, counts: &Released) -> Fallible<Released> {
    match drawn {
        NoiseDrawn::Gaussian => gaussian(scale, threshold)?.invoke(counts),
        NoiseDrawn::Laplace => laplace(scale, threshold)?.invoke(counts),
    }
}

fn counts() -> Counts {
    MapDomain::new(AtomDomain::<u32>::default(), AtomDomain::<i64>::new_non_nan())
}

fn gaussian(sigma: f64, threshold: i64) -> Fallible<Gaussian> {
    make_gaussian_threshold(counts(), L02InfDistance::default(), sigma, threshold, None)
}

fn laplace(scale: f64, threshold: i64) -> Fallible<Laplace> {
    make_laplace_threshold(counts(), L01InfDistance::default(), scale, threshold, None)
}

#[cfg(test)]
mod tests;
