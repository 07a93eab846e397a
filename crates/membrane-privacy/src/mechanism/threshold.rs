//! Which groups may be shown when their keys come from the data.
//!
//! Statement. Privacy unit: the member; neighbours differ by all rows of one member. Input: the number of
//! members per group; neighbours differ in at most `groups_max` groups, by 1 each (a group that one of
//! them lacks counts as 0). Output: the groups whose count plus a discrete Gaussian draw lies strictly
//! above a threshold T, with that noisy count. Price: rho = (sqrt(groups_max) / sigma)^2 / 2, and
//! delta >= P[some of `groups_max` groups with one member passes], by opendp's privacy map (Rogers 2023,
//! arXiv:2309.09170).
//!
//! Strictly: opendp 0.16.0 also returns values equal to T, but its delta is that of values above T
//! (opendp issue 2922). Dropping the equal ones makes the stated delta true.
//!
//! Smallest cohort. With `cohort_min` = K, groups of fewer than K members are left out and K - 1 is taken
//! from the counts of the others first, as "pre-thresholding" in Google's differential-privacy
//! library does: a group of K members counts as 1, one of K - 1 as absent, so the input still changes by
//! at most 1 per group, and no group below K is ever shown. The released count has K - 1 added again.

use std::collections::{BTreeMap, HashMap};

use membrane_model::{Delta, Price};
use opendp::core::Measurement;
use opendp::domains::{AtomDomain, MapDomain};
use opendp::error::Fallible;
use opendp::measurements::make_gaussian_threshold;
use opendp::measures::{Approximate, ZeroConcentratedDivergence};
use opendp::metrics::{AbsoluteDistance, L02InfDistance};
use opendp::utilities::search::fallible_binary_search;

use super::gaussian::{ValueNoise, l2_distance};
use crate::budget::rho_of;
use crate::{GroupKey, PrivacyError};

/// Groups go by number here. The draw treats all keys alike, so that numbering them in another order, as when a group
/// more is there, changes nothing about what comes out.
type Counts = MapDomain<AtomDomain<u32>, AtomDomain<i64>>;
type CountDistance = L02InfDistance<AbsoluteDistance<f64>>;
type Selection =
    Measurement<Counts, CountDistance, Approximate<ZeroConcentratedDivergence>, HashMap<u32, i64>>;

/// The least above the 1 that a single member adds.
const THRESHOLD_MIN: i64 = 2;
const THRESHOLD_MAX: i64 = 1 << 40;

/// The choice of groups by noisy, thresholded member counts.
#[derive(Debug, Clone)]
pub(super) struct KeySelection {
    noise: ValueNoise,
    threshold: i64,
    delta: f64,
    cohort_min: i64,
}

impl KeySelection {
    /// Finds the least sigma within the share of rho, then the least threshold within the delta.
    pub(super) fn calibrate(
        groups_max: u32,
        rho_nano: u64,
        delta_max: f64,
        cohort_min: u32,
    ) -> Result<Self, PrivacyError> {
        let fault = |_| PrivacyError::Library { step: "calibrate the choice of groups" };
        let l2 = l2_distance(groups_max, 1).map_err(fault)?;
        let distance = (groups_max, l2, 1.0);
        let rho_max = rho_of(rho_nano).next_down();
        let affordable = |sigma: &f64| Ok(selection(*sigma, THRESHOLD_MAX)?.map(&distance)?.0 <= rho_max);
        let about = l2 / (2.0 * rho_max).sqrt();
        let sigma = fallible_binary_search(affordable, (about * 0.5, about * 2.0)).map_err(fault)?;

        // A little below the limit, so that rounding up to the ledger's unit stays within it.
        let delta_max = delta_max * (1.0 - 1e-6);
        let delta_at = |threshold: i64| Ok(selection(sigma, threshold)?.map(&distance)?.1);
        let rare = |threshold: &i64| Ok(delta_at(*threshold)? <= delta_max);
        let threshold = if rare(&THRESHOLD_MIN).map_err(fault)? {
            THRESHOLD_MIN
        } else {
            fallible_binary_search(rare, (THRESHOLD_MIN, THRESHOLD_MAX))
                .map_err(|_| PrivacyError::DeltaTooSmall)?
        };
        let delta = delta_at(threshold).map_err(fault)?;
        let noise = ValueNoise::stated(l2, sigma, rho_nano)?;
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
    pub(super) const fn noise(&self) -> &ValueNoise {
        &self.noise
    }

    /// Draws: returns the groups that may be shown, with their noisy member counts.
    pub(super) fn select<'a>(
        &self,
        members: impl Iterator<Item = (&'a GroupKey, i64)>,
    ) -> Result<BTreeMap<GroupKey, i64>, PrivacyError> {
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
        let noisy = selection(self.noise.sigma, self.threshold)
            .and_then(|measurement| measurement.invoke(&counts))
            .map_err(|_| fault)?;
        let passed = |(number, count): (u32, i64)| {
            let key = keys.get(usize::try_from(number).ok()?)?;
            // PRIVACY: strictly above; see the head of this file.
            (count > self.threshold).then(|| ((*key).clone(), count.saturating_add(self.cohort_min - 1)))
        };
        Ok(noisy.into_iter().filter_map(passed).collect())
    }
}

fn selection(sigma: f64, threshold: i64) -> Fallible<Selection> {
    let domain = MapDomain::new(AtomDomain::<u32>::default(), AtomDomain::<i64>::new_non_nan());
    make_gaussian_threshold(domain, CountDistance::default(), sigma, threshold, None)
}

#[cfg(test)]
mod tests;
