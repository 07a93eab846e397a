//! Integer totals of known groups, with discrete Gaussian noise.
//!
//! Statement. Privacy unit: the member; neighbours differ by all rows of one member. Input: one integer
//! per group; totals of neighbours differ in at most `groups_max` groups, by at most `contribution_max`
//! each, hence by at most `sqrt(groups_max) * contribution_max` in L2. Output: the integers, each plus
//! an independent draw of the discrete Gaussian with parameter sigma. Price: rho = (L2 / sigma)^2 / 2
//! (Canonne, Kamath and Steinke 2020, arXiv:2004.00010, theorem 4), by opendp's own privacy map.
//! The output is an integer in every case, so its grid tells nothing (Mironov 2012).

use membrane_model::Price;
use opendp::accuracy::{discrete_gaussian_scale_to_accuracy, gaussian_scale_to_accuracy};
use opendp::core::Measurement;
use opendp::domains::{AtomDomain, VectorDomain};
use opendp::error::Fallible;
use opendp::measurements::make_gaussian;
use opendp::measures::ZeroConcentratedDivergence;
use opendp::metrics::L2Distance;
use opendp::traits::{InfCast, InfMul, InfSqrt};
use opendp::utilities::search::fallible_binary_search;

use crate::budget::rho_of;
use crate::spec::TOTAL_MAX;
use crate::{NoisyValue, PrivacyError, bound_value};

type Totals = VectorDomain<AtomDomain<i64>>;
type Noise = Measurement<Totals, L2Distance<f64>, ZeroConcentratedDivergence, Vec<i64>>;

/// Discrete Gaussian noise for one aggregate.
#[derive(Debug, Clone)]
pub(super) struct ValueNoise {
    /// The most that neighbours differ in L2.
    pub(super) sensitivity: f64,
    /// The parameter of the noise; its standard deviation is this or a hair less.
    pub(super) sigma: f64,
    /// 95 % of the draws are at most this far from zero.
    pub(super) half_width95: i64,
    rho_nano: u64,
}

impl ValueNoise {
    /// Finds the least sigma whose price is within the share.
    pub(super) fn calibrate(
        groups_max: u32,
        contribution_max: i64,
        rho_nano: u64,
    ) -> Result<Self, PrivacyError> {
        let fault = |_| PrivacyError::Library { step: "calibrate the noise of a total" };
        let sensitivity = l2_distance(groups_max, contribution_max).map_err(fault)?;
        let rho_max = rho_of(rho_nano).next_down();
        let affordable = |sigma: &f64| Ok(noise(*sigma, None)?.map(&sensitivity)? <= rho_max);
        let about = sensitivity / (2.0 * rho_max).sqrt();
        let sigma = fallible_binary_search(affordable, (about * 0.5, about * 2.0)).map_err(fault)?;
        let half_width95 = half_width95(sigma)?;
        Ok(Self { sensitivity, sigma, half_width95, rho_nano })
    }

    /// States noise that another mechanism draws.
    pub(super) fn stated(sensitivity: f64, sigma: f64, rho_nano: u64) -> Result<Self, PrivacyError> {
        Ok(Self { sensitivity, sigma, half_width95: half_width95(sigma)?, rho_nano })
    }

    /// Returns the price: the whole share, which opendp's map does not exceed.
    pub(super) const fn price(&self) -> Price {
        Price { rho_nano: self.rho_nano, delta_atto: 0 }
    }

    /// Adds noise to exact totals.
    pub(super) fn add(&self, mut exact: Vec<i64>) -> Result<Vec<i64>, PrivacyError> {
        for total in &mut exact {
            *total = bound_value(*total, -TOTAL_MAX, TOTAL_MAX);
        }
        noise(self.sigma, Some(exact.len()))
            .and_then(|measurement| measurement.invoke(&exact))
            .map_err(|_| PrivacyError::Library { step: "draw the noise of a total" })
    }

    /// Puts a noisy value between its error bars.
    pub(super) const fn interval(&self, value: i64) -> NoisyValue {
        NoisyValue {
            value,
            low95: value.saturating_sub(self.half_width95),
            high95: value.saturating_add(self.half_width95),
            sd: self.sigma,
        }
    }
}

/// Bounds how far totals of neighbours are apart in L2, rounded up.
pub(super) fn l2_distance(groups_max: u32, contribution_max: i64) -> Fallible<f64> {
    f64::from(groups_max).inf_sqrt()?.inf_mul(&f64::inf_cast(contribution_max)?)
}

fn noise(sigma: f64, groups: Option<usize>) -> Fallible<Noise> {
    let domain = VectorDomain::new(AtomDomain::<i64>::new_non_nan());
    let domain = match groups {
        Some(groups) => domain.with_size(groups),
        None => domain,
    };
    make_gaussian(domain, L2Distance::default(), sigma, None)
}

/// Returns the half-width of the 95 % interval, ends included. opendp's discrete accuracy `a` bounds
/// P[|Z| >= a], so `a - 1` is enough. Beyond a sigma of 1000 the continuous Gaussian, rounded up, is
/// within a thousandth of the exact sum, which would take as many steps as the answer is large.
#[expect(clippy::cast_possible_truncation, reason = "`as` holds a number beyond i64 at its end")]
fn half_width95(sigma: f64) -> Result<i64, PrivacyError> {
    let step = "find the 95 % interval";
    let width = if sigma <= 1000.0 {
        discrete_gaussian_scale_to_accuracy(sigma, 0.05).map(|accuracy| accuracy - 1.0)
    } else {
        gaussian_scale_to_accuracy(sigma, 0.05)
    };
    let width = width.map_err(|_| PrivacyError::Library { step })?.ceil();
    if width.is_finite() { Ok(width as i64) } else { Err(PrivacyError::Library { step }) }
}

#[cfg(test)]
mod tests;
