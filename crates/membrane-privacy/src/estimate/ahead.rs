//! How wide the error bars of averages and variances can be, told before there are values.
//!
//! Statement. Input: the noise of released values, the bounds, and a supposed count. Output: half of a width that the 95 %
//! interval of [`estimate_mean`](super::estimate_mean) or [`estimate_variance`](super::estimate_variance) does not exceed where that many rows are counted,
//! whatever their values within the bounds are. Nothing but the count is supposed: a width that hangs on the average
//! is told for the average at which it is greatest.
//!
//! With h half the range, s = S / n within -h and h and q = Q / n: an average's interval is widest at |s| = h. A variance
//! h^2 / 2 + q - s^2 lies within 0 and h^2, so |q| <= h^2 / 2, and 2 s^2 - q lies within -h^2 / 2 and 3 h^2 / 2. The root of
//! an interval from v - a to v + b is widest at v = a: then it ends at 0 and the root of a + b.

use super::{Estimate, deviations, estimate, estimate_ratio, float};
use crate::kind::reach;
use crate::{AggregateKind, Moments, NoisyValue, Spread};

/// Returns half of the greatest width that the interval of an average has, and the range that it lies in, in fixed-point
/// units. `kind` is that of the sum; none for another kind. What was released as sum does not matter.
#[must_use]
pub fn mean_half_width_max(kind: AggregateKind, sum: &NoisyValue, count: &NoisyValue) -> Option<(f64, f64)> {
    let AggregateKind::MeanSum { lower, upper, .. } = kind else { return None };
    let reach = reach(lower, upper)?;
    let value = reach.saturating_mul(count.value);
    let half_width = sum.high95.saturating_sub(sum.value);
    let at_end = NoisyValue {
        value,
        low95: value.saturating_sub(half_width),
        high95: value.saturating_add(half_width),
        ..*sum
    };
    let Estimate { low95, high95, .. } = estimate_ratio(&at_end, count, f64::NEG_INFINITY, f64::INFINITY);
    let range = float(upper.saturating_sub(lower));
    Some((((high95 - low95) / 2.0).min(range / 2.0), range))
}

/// Returns half of the greatest width that the interval of a variance or a deviation has, and the most that it can be, in
/// fixed-point units (squared, for a variance). `kind` is that of the squares; none for another kind. Of what was released the
/// count alone matters.
#[must_use]
pub fn variance_half_width_max(kind: AggregateKind, moments: &Moments, spread: Spread) -> Option<(f64, f64)> {
    let AggregateKind::MeanSquares { lower, upper, shift, .. } = kind else { return None };
    let Moments { count, sum, squares } = moments;
    let sample = matches!(spread, Spread::VarianceSample | Spread::DeviationSample);
    let n = float(count.value).max(1.0);
    let more = if sample && n > 1.0 { n / (n - 1.0) } else { 1.0 };
    let reach = float(reach(lower, upper)?);
    let square = reach * reach;
    let most = if sample { 2.0 * square } else { square };

    let by_count = 1.5 * square / n * more + if sample { square / (n - 1.0).max(1.0).powi(2) } else { 0.0 };
    let unit = 2.0_f64.powi(i32::from(shift));
    let terms = [(more * unit / n, *squares), (2.0 * reach / n * more, *sum), (by_count, *count)];
    let Estimate { high95: first, .. } = estimate(0.0, &terms);
    let bend = (deviations(sum) * sum.sd / n).powi(2) * more;
    let curve = (deviations(count) * count.sd / n).powi(2) * 2.5 * square * more;
    let known = count.low95 >= 2;
    let (below, above) = if known { (first + curve, first + bend + curve) } else { (most, most) };
    Some(match spread {
        Spread::VariancePopulation | Spread::VarianceSample => {
            (f64::midpoint(below, above).min(most / 2.0), most)
        }
        Spread::DeviationPopulation | Spread::DeviationSample => {
            let most = most.sqrt();
            (((below + above).sqrt() / 2.0).min(most / 2.0), most)
        }
    })
}

#[cfg(test)]
mod tests;
