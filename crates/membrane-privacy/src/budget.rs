//! Budgets: from (epsilon, delta) to zero-concentrated DP, its shares, and back.
//!
//! zCDP (Bun and Steinke 2016, arXiv:1605.02065) adds up without loss, which is why the ledger counts
//! rho. All conversions are opendp's (Canonne, Kamath and Steinke 2020, arXiv:2004.00010, corollary 13).
//! Shares are whole billionths of rho, so that the price of a release is an exact sum.

use membrane_model::{Delta, Epsilon, Price};
use opendp::combinators::ConcentratedMeasure;
use opendp::measures::ZeroConcentratedDivergence;
use opendp::utilities::search::fallible_binary_search;

use crate::PrivacyError;

const RHO_NANO_MAX: u64 = 1_000_000_000_000;

/// Returns the epsilon that a price amounts to at a delta, rounded up.
///
/// # Errors
/// [`PrivacyError::OutOfRange`] unless `delta` is above the price's own delta.
pub fn epsilon_of(price: Price, delta: Delta) -> Result<f64, PrivacyError> {
    let left = delta.get() - price.delta();
    if left <= 0.0 {
        return Err(PrivacyError::OutOfRange {
            what: "delta",
            expected: "above the delta that the price already holds",
        });
    }
    let step = "convert rho to epsilon";
    ZeroConcentratedDivergence::convert(price.rho())
        .and_then(|profile| profile.epsilon(left))
        .map_err(|_| PrivacyError::Library { step })
}

/// Returns the largest rho, in billionths, that costs at most `epsilon` at `delta`.
pub(crate) fn rho_nano_for(epsilon: Epsilon, delta: f64) -> Result<u64, PrivacyError> {
    let affordable = |nano: &u64| {
        let profile = ZeroConcentratedDivergence::convert(rho_of(*nano))?;
        Ok(profile.delta(epsilon.get())? <= delta)
    };
    match affordable(&1) {
        Ok(true) => fallible_binary_search(affordable, (1, RHO_NANO_MAX))
            .map_err(|_| PrivacyError::Library { step: "convert epsilon to rho" }),
        _ => Err(PrivacyError::EpsilonTooSmall),
    }
}

/// Returns the same rho as a price does, so that both ways agree.
pub(crate) fn rho_of(nano: u64) -> f64 {
    Price { rho_nano: nano, delta_atto: 0 }.rho()
}

/// What is paid for a release besides its values, in billionths of rho.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overhead {
    /// For the limit on its size.
    pub(crate) size: u64,
    /// For telling of how many members something was left out.
    pub(crate) clipping: u64,
}

/// A size limit that costs less than this, in billionths, is so blurred that a small release may not fit.
const SIZE_NANO_MIN: u64 = 200;

impl Overhead {
    /// Sets aside a fiftieth for the size, or more where that is next to nothing (never more than a tenth), and a
    /// twentieth for clipping.
    pub(crate) fn of(rho_nano: u64) -> Result<Self, PrivacyError> {
        let size = (rho_nano / 50).max((rho_nano / 10).min(SIZE_NANO_MIN));
        let clipping = rho_nano / 20;
        if size == 0 || clipping == 0 {
            Err(PrivacyError::EpsilonTooSmall)
        } else {
            Ok(Self { size, clipping })
        }
    }

    /// Returns what is left for the values.
    pub(crate) const fn left_of(self, rho_nano: u64) -> u64 {
        rho_nano.saturating_sub(self.size).saturating_sub(self.clipping)
    }
}

/// Divides billionths of rho by weight, rounding each share down.
pub(crate) fn shares(nano: u64, weights: &[u32]) -> Result<Vec<u64>, PrivacyError> {
    let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    let share = |weight: &u32| {
        (u128::from(nano) * u128::from(*weight))
            .checked_div(total)
            .and_then(|part| u64::try_from(part).ok())
            .filter(|part| *part > 0)
            .ok_or(PrivacyError::EpsilonTooSmall)
    };
    weights.iter().map(share).collect()
}

#[cfg(test)]
mod tests;
