//! What a release costs, in integers, so that sums are exact and never round in the spender's favour.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number that no privacy parameter can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// Not a finite number above zero.
    #[error("epsilon must be a finite number above 0")]
    Epsilon,
    /// Not within 0 and 1.
    #[error("delta must be at least 0 and below 1")]
    Delta,
    /// Larger than the integers of the ledger.
    #[error("the price is larger than the ledger can hold")]
    TooLarge,
}

/// A privacy loss bound epsilon: finite, above zero.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Epsilon(f64);

impl Epsilon {
    /// Checks a number.
    ///
    /// # Errors
    /// [`PriceError::Epsilon`] unless it is finite and above zero.
    pub fn new(value: f64) -> Result<Self, PriceError> {
        if value.is_finite() && value > 0.0 { Ok(Self(value)) } else { Err(PriceError::Epsilon) }
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// A failure probability delta: at least 0, below 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Delta(f64);

impl Delta {
    /// Checks a number.
    ///
    /// # Errors
    /// [`PriceError::Delta`] unless it is at least 0 and below 1.
    pub fn new(value: f64) -> Result<Self, PriceError> {
        if (0.0..1.0).contains(&value) { Ok(Self(value)) } else { Err(PriceError::Delta) }
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// The price of a release: zero-concentrated DP (Bun and Steinke 2016) plus delta, both rounded up to
/// integers: rho in units of 1e-9, delta in units of 1e-18.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Price {
    /// rho in billionths.
    pub rho_nano: u64,
    /// delta in units of 1e-18.
    pub delta_atto: u64,
}

const RHO_UNIT: f64 = 1e9;
const DELTA_UNIT: f64 = 1e18;
const LEDGER_MAX: f64 = 9.0e18;

impl Price {
    /// Rounds a price up to the ledger's integers.
    ///
    /// # Errors
    /// [`PriceError`] when a part is negative, not finite or too large.
    pub fn from_parts(rho: f64, delta: Delta) -> Result<Self, PriceError> {
        Ok(Self { rho_nano: round_up(rho * RHO_UNIT)?, delta_atto: round_up(delta.get() * DELTA_UNIT)? })
    }

    /// Returns rho as a number.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for show and for converting to epsilon, rounded above")]
    pub fn rho(self) -> f64 {
        self.rho_nano as f64 / RHO_UNIT
    }

    /// Returns delta as a number.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for show, rounded above")]
    pub fn delta(self) -> f64 {
        self.delta_atto as f64 / DELTA_UNIT
    }

    /// Adds two prices (sequential composition), or says that the ledger cannot hold the sum.
    ///
    /// # Errors
    /// [`PriceError::TooLarge`].
    pub fn checked_add(self, other: Self) -> Result<Self, PriceError> {
        Ok(Self {
            rho_nano: self.rho_nano.checked_add(other.rho_nano).ok_or(PriceError::TooLarge)?,
            delta_atto: self.delta_atto.checked_add(other.delta_atto).ok_or(PriceError::TooLarge)?,
        })
    }

    /// Returns what is left of this after another, part by part; nothing where there is less.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self {
            rho_nano: self.rho_nano.saturating_sub(other.rho_nano),
            delta_atto: self.delta_atto.saturating_sub(other.delta_atto),
        }
    }

    /// Returns how often another price fits into this; without end when it costs nothing.
    #[must_use]
    pub fn times(self, each: Self) -> u64 {
        let rho = self.rho_nano.checked_div(each.rho_nano).unwrap_or(u64::MAX);
        rho.min(self.delta_atto.checked_div(each.delta_atto).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rho {:.9}, delta {:.3e}", self.rho(), self.delta())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie within 0 and 9e18, and rounded up first"
)]
fn round_up(units: f64) -> Result<u64, PriceError> {
    if units.is_finite() && (0.0..LEDGER_MAX).contains(&units) {
        Ok(units.ceil() as u64)
    } else {
        Err(PriceError::TooLarge)
    }
}

#[cfg(test)]
mod tests;
