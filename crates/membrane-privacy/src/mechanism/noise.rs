//! Integer totals of known groups, with discrete noise: Gaussian or Laplace.
//!
//! Statement. Privacy unit: the member; neighbours differ by all rows of one member. Input: integers; those of
//! neighbours differ in at most `cells` of them, by at most `most` each ([`Reach`]). Output: the integers, each plus an
//! independent draw. Price: by opendp's own privacy maps.
//!
//! | noise | distance | price |
//! | --- | --- | --- |
//! | [`gaussian`] | L2 = `sqrt(cells) * most` | rho = (L2 / sigma)^2 / 2 |
//! | [`laplace`] | L1 = `cells * most` | epsilon = L1 / scale, which is rho = epsilon^2 / 2 |
//!
//! The output is an integer in every case, so its grid tells nothing (Mironov 2012).
//!
//! Which one. For one price in rho both have the same parameter s up to the distance: sigma = L2 / sqrt(2 rho), scale =
//! L1 / sqrt(2 rho). As L1 >= L2, Laplace is never better than with L1 = L2 = s. There the mean distance from zero is
//! 1 / sinh(1 / s) for Laplace. For the Gaussian it is 2 sum x g(x) / (1 + 2 sum g(x)) with g(x) = exp(-x^2 / (2 s^2)), which is
//! s * sqrt(2 / pi) = 0.80 s for a large s, where Laplace has s, and about 2 exp(-1 / (2 s^2)) for a small one, where
//! Laplace has 2 exp(-1 / s), which is more below s = 1/2. In between it is computed (a test walks s from 0.05 to 1,000):
//! **at one price in rho the Gaussian always wins**, by 12 % of the error at least and 20 % in the end. So
//! [`NoiseKind::Auto`] draws Laplace only where it must: a pure epsilon has no Gaussian. Laplace can be asked for; whoever
//! accounts in pure epsilon, with one group per member and one aggregate, gets less error from it.

mod gaussian;
mod laplace;

pub(super) use self::gaussian::sensitivity as l2_distance;
pub(super) use self::laplace::sensitivity as l1_distance;

use membrane_model::Price;
use opendp::domains::{AtomDomain, VectorDomain};
use serde::{Deserialize, Serialize};

use super::TARGET_EXPECTED;
use crate::budget::{Share, Unit};
use crate::spec::TOTAL_MAX;
use crate::{NoiseSummary, NoisyValue, PrivacyError, bound_value};

/// Which noise is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseKind {
    /// Whichever is closer to zero on average at the same price.
    #[default]
    Auto,
    /// Discrete Laplace.
    Laplace,
    /// Discrete Gaussian.
    Gaussian,
    /// Whichever is closer to zero on average at the same epsilon, however much of a budget it takes: Laplace noise for one
    /// or a few groups of each member, at many times the rho.
    LeastError,
}

/// Which noise is drawn. What was stored before there was a choice is Gaussian.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseDrawn {
    /// Discrete Gaussian.
    #[default]
    Gaussian,
    /// Discrete Laplace.
    Laplace,
}

impl NoiseDrawn {
    /// Tells whether this is what was drawn before there was a choice.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
    pub(crate) const fn is_gaussian(&self) -> bool {
        matches!(self, Self::Gaussian)
    }
}

/// How far the integers of neighbours are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    /// How many of them differ at most.
    pub(crate) cells: u32,
    /// By how much each of them differs at most.
    pub(crate) most: i64,
}

/// Calibrated noise for the integers of one aggregate.
#[derive(Debug, Clone)]
pub(crate) struct Noise {
    pub(crate) drawn: NoiseDrawn,
    /// The most that neighbours differ: in L2 for Gaussian noise, in L1 for Laplace.
    pub(super) sensitivity: f64,
    /// The parameter of the noise: sigma for Gaussian noise, scale for Laplace.
    pub(super) scale: f64,
    /// Its standard deviation, or a hair more.
    pub(crate) sd: f64,
    /// At least 95 % of the draws are at most this far from zero.
    pub(super) half_width95: i64,
    rho_nano: u64,
    /// The pure epsilon that it costs, if it does.
    pub(crate) epsilon: Option<f64>,
}

