//! Averages and ratios, with Fieller's interval.
//!
//! Statement. For a noisy S and a noisy n with independent noise, S - t n has the noise of both for every t, and is zero in the
//! mean where t is the true ratio. So the t with |S - t n| <= z sqrt(s_S^2 + t^2 s_n^2) cover the true ratio with 95 %, however
//! small n is (Fieller 1954). They lie between the roots of a quadratic as long as n is more than z deviations from zero;
//! otherwise nothing is known but the bounds. The average is c + S / n, with c the middle of the bounds ([`crate::kind`]);
//! it lies within the bounds, and so does what is shown.

use super::{Estimate, deviations, float};
use crate::kind::centre;
use crate::{AggregateKind, NoisyValue};

/// Returns the average that a [`AggregateKind::MeanSum`] and the count of its rows make, in fixed-point units; none for
/// another kind.
#[must_use]
pub fn estimate_mean(kind: AggregateKind, sum: &NoisyValue, count: &NoisyValue) -> Option<Estimate> {
    let AggregateKind::MeanSum { lower, upper, .. } = kind else { return None };
    let middle = float(centre(lower, upper));
    let (lower, upper) = (float(lower), float(upper));
    let ratio = over_count(sum, count, lower - middle, upper - middle);
    let moved = Estimate {
        value: ratio.value + middle,
        low95: ratio.low95 + middle,
        high95: ratio.high95 + middle,
        sd: ratio.sd,
    };
    Some(moved.within(lower, upper))
}

/// Returns which share of a count another is, within 0 and 1.
#[must_use]
pub fn estimate_share(part: &NoisyValue, whole: &NoisyValue) -> Estimate {
    over_count(part, whole, 0.0, 1.0)
}

/// Divides by a number that is known not to be negative, though its noise may make it so.
fn over_count(top: &NoisyValue, count: &NoisyValue, lower: f64, upper: f64) -> Estimate {
    if count.value >= 1 {
        return estimate_ratio(top, count, lower, upper);
    }
    let (value, sd) = (float(top.value), top.sd.hypot(float(top.value) * count.sd));
    Estimate { value, low95: f64::NEG_INFINITY, high95: f64::INFINITY, sd }.within(lower, upper)
}

/// Returns a ratio of two released values that is known to lie within bounds, which may be infinite.
#[must_use]
pub fn estimate_ratio(top: &NoisyValue, bottom: &NoisyValue, lower: f64, upper: f64) -> Estimate {
    let (s, n) = (float(top.value), float(bottom.value));
    let z = deviations(top).max(deviations(bottom));
    let (noise_s, noise_n) = (z * top.sd, z * bottom.sd);
    let divisor = if n.abs() < 1.0 { 1.0_f64.copysign(n) } else { n };
    let value = s / divisor;
    let sd = top.sd.hypot(value * bottom.sd) / divisor.abs();
    let whole = Estimate { value, low95: f64::NEG_INFINITY, high95: f64::INFINITY, sd };
    let a = n * n - noise_n * noise_n;
    if a <= 0.0 {
        return whole.within(lower, upper);
    }
    // (n^2 - N^2) t^2 - 2 S n t + (S^2 - M^2) <= 0
    let root = (noise_s * noise_s * a + noise_n * noise_n * s * s).max(0.0).sqrt();
    let (low95, high95) = ((s * n - root) / a, (s * n + root) / a);
    Estimate { low95: low95.min(value), high95: high95.max(value), ..whole }.within(lower, upper)
}
