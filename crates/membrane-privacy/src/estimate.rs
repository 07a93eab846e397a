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

use crate::NoisyValue;

/// A number made of released values.
#[derive(Debug, Clone, Copy, PartialEq)]
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