impl Noise {
    /// Finds the least noise whose price is within the share.
    pub(crate) fn calibrate(kind: NoiseKind, reach: Reach, share: Share) -> Result<Self, PrivacyError> {
        let drawn = choose(kind, reach, share);
        let parts = match drawn {
            NoiseDrawn::Gaussian => gaussian::calibrate(reach, share),
            NoiseDrawn::Laplace => laplace::calibrate(reach, share),
        };
        let (sensitivity, scale, epsilon) =
            parts.map_err(|_| PrivacyError::Library { step: "calibrate the noise of a total" })?;
        Self::stated(drawn, sensitivity, scale, epsilon, share)
    }

    /// States noise that another mechanism draws.
    pub(super) fn stated(
        drawn: NoiseDrawn,
        sensitivity: f64,
        scale: f64,
        epsilon: Option<f64>,
        share: Share,
    ) -> Result<Self, PrivacyError> {
        let sd = match drawn {
            NoiseDrawn::Gaussian => scale,
            NoiseDrawn::Laplace => laplace::deviation(scale),
        };
        let half_width95 = half_width95(drawn, scale)?;
        let rho_nano = share.price()?.rho_nano;
        Ok(Self { drawn, sensitivity, scale, sd, half_width95, rho_nano, epsilon })
    }

    /// Returns the price: the whole share, which opendp's map does not exceed.
    pub(crate) const fn price(&self) -> Price {
        Price { rho_nano: self.rho_nano, delta_atto: 0 }
    }

    /// Adds noise to exact totals.
    pub(crate) fn add(&self, mut exact: Vec<i64>) -> Result<Vec<i64>, PrivacyError> {
        for total in &mut exact {
            *total = bound_value(*total, -TOTAL_MAX, TOTAL_MAX);
        }
        match self.drawn {
            NoiseDrawn::Gaussian => gaussian::add(self.scale, &exact),
            NoiseDrawn::Laplace => laplace::add(self.scale, &exact),
        }
        .map_err(|_| PrivacyError::Library { step: "draw the noise of a total" })
    }

    /// Puts a noisy value between its error bars.
    pub(super) const fn interval(&self, value: i64) -> NoisyValue {
        NoisyValue {
            value,
            low95: value.saturating_sub(self.half_width95),
            high95: value.saturating_add(self.half_width95),
            sd: self.sd,
        }
    }

    /// Describes the noise.
    pub(super) const fn summary(&self) -> NoiseSummary {
        NoiseSummary {
            sensitivity: self.sensitivity,
            sigma: self.sd,
            half_width95: self.half_width95,
            noise: self.drawn,
        }
    }

    /// Returns the chance that a draw is above a number.
    pub(super) fn above(&self, number: i64) -> Result<f64, PrivacyError> {
        // Both are symmetric: what is not above -n is so far below as what is above n - 1 is above.
        let tail = |number: i64| match self.drawn {
            NoiseDrawn::Gaussian => gaussian::above(self.scale, number.unsigned_abs()),
            NoiseDrawn::Laplace => laplace::above(self.scale, number.unsigned_abs()),
        };
        let chance =
            if number >= 0 { tail(number) } else { tail(number.saturating_add(1)).map(|rest| 1.0 - rest) };
        chance.map_err(|_| PrivacyError::Library { step: "find the chance of a draw" })
    }

    /// Returns the mean distance of a draw from zero.
    pub(super) fn mean_distance(&self) -> f64 {
        match self.drawn {
            NoiseDrawn::Gaussian => gaussian::mean_distance(self.scale),
            NoiseDrawn::Laplace => laplace::mean_distance(self.scale),
        }
    }

    /// Returns how many deviations a half-width of 95 % is, for sums of several draws as well.
    pub(super) const fn z95(&self) -> f64 {
        match self.drawn {
            NoiseDrawn::Gaussian => gaussian::Z95,
            NoiseDrawn::Laplace => laplace::Z95,
        }
    }

