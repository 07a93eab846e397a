use super::*;
use crate::{estimate_mean, estimate_variance};

fn noisy(value: i64, sd: f64) -> NoisyValue {
    let half_width = whole(1.96 * sd);
    NoisyValue { value, low95: value - half_width, high95: value + half_width, sd }
}

#[expect(clippy::cast_possible_truncation, reason = "small numbers of a test")]
fn whole(value: f64) -> i64 {
    value.ceil() as i64
}

const LOWER: i64 = -100;
const UPPER: i64 = 500;
const STEPS: i64 = 12;

fn width(found: Estimate) -> f64 {
    (found.high95 - found.low95) / 2.0
}

/// No average within the bounds has a wider interval than was told, and some have nearly that.
#[test]
fn no_average_is_wider_than_told() {
    let kind = AggregateKind::MeanSum { lower: LOWER, upper: UPPER, scale: 0 };
    for (count_sd, sum_sd) in [(1.0, 300.0), (20.0, 40.0), (8.0, 9_000.0), (300.0, 10.0)] {
        for members in [20, 100, 1_000] {
            let count = noisy(members, count_sd);
            let (told, range) =
                mean_half_width_max(kind, &noisy(7, sum_sd), &count).expect("a kind with bounds");
            let widths = (-STEPS..=STEPS).map(|step| {
                let sum = noisy(300 * members * step / STEPS, sum_sd);
                width(estimate_mean(kind, &sum, &count).expect("a kind with bounds"))
            });
            let widest = widths.fold(0.0, f64::max);
            assert!(widest <= told + 1e-9, "{widest} for {told} of {members}");
            assert!(widest > 0.3 * told && told <= range / 2.0, "{widest} for {told} of {members}");
        }
    }
}

/// Nor has a variance or a deviation.
#[test]
fn no_variance_is_wider_than_told() {
    let kind = AggregateKind::mean_squares(LOWER, UPPER, 0, 3);
    let middle = kind.squares().expect("squares").1;
    for (count_sd, sum_sd, squares_sd) in [(1.0, 300.0, 5_000.0), (9.0, 900.0, 300_000.0), (0.5, 1.0, 1.0)] {
        for (members, spread) in [(20, Spread::VarianceSample), (400, Spread::VariancePopulation)]
            .into_iter()
            .chain([(50, Spread::DeviationSample), (1_000, Spread::DeviationPopulation)])
        {
            let moments = |s: i64, q: i64| Moments {
                count: noisy(members, count_sd),
                sum: noisy(s * members, sum_sd),
                squares: noisy(q * members, squares_sd),
            };
            let (told, most) =
                variance_half_width_max(kind, &moments(1, 1), spread).expect("a kind with bounds");
            assert!(told <= most / 2.0);
            for s in (-STEPS..=STEPS).map(|step| 300 * step / STEPS) {
                // Whatever squares are possible with this average.
                for q in (0..=STEPS).map(|step| s * s - middle + (90_000 - s * s) * step / STEPS) {
                    let found = estimate_variance(kind, &moments(s, q), spread).expect("a kind with bounds");
                    let found = width(found);
                    assert!(found <= told + 1e-6, "{found} for {told}: {spread:?} of {members} at {s}, {q}");
                }
            }
        }
    }
}
