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

pub(crate) const RHO_NANO_MAX: u64 = 1_000_000_000_000;

/// What an answer may cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PriceAsked {
    /// So much epsilon at the delta that is stated beside it.
    Epsilon(Epsilon),
    /// So many billionths of rho.
    Rho {
        /// rho in billionths.
        rho_nano: u64,
    },
}

/// What was spent already of what a release may cost: on its pilot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spent {
    /// The price.
    pub price: Price,
    /// The same as a pure epsilon, if it has one.
    pub epsilon: Option<f64>,
}

/// What is divided among the parts of a release: billionths of rho, or of a pure epsilon. Both add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Zero-concentrated.
    Rho,
    /// Pure. A part of epsilon e costs e^2 / 2 in rho (Bun and Steinke 2016, proposition 1.4).
    Epsilon,
}

/// A part of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) unit: Unit,
    pub(crate) nano: u64,
}

impl Share {
    /// Returns a share of rho.
    pub(crate) const fn rho(nano: u64) -> Self {
        Self { unit: Unit::Rho, nano }
    }

    /// Returns the number, never more than it is.
    #[expect(clippy::cast_precision_loss, reason = "rounded down after")]
    pub(crate) fn get(self) -> f64 {
        (self.nano as f64 / 1e9).next_down()
    }

    /// Returns the pure epsilon that it pays for, about.
    pub(crate) fn loss(self) -> f64 {
        match self.unit {
            Unit::Epsilon => self.get(),
            Unit::Rho => (2.0 * self.get()).sqrt(),
        }
    }

    /// Returns the same as what may be asked for.
    pub(crate) fn asked(self) -> Result<PriceAsked, PrivacyError> {
        Ok(match self.unit {
            Unit::Rho => PriceAsked::Rho { rho_nano: self.nano },
            Unit::Epsilon => PriceAsked::Epsilon(Epsilon::new(self.get())?),
        })
    }

    /// Returns what it costs in rho.
    pub(crate) fn price(self) -> Result<Price, PrivacyError> {
        match self.unit {
            Unit::Rho => Ok(Price { rho_nano: self.nano, delta_atto: 0 }),
            Unit::Epsilon => Ok(Price::from_parts(self.get().powi(2).next_up() / 2.0, Delta::new(0.0)?)?),
        }
    }
}

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

/// What is paid for a release besides its values, in billionths of the unit.
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
    /// Of rho: sets aside a fiftieth for the size, or more where that is next to nothing (never more than a tenth), and
    /// a twentieth for clipping. Of a pure epsilon a twentieth and a tenth, as noise grows with the inverse there, and
    /// with that of the root in rho.
    pub(crate) fn of(unit: Unit, nano: u64) -> Result<Self, PrivacyError> {
        let (size, clipping) = match unit {
            Unit::Rho => ((nano / 50).max((nano / 10).min(SIZE_NANO_MIN)), nano / 20),
            Unit::Epsilon => (nano / 20, nano / 10),
        };
        if size == 0 || clipping == 0 {
            Err(PrivacyError::EpsilonTooSmall)
        } else {
            Ok(Self { size, clipping })
        }
    }

    /// Returns what is left for the values.
    pub(crate) const fn left_of(self, nano: u64) -> u64 {
        nano.saturating_sub(self.size).saturating_sub(self.clipping)
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
