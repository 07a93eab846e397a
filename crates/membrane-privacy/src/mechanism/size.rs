//! When a release is too large to be computed, told with noise.
//!
//! Statement. Privacy unit: the member; neighbours differ by all rows of one member. Input: the size that the exact
//! side of a release reaches; neighbours differ by at most `member_max`. Output: whether it exceeds a limit. The limit
//! is `total_max`, less a margin, plus a draw of discrete noise ([`super::noise`]); so the output is a function of
//! the size plus noise (the distributions are symmetric) and costs what that noise costs.
//!
//! The limit is held within `total_max`, so that the machine can be made sure of before the first row is read. The draw
//! reaches that end with a probability that is charged as delta, 3e-18:
//!
//! | noise | margin | the draw is beyond it with |
//! | --- | --- | --- |
//! | Gaussian | 9 sigma | at most exp(-81 / 2) < 2.6e-18 (it is sub-Gaussian: Canonne, Kamath and Steinke 2020) |
//! | Laplace | 41 scales | at most exp(-41) < 1.6e-18 |
//!
//! No noise makes this delta go: a machine that must end at a size that is fixed ends surely beyond it and perhaps not
//! before, which no epsilon covers. So a pure release is pure but for this one event, and says so. Delta is an upper
//! bound on its probability whatever the data; of a database far below the limit it is far less still.
//!
//! Why: a limit that is exact is an answer that is exact. Whoever can choose a condition so that a release just fits
//! would learn from its failure that one more member is there, for next to nothing.

use membrane_model::Price;

use super::noise::{Noise, Reach, whole};
use crate::budget::{Share, Unit};
use crate::summary::SizeSummary;
use crate::{NoiseDrawn, NoiseKind, PrivacyError, SizeBound};

/// The margin, in parameters of the noise.
const fn margin(drawn: NoiseDrawn) -> f64 {
    match drawn {
        NoiseDrawn::Gaussian => 9.0,
        NoiseDrawn::Laplace => 41.0,
    }
}

/// The probability that the draw is beyond the margin, in the ledger's unit, rounded up.
const TAIL_ATTO: u64 = 3;

/// A limit on the size of a release.
#[derive(Debug, Clone)]
pub(crate) struct SizeLimit {
    bound: SizeBound,
    noise: Noise,
    centre: i64,
}

impl SizeLimit {
    /// Finds the least noise whose price is within the share. The margin may take half of the size at most.
    pub(crate) fn calibrate(bound: SizeBound, kind: NoiseKind, share: Share) -> Result<Self, PrivacyError> {
        let number = |size: u64| {
            i64::try_from(size).map_err(|_| PrivacyError::OutOfRange {
                what: "the size of a release",
                expected: "within the range of 64-bit integers",
            })
        };
        let (member_max, total_max) = (number(bound.member_max)?, number(bound.total_max)?);
        let noise = Noise::calibrate(kind, Reach { cells: 1, most: member_max.max(1) }, share)?;
        let margin = whole(noise.scale * margin(noise.drawn));
        if margin > total_max / 2 {
            return Err(PrivacyError::MemberTooLarge {
                member_max: fitting(member_max, margin, total_max / 2),
            });
        }
        Ok(Self { bound, noise, centre: total_max - margin })
    }

    /// Returns the least share with which the margin is within half of the size, in billionths.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded up by a thousandth, and checked when the limit is calibrated"
    )]
    pub(crate) fn share_min(bound: SizeBound, kind: NoiseKind, unit: Unit) -> u64 {
        let laplace = unit == Unit::Epsilon || kind == NoiseKind::Laplace;
        let drawn = if laplace { NoiseDrawn::Laplace } else { NoiseDrawn::Gaussian };
        let loss = bound.member_max.max(1) as f64 * margin(drawn) / (bound.total_max.max(1) as f64 / 2.0);
        let amount = if unit == Unit::Epsilon { loss } else { loss.powi(2) / 2.0 };
        (amount * 1.001e9).ceil().max(2.0) as u64
    }

    /// Returns the price.
    pub(crate) const fn price(&self) -> Price {
        let noise = self.noise.price();
        Price { rho_nano: noise.rho_nano, delta_atto: TAIL_ATTO }
    }

    /// Draws the limit.
    pub(crate) fn draw(&self) -> Result<u64, PrivacyError> {
        let drawn = self.noise.add(vec![self.centre])?.first().copied().ok_or(PrivacyError::Shape)?;
        Ok(u64::try_from(drawn).unwrap_or_default().min(self.bound.total_max))
    }

    /// Describes the limit.
    pub(crate) const fn describe(&self) -> SizeSummary {
        SizeSummary {
            member_max: self.bound.member_max,
            total_max: self.bound.total_max,
            sigma: self.noise.sd,
            noise: self.noise.drawn,
        }
    }

    /// Returns the noise of the limit.
    pub(super) const fn noise(&self) -> &Noise {
        &self.noise
    }

    /// Returns the pure epsilon that it costs, if it does.
    pub(crate) const fn epsilon(&self) -> Option<f64> {
        self.noise.epsilon
    }
}

/// Returns what one member may take so that the margin, which grows with it, is within `margin_max`: a thousandth less, as
/// noise is calibrated to within less than that.
fn fitting(member_max: i64, margin: i64, margin_max: i64) -> u64 {
    let whole = i128::from(member_max) * i128::from(margin_max) * 999;
    let fitting = whole.checked_div(i128::from(margin) * 1_000).unwrap_or_default();
    u64::try_from(fitting).unwrap_or_default()
}

#[cfg(test)]
mod tests;
