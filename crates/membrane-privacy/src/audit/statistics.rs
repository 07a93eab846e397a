//! What trials say about probabilities, and what two series have to do with each other.

use statrs::function::beta::checked_beta_reg;

/// Steps of a search for a quantile: each halves what is left.
const STEPS: u32 = 80;
/// Thresholds that are looked at, evenly over the draws of both neighbours.
const THRESHOLDS: usize = 512;
/// How many deviations and trials a probability is moved by while an event is chosen.
const ROUGH: (f64, f64) = (4.0, 8.0);

/// Bounds a probability of which `seen` of `of` trials were seen, from below and from above. Each bound is wrong with a
/// probability of `alpha` at most (Clopper and Pearson 1934).
#[must_use]
pub fn probability_between(seen: usize, of: usize, alpha: f64) -> (f64, f64) {
    let (k, n) = (float(seen), float(of));
    let low = if seen == 0 { 0.0 } else { beta_quantile(alpha, k, n - k + 1.0) };
    let high = if seen >= of { 1.0 } else { 1.0 - beta_quantile(alpha, n - k, k + 1.0) };
    (low, high)
}

/// Returns an epsilon below that of a mechanism at this delta, from draws of it on two neighbours. It is wrong with a
/// probability of `alpha` at most.
///
/// On the first half of the draws the event is chosen that tells the neighbours apart best, a threshold and the side of it, and
/// on the second half it is counted: `ln((P[one] - delta) / P[other])`, with the bounds of [`probability_between`]. The
/// draws are scores, of which one tells the neighbours apart better the further out it is.
#[must_use]
pub fn epsilon_lower_bound(one: &[f64], other: &[f64], delta: f64, alpha: f64) -> f64 {
    let (first_one, rest_one) = one.split_at(one.len() / 2);
    let (first_other, rest_other) = other.split_at(other.len() / 2);
    let Some(event) = Event::choose(&sorted(first_one), &sorted(first_other), delta) else { return 0.0 };
    let (rest_one, rest_other) = (sorted(rest_one), sorted(rest_other));
    let (likely, rare) = if event.of_other { (&rest_other, &rest_one) } else { (&rest_one, &rest_other) };
    let (low, _) = probability_between(event.count(likely), likely.len(), alpha / 2.0);
    let (_, high) = probability_between(event.count(rare), rare.len(), alpha / 2.0);
    ((low - delta) / high).max(1.0).ln()
}

/// Returns Pearson's coefficient of correlation; 0 where one of the two does not vary.
#[must_use]
pub fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let count = float(pairs.len()).max(1.0);
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(&|pair| pair.0), mean(&|pair| pair.1));
    let both = mean(&|pair| (pair.0 - x) * (pair.1 - y));
    let each = (mean(&|pair| (pair.0 - x).powi(2)) * mean(&|pair| (pair.1 - y).powi(2))).sqrt();
    if each > 0.0 { both / each } else { 0.0 }
}

/// What tells neighbours apart: draws at or above a threshold, or below it; more likely for one, or for the other.
#[derive(Debug, Clone, Copy)]
struct Event {
    threshold: f64,
    above: bool,
    of_other: bool,
}

impl Event {
    /// Chooses among events by what they would show, roughly.
    fn choose(one: &[f64], other: &[f64], delta: f64) -> Option<Self> {
        let both = sorted(&[one, other].concat());
        let step = both.len().div_ceil(THRESHOLDS).max(1);
        let mut best: Option<(f64, Self)> = None;
        for threshold in both.iter().step_by(step) {
            for (above, of_other) in [(true, false), (true, true), (false, false), (false, true)] {
                let event = Self { threshold: *threshold, above, of_other };
                let (likely, rare) = if of_other { (other, one) } else { (one, other) };
                let shown = (event.rough(likely, -1.0) - delta) / event.rough(rare, 1.0);
                if best.is_none_or(|(most, _)| shown > most) {
                    best = Some((shown, event));
                }
            }
        }
        best.map(|(_, event)| event)
    }

    /// Returns how many of sorted draws are in it.
    fn count(&self, draws: &[f64]) -> usize {
        let below = draws.partition_point(|draw| *draw < self.threshold);
        if self.above { draws.len().saturating_sub(below) } else { below }
    }

    /// Moves its share of sorted draws up or down by what chance may have done.
    fn rough(&self, draws: &[f64], way: f64) -> f64 {
        let count = float(draws.len()).max(1.0);
        let share = float(self.count(draws)) / count;
        let (deviations, trials) = ROUGH;
        share + way * (deviations * (share * (1.0 - share) / count).sqrt() + trials / count)
    }
}

fn sorted(draws: &[f64]) -> Vec<f64> {
    let mut draws = draws.to_vec();
    draws.sort_unstable_by(f64::total_cmp);
    draws
}

/// Returns the quantile of a beta distribution.
fn beta_quantile(share: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..STEPS {
        let middle = f64::midpoint(low, high);
        // The parameters are above zero: there is a value.
        if checked_beta_reg(a, b, middle).unwrap_or_default() < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[expect(clippy::cast_precision_loss, reason = "numbers of trials are far below 2^52")]
const fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
