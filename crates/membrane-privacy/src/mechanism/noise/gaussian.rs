//! Discrete Gaussian noise.
//!
//! Price: rho = (L2 / sigma)^2 / 2 (Canonne, Kamath and Steinke 2020, arXiv:2004.00010, theorem 4), by opendp's own
//! privacy map.

use opendp::accuracy::{
    conservative_continuous_gaussian_tail_to_alpha, discrete_gaussian_scale_to_accuracy,
    gaussian_scale_to_accuracy,
};
use opendp::core::Measurement;
use opendp::error::Fallible;
use opendp::measurements::make_gaussian;
use opendp::measures::ZeroConcentratedDivergence;
use opendp::metrics::L2Distance;
use opendp::traits::{InfCast, InfMul, InfSqrt};
use opendp::utilities::search::fallible_binary_search;

use super::{Reach, Totals, totals};
use crate::budget::Share;
pub(super) use crate::estimate::Z95;

type Drawing = Measurement<Totals, L2Distance<f64>, ZeroConcentratedDivergence, Vec<i64>>;

/// Below this sigma intervals are summed up exactly.
const EXACT_MAX: f64 = 1000.0;

/// Bounds how far integers of neighbours are apart in L2, rounded up.
pub(in crate::mechanism) fn sensitivity(reach: Reach) -> Fallible<f64> {
    f64::from(reach.cells).inf_sqrt()?.inf_mul(&f64::inf_cast(reach.most)?)
}

/// Finds the least sigma whose price is within the share, which is one of rho.
pub(super) fn calibrate(reach: Reach, share: Share) -> Fallible<(f64, f64, Option<f64>)> {
    let sensitivity = sensitivity(reach)?;
    let rho_max = share.get();
    let affordable = |sigma: &f64| Ok(drawing(*sigma, None)?.map(&sensitivity)? <= rho_max);
    let about = sensitivity / share.loss();
    Ok((sensitivity, fallible_binary_search(affordable, (about * 0.5, about * 2.0))?, None))
}

/// Adds noise.
pub(super) fn add(sigma: f64, exact: &Vec<i64>) -> Fallible<Vec<i64>> {
    drawing(sigma, Some(exact.len()))?.invoke(exact)
}

fn drawing(sigma: f64, cells: Option<usize>) -> Fallible<Drawing> {
    make_gaussian(totals(cells), L2Distance::default(), sigma, None)
}

/// Returns the half-width of the 95 % interval, ends included. opendp's discrete accuracy `a` bounds
/// P[|Z| >= a], so `a - 1` is enough. Beyond a sigma of 1000 the continuous Gaussian, rounded up, is
/// within a thousandth of the exact sum, which would take as many steps as the answer is large.
pub(super) fn half_width95(sigma: f64) -> Fallible<f64> {
    let width = if sigma <= EXACT_MAX {
        discrete_gaussian_scale_to_accuracy(sigma, 0.05)? - 1.0
    } else {
        gaussian_scale_to_accuracy(sigma, 0.05)?
    };
    Ok(width.ceil().max(0.0))
}

/// Returns the chance that a draw is above a number: that of the continuous Gaussian, half a step on.
pub(super) fn above(sigma: f64, number: u64) -> Fallible<f64> {
    let half_on = u128::from(number) * 2 + 1;
    conservative_continuous_gaussian_tail_to_alpha((2.0 * sigma).try_into()?, half_on.into())
}

/// Returns the mean distance from zero.
pub(super) fn mean_distance(sigma: f64) -> f64 {
    if sigma > 20.0 {
        // The sum differs from the integral by less than 1e-300 of it (Poisson summation), but for its peak at
        // zero: -1 / (6 * sum g).
        return sigma * std::f64::consts::FRAC_2_PI.sqrt()
            - 1.0 / (6.0 * sigma * std::f64::consts::TAU.sqrt());
    }
    let (mut sum, mut all) = (0.0, 1.0);
    for step in 1..400_u32 {
        let x = f64::from(step);
        let weight = (-x * x / (2.0 * sigma * sigma)).exp();
        sum += 2.0 * x * weight;
        all += 2.0 * weight;
    }
    sum / all
}