    /// Returns the share that brings a half-width down to a target, where it is `spread` deviations' worth of draws;
    /// a half-width of one draw itself when there is no spread.
    pub(super) fn share_for(
        kind: NoiseKind,
        reach: Reach,
        unit: Unit,
        spread: Option<f64>,
        target: i64,
    ) -> Result<Share, PrivacyError> {
        let of = |nano: u64| Share { unit, nano };
        let enough = |nano: u64| {
            let noise = Self::calibrate(kind, reach, of(nano))?;
            Ok::<_, PrivacyError>(noise.half_width(spread) <= target)
        };
        let (mut below, mut within) = (0_u64, estimate_nano(kind, reach, unit, spread, target));
        while !enough(within)? {
            below = within;
            within = within.saturating_mul(2);
            if within > SHARE_NANO_MAX {
                return Err(PrivacyError::OutOfRange { what: "a target", expected: TARGET_EXPECTED });
            }
        }
        // The estimate is good: look close below it first.
        let close = within - within / 64;
        if below < close && enough(close.max(1))? {
            within = close.max(1);
        } else {
            below = below.max(close.saturating_sub(1));
        }
        while within - below > 1 + within / (1 << 20) {
            let middle = below.midpoint(within);
            if enough(middle)? {
                within = middle;
            } else {
                below = middle;
            }
        }
        Ok(of(within))
    }

    /// Returns the half-width of what is made of several draws.
    pub(super) fn half_width(&self, spread: Option<f64>) -> i64 {
        spread.map_or(self.half_width95, |spread| whole(self.z95() * self.sd * spread))
    }
}

/// The form of exact totals, as opendp states it.
type Totals = VectorDomain<AtomDomain<i64>>;

fn totals(cells: Option<usize>) -> Totals {
    let domain = VectorDomain::new(AtomDomain::<i64>::new_non_nan());
    match cells {
        Some(cells) => domain.with_size(cells),
        None => domain,
    }
}

/// Ten thousand in rho or epsilon: no target is worth that.
const SHARE_NANO_MAX: u64 = 10_000_000_000_000;

/// Returns which noise is drawn.
fn choose(kind: NoiseKind, reach: Reach, share: Share) -> NoiseDrawn {
    match (kind, share.unit) {
        (NoiseKind::Laplace, _) | (_, Unit::Epsilon) => NoiseDrawn::Laplace,
        (NoiseKind::Gaussian, Unit::Rho) => NoiseDrawn::Gaussian,
        (NoiseKind::Auto | NoiseKind::LeastError, Unit::Rho) => {
            let loss = share.loss();
            let gaussian = gaussian::mean_distance(reach.l2_about() / loss);
            let laplace = laplace::mean_distance(reach.l1_about() / loss);
            if laplace < gaussian { NoiseDrawn::Laplace } else { NoiseDrawn::Gaussian }
        }
    }
}

impl Reach {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn l1_about(self) -> f64 {
        f64::from(self.cells) * self.most as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn l2_about(self) -> f64 {
        f64::from(self.cells).sqrt() * self.most as f64
    }
}

/// Guesses what a target costs, from the continuous distributions.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, held within its range"
)]
fn estimate_nano(kind: NoiseKind, reach: Reach, unit: Unit, spread: Option<f64>, target: i64) -> u64 {
    let spread = spread.unwrap_or(1.0);
    let laplace = kind == NoiseKind::Laplace || unit == Unit::Epsilon;
    let (distance, deviations) = if laplace {
        (reach.l1_about(), laplace::Z95 * std::f64::consts::SQRT_2)
    } else {
        (reach.l2_about(), gaussian::Z95)
    };
    // A half-width of h is reached by every draw below h + 1.
    let loss = distance * deviations * spread / (target as f64 + if spread > 1.0 { 0.0 } else { 0.5 });
    let amount = if unit == Unit::Epsilon { loss } else { loss.powi(2) / 2.0 };
    ((amount * 1.01e9) as u64).clamp(1, SHARE_NANO_MAX)
}

/// Returns the half-width of the 95 % interval, ends included.
fn half_width95(drawn: NoiseDrawn, scale: f64) -> Result<i64, PrivacyError> {
    let width = match drawn {
        NoiseDrawn::Gaussian => gaussian::half_width95(scale),
        NoiseDrawn::Laplace => laplace::half_width95(scale),
    };
    match width {
        Ok(width) if width.is_finite() => Ok(whole(width)),
        _ => Err(PrivacyError::Library { step: "find the 95 % interval" }),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "`as` holds a number beyond i64 at its end")]
pub(super) const fn whole(value: f64) -> i64 {
    value.ceil() as i64
}

#[cfg(test)]
mod tests;
