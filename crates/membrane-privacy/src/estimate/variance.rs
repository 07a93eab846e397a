//! Variances and standard deviations.
//!
//! Statement. From a noisy count n, a noisy sum S of x - c and a noisy sum Q of (x - c)^2 - m, whose noise is independent:
//! the variance of the population is m + Q / n - (S / n)^2, whatever c is. It lies within 0 and a quarter of the square of
//! the range (Popoviciu 1935), and so does what is shown. That of a sample is n / (n - 1) times as much. Intervals are the
//! delta method's, plus the bias that squaring the noise of S brings at most and the second order of that of n; a standard deviation is the root of the
//! variance, and its interval that of the ends, which keeps the coverage. Where the count may be below two, nothing is known
//! but the bounds.

use super::{Estimate, deviations, estimate, float};
use crate::kind::reach;
use crate::{AggregateKind, NoisyValue};

/// Which measure of spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// `VAR_POP`.
    VariancePopulation,
    /// `VAR_SAMP`.
    VarianceSample,
    /// `STDDEV_POP`.
    DeviationPopulation,
    /// `STDDEV_SAMP`.
    DeviationSample,
}

/// The released values of which a variance is made: all of the same rows, under the same bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// The number of rows.
    pub count: NoisyValue,
    /// The sum of an [`AggregateKind::MeanSum`].
    pub sum: NoisyValue,
    /// The sum of an [`AggregateKind::MeanSquares`].
    pub squares: NoisyValue,
}

/// Returns the spread of a column, in fixed-point units (squared, for a variance). `kind` is that of the squares; none for
/// another kind.
#[must_use]
pub fn estimate_variance(kind: AggregateKind, moments: &Moments, spread: Spread) -> Option<Estimate> {
    let AggregateKind::MeanSquares { lower, upper, shift, .. } = kind else { return None };
    let (_, middle) = kind.squares()?;
    let unit = 2.0_f64.powi(i32::from(shift));
    // No variance is larger: half the range, squared.
    let reach = float(reach(lower, upper)?);
    let most = reach * reach;
    let Moments { count, sum, squares } = moments;
    let n = float(count.value).max(1.0);
    let (s, q) = (float(sum.value) / n, float(squares.value) * unit / n);
    let sample = matches!(spread, Spread::VarianceSample | Spread::DeviationSample);
    let more = if sample && n > 1.0 { n / (n - 1.0) } else { 1.0 };

    let population = float(middle) * unit + q - s * s;
    let by_count =
        (2.0 * s * s - q) / n * more - if sample { population / (n - 1.0).max(1.0).powi(2) } else { 0.0 };
    let terms = [(more * unit / n, *squares), (-2.0 * s / n * more, *sum), (by_count, *count)];
    let first = estimate(population * more, &terms);
    // The second order of the sum's noise only ever lowers the variance: the interval is as much wider above.
    let bend = (deviations(sum) * sum.sd / n).powi(2) * more;
    let most = if sample { 2.0 * most } else { most };
    let known = count.low95 >= 2;
    // The count divides: what it bends goes either way.
    let curve = (deviations(count) * count.sd / n).powi(2) * (q.abs() + 2.0 * s * s) * more;
    let (low95, high95) =
        if known { (first.low95 - curve, first.high95 + bend + curve) } else { (0.0, most) };
    let variance = Estimate { low95, high95, ..first }.within(0.0, most);
    Some(match spread {
        Spread::VariancePopulation | Spread::VarianceSample => variance,
        Spread::DeviationPopulation | Spread::DeviationSample => {
            let value = variance.value.sqrt();
            let (low95, high95) = (variance.low95.sqrt(), variance.high95.sqrt());
            // The slope of a root has no end at zero; the interval has.
            let slope = if value > 0.0 { variance.sd / (2.0 * value) } else { f64::INFINITY };
            Estimate { value, low95, high95, sd: slope.min((high95 - low95) / 2.0) }
        }
    })
}
