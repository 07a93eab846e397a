//! When a release is too large to be computed, told with noise.
//!
//! Statement. Privacy unit: the member; neighbours differ by all rows of one member. Input: the size that the exact
//! side of a release reaches; neighbours differ by at most `member_max`. Output: whether it exceeds a limit. The limit
//! is `total_max`, less a margin of nine sigma, plus a draw of the discrete Gaussian; so the output is a function of
//! the size plus Gaussian noise (the distribution is symmetric) and costs rho = (member_max / sigma)^2 / 2
//! (Canonne, Kamath and Steinke 2020, arXiv:2004.00010, theorem 4).
//!
//! The limit is held within `total_max`, so that the machine can be made sure of before the first row is read. The draw
//! reaches that end with a probability of at most exp(-81 / 2) < 2.6e-18 (the discrete Gaussian is sub-Gaussian: the
//! same paper), which is charged as delta.
//!
//! Why: a limit that is exact is an answer that is exact. Whoever can choose a condition so that a release just fits
//! would learn from its failure that one more member is there, for next to nothing.

use membrane_model::Price;

use super::gaussian::ValueNoise;
use crate::summary::SizeSummary;
use crate::{PrivacyError, SizeBound};

/// The margin, in standard deviations.
const MARGIN_SIGMAS: f64 = 9.0;
/// The probability that the draw is beyond the margin, in the ledger's unit, rounded up.
const TAIL_ATTO: u64 = 3;

/// A limit on the size of a release.
#[derive(Debug, Clone)]
pub(super) struct SizeLimit {
    bound: SizeBound,
    noise: ValueNoise,
    centre: i64,
}

impl SizeLimit {
    /// Finds the least sigma whose price is within the share. The margin may take half of the size at most.
    pub(super) fn calibrate(bound: SizeBound, rho_nano: u64) -> Result<Self, PrivacyError> {
        let too_much = PrivacyError::OutOfRange {
            what: "groups per member",
            expected: "fewer at this epsilon: one member could take too much of the hub's memory",
        };
        let number = |size: u64| {
            i64::try_from(size).map_err(|_| PrivacyError::OutOfRange {
                what: "the size of a release",
                expected: "within the range of 64-bit integers",
            })
        };
        let (member_max, total_max) = (number(bound.member_max)?, number(bound.total_max)?);
        let noise = ValueNoise::calibrate(1, member_max, rho_nano)?;
        let margin = whole(noise.sigma * MARGIN_SIGMAS);
        if margin > total_max / 2 {
            return Err(too_much);
        }
        Ok(Self { bound, noise, centre: total_max - margin })
    }

    /// Returns the price.
    pub(super) const fn price(&self) -> Price {
        let noise = self.noise.price();
        Price { rho_nano: noise.rho_nano, delta_atto: TAIL_ATTO }
    }

    /// Draws the limit.
    pub(super) fn draw(&self) -> Result<u64, PrivacyError> {
        let drawn = self.noise.add(vec![self.centre])?.first().copied().ok_or(PrivacyError::Shape)?;
        Ok(u64::try_from(drawn).unwrap_or_default().min(self.bound.total_max))
    }

    /// Describes the limit.
    pub(super) const fn describe(&self) -> SizeSummary {
        SizeSummary {
            member_max: self.bound.member_max,
            total_max: self.bound.total_max,
            sigma: self.noise.sigma,
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "`as` holds a number beyond i64 at its end")]
const fn whole(value: f64) -> i64 {
    value.ceil() as i64
}

#[cfg(test)]
mod tests;
