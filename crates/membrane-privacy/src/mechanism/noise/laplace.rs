//! Discrete Laplace noise.
//!
//! Price: a pure epsilon = L1 / scale (Ghosh, Roughgarden and Sundararajan 2009), by opendp's own privacy map; in rho,
//! epsilon^2 / 2, by opendp's `make_pureDP_to_zCDP` (Bun and Steinke 2016, proposition 1.4).
//!
//! With p = exp(-1 / scale): P[Z = z] = p^|z| (1 - p) / (1 + p), so P[|Z| > h] = 2 p^(h + 1) / (1 + p), which gives
//! intervals in closed form; the variance is 2 p / (1 - p)^2 and the mean distance from zero 2 p / (1 - p^2).

use opendp::accuracy::{conservative_discrete_laplacian_tail_to_alpha, discrete_laplacian_scale_to_accuracy};
use opendp::combinators::make_pureDP_to_zCDP;
use opendp::core::Measurement;
use opendp::error::Fallible;
use opendp::measurements::make_laplace;
use opendp::measures::MaxDivergence;
use opendp::metrics::L1Distance;
use opendp::traits::{InfCast, InfMul};
use opendp::utilities::search::fallible_binary_search;

use super::{Reach, Totals, totals};
use crate::budget::{Share, Unit};

type Drawing = Measurement<Totals, L1Distance<f64>, MaxDivergence, Vec<i64>>;

/// 95 % of a Laplace distribution lies within ln(20) / sqrt(2) deviations; of sums of several draws a little
/// less far, down to 1.96.
pub(super) const Z95: f64 = 2.118_304;

/// Bounds how far integers of neighbours are apart in L1, rounded up.
pub(in crate::mechanism) fn sensitivity(reach: Reach) -> Fallible<f64> {
    f64::from(reach.cells).inf_mul(&f64::inf_cast(reach.most)?)
}

/// Finds the least scale whose price is within the share. Returns the sensitivity, the scale and the epsilon.
pub(super) fn calibrate(reach: Reach, share: Share) -> Fallible<(f64, f64, Option<f64>)> {
    let sensitivity = sensitivity(reach)?;
    let most = share.get();
    let affordable = |scale: &f64| match share.unit {
        Unit::Epsilon => Ok(drawing(*scale, None)?.map(&sensitivity)? <= most),
        Unit::Rho => Ok(make_pureDP_to_zCDP(drawing(*scale, None)?)?.map(&sensitivity)? <= most),
    };
    let about = sensitivity / share.loss();
    let scale = fallible_binary_search(affordable, (about * 0.5, about * 2.0))?;
    Ok((sensitivity, scale, Some(drawing(scale, None)?.map(&sensitivity)?)))
}

/// Adds noise.
pub(super) fn add(scale: f64, exact: &Vec<i64>) -> Fallible<Vec<i64>> {
    drawing(scale, Some(exact.len()))?.invoke(exact)
}

fn drawing(scale: f64, cells: Option<usize>) -> Fallible<Drawing> {
    make_laplace(totals(cells), L1Distance::default(), scale, None)
}

/// Returns the standard deviation: sqrt(2 p) / (1 - p).
pub(super) fn deviation(scale: f64) -> f64 {
    1.0 / (std::f64::consts::SQRT_2 * (0.5 / scale).sinh())
}

/// Returns the mean distance from zero: 2 p / (1 - p^2).
pub(super) fn mean_distance(scale: f64) -> f64 {
    1.0 / (1.0 / scale).sinh()
}

/// Returns the half-width of the 95 % interval, ends included, rounded up where it is close. opendp's discrete accuracy
/// `a` bounds P[|Z| >= a], so `a - 1` is enough.
pub(super) fn half_width95(scale: f64) -> Fallible<f64> {
    let width = discrete_laplacian_scale_to_accuracy(scale, 0.05)?;
    Ok((width * (1.0 + 1e-12) - 1.0).ceil().max(0.0))
}

/// Returns the chance that a draw is above a number.
pub(super) fn above(scale: f64, number: u64) -> Fallible<f64> {
    conservative_discrete_laplacian_tail_to_alpha(scale.try_into()?, number.into())
}
