//! Error bars of what is made of released values. All of it is post-processing: it reads released values only, and
//! costs nothing.
//!
//! Statement. Input: released values with independent noise. Output: a number made of them with an interval that covers
//! the same number made of the bounded totals with a probability of 95 %. To first order (the delta method) the noise of
//! f is the sum of its partial derivatives times the noise of each value; its half-width is the root of the sum of the
//! squares of their half-widths, which is exact for Gaussian noise and a little wide for Laplace. Where f bends within
//! the noise of what it divides by, that is not good enough: averages use Fieller's interval instead ([`mean`]), and
//! what is known to lie within bounds is held there.

mod ahead;
mod mean;
mod variance;

pub use self::ahead::{mean_half_width_max, variance_half_width_max};
pub use self::mean::{estimate_mean, estimate_ratio, estimate_share};
pub use self::variance::{Moments, Spread, estimate_variance};

use serde::{Deserialize, Serialize};

use crate::NoisyValue;

/// A number made of released values. Stored with answers: fields are only ever added.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Lower end of the 95 % interval.
    pub low95: f64,
    /// Upper end of the 95 % interval.
    pub high95: f64,
    /// Standard deviation of the noise, to first order.
    pub sd: f64,
}

/// Returns the error bars of any expression over released values, to first order. `terms` holds each value that the
/// expression is made of, once, with the partial derivative there.
#[must_use]
pub fn estimate(value: f64, terms: &[(f64, NoisyValue)]) -> Estimate {
    let root = |of: &dyn Fn(&NoisyValue) -> f64| {
        terms.iter().fold(0.0_f64, |sum, (slope, term)| sum.hypot(slope * of(term)))
    };
    let sd = root(&|term| term.sd);
    let half = root(&half_width);
    Estimate { value, low95: value - half, high95: value + half, sd }
}

/// A number that others are computed of.
pub struct Part<'a> {
    /// It, with its error bars.
    pub estimate: Estimate,
    /// What is computed if this one is another number, all others being as they are; none where there is no value then.
    pub of: Box<dyn Fn(f64) -> Option<f64> + 'a>,
}

/// Returns the error bars of an expression over estimates, from their intervals (the method of variance estimates
/// recovery: Zou and Donner 2008, "Construction of confidence limits about effect measures").
///
/// Statement. Each part moves the value by so much when it goes to either end of its interval, and to zero between them. The
/// distances of parts with independent noise add like deviations; with `share_noise` they add up, which is wide enough
/// for any dependence. Of one part alone, its interval is carried over as it is, which covers as well as it does where the
/// expression rises or falls. Where there is no value at an end, the interval has none.
#[must_use]
pub fn estimate_from(value: f64, parts: &[Part<'_>], share_noise: bool) -> Estimate {
    let add = |sum: f64, one: f64| if share_noise { sum + one } else { sum.hypot(one) };
    let (mut below, mut above, mut sd) = (0.0, 0.0, 0.0);
    for Part { estimate, of } in parts {
        let Estimate { value: own, low95, high95, sd: own_sd } = *estimate;
        let zero = (low95 < 0.0 && high95 > 0.0).then_some(0.0);
        let (mut least, mut most) = (value, value);
        for end in [low95, high95].into_iter().chain(zero) {
            let found = of(end);
            least = found.map_or(f64::NEG_INFINITY, |found| least.min(found));
            most = found.map_or(f64::INFINITY, |found| most.max(found));
        }
        below = add(below, value - least);
        above = add(above, most - value);
        // To first order, on the wider side, where the number itself is held at an end of its range.
        let (end, width) =
            if high95 - own > own - low95 { (high95, high95 - own) } else { (low95, own - low95) };
        let slope = of(end).filter(|_| width > 0.0).map_or(0.0, |found| (found - value) / width);
        sd = add(sd, (slope * own_sd).abs());
    }
    Estimate { value, low95: value - below, high95: value + above, sd }
}

/// 95 % of a Gaussian lies within so many deviations.
pub(crate) const Z95: f64 = 1.959_964;

/// Returns the half-width of a released value, but for the rounding to integers.
fn half_width(term: &NoisyValue) -> f64 {
    float(term.high95.saturating_sub(term.low95)) / 2.0
}

/// Returns the half-width of a released value in its deviations: 1.96 for Gaussian noise, up to 2.12 for Laplace.
fn deviations(term: &NoisyValue) -> f64 {
    if term.sd > 0.0 { (half_width(term) / term.sd).max(Z95) } else { Z95 }
}

impl Estimate {
    /// Holds a number that is known to lie within bounds there, and its interval with it.
    #[must_use]
    pub fn within(self, lower: f64, upper: f64) -> Self {
        let hold = |value: f64| value.max(lower).min(upper);
        Self {
            value: hold(self.value),
            low95: hold(self.low95),
            high95: hold(self.high95),
            sd: self.sd.min(upper - lower),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "the noise is larger than what is lost")]
const fn float(value: i64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests;
