use membrane_model::{Delta, Epsilon};

use super::*;
use crate::{
    AggregateKind, AggregateSpec, ExactTotals, GroupTotals, KeyDomain, Mechanism, NoiseKind, NoisyGroup,
    PriceAsked, ReleaseSpec, SizeBound,
};

fn noisy(value: i64, sd: f64) -> NoisyValue {
    #[expect(clippy::cast_possible_truncation, reason = "small numbers")]
    let half = (sd * Z95) as i64;
    NoisyValue { value, low95: value - half, high95: value + half, sd }
}

#[test]
fn first_order_adds_squares() {
    let found = estimate(7.0, &[(3.0, noisy(1, 1_000.0)), (-4.0, noisy(2, 1_000.0))]);
    assert!((found.sd - 5_000.0).abs() < 1e-9);
    assert!((found.high95 - 7.0 - 9_797.0).abs() < 5.0 && (found.low95 - 7.0 + 9_797.0).abs() < 5.0);
    let same = estimate(1.0, &[]);
    assert!((same.low95 - same.high95).abs() < 1e-12, "what is not noisy has no error");
}

#[test]
fn an_average_of_almost_nobody_is_only_known_to_lie_within_its_bounds() {
    let kind = AggregateKind::MeanSum { lower: 0, upper: 1_000, scale: 0 };
    let found = estimate_mean(kind, &noisy(300, 4_000.0), &noisy(3, 20.0)).expect("an average");
    assert!((found.low95, found.high95) == (0.0, 1_000.0) && found.value <= 1_000.0);
    let found = estimate_mean(kind, &noisy(-90_000, 400.0), &noisy(1_000, 1.0)).expect("an average");
    assert!((found.value - 410.0).abs() < 1e-9 && found.low95 > 405.0 && found.high95 < 415.0);
    assert!(estimate_mean(AggregateKind::Rows, &noisy(1, 1.0), &noisy(1, 1.0)).is_none());
}

#[test]
fn a_variance_is_never_negative() {
    let kind = AggregateKind::mean_squares(0, 1_000, 0, 1);
    let (_, middle) = kind.squares().expect("squares");
    // Everybody has the same value: noise alone would make it negative.
    let same = Moments {
        count: noisy(1_000, 5.0),
        sum: noisy(0, 5_000.0),
        squares: noisy(-middle * 1_000 - 800_000, 1_000_000.0),
    };
    for spread in [
        Spread::VariancePopulation,
        Spread::VarianceSample,
        Spread::DeviationPopulation,
        Spread::DeviationSample,
    ] {
        let found = estimate_variance(kind, &same, spread).expect("a variance");
        assert!(found.value.abs() < 1e-9 && found.low95.abs() < 1e-9 && found.high95 > 0.0, "{found:?}");
        assert!(found.sd.is_finite());
        let nobody = Moments { count: noisy(1, 5.0), ..same };
        let found = estimate_variance(kind, &nobody, spread).expect("a variance");
        assert!(found.low95.abs() < 1e-9 && found.high95 >= 500.0, "{found:?}");
    }
}

/// Values, times each occurs, and what is to be found.
struct Population {
    values: Vec<i64>,
    mean: f64,
    variance: f64,
}

/// A skewed population within 0 and 10,000, the same every time.
fn population(count: i64) -> Population {
    let values: Vec<i64> =
        (0..count).map(|index| (index * index * 7_919) % 10_000 * ((index % 3) + 1) / 3).collect();
    let n = float(count);
    let mean = values.iter().map(|value| float(*value)).sum::<f64>() / n;
    let variance = values.iter().map(|value| (float(*value) - mean).powi(2)).sum::<f64>() / n;
    Population { values, mean, variance }
}

/// Releases the count, the sum, its squares and a plain sum, in many equal groups; draws are independent, so they
/// stand for repetitions.
fn releases(
    population: &Population,
    noise: NoiseKind,
    groups: usize,
    rho_nano: u64,
) -> (Vec<AggregateKind>, Vec<NoisyGroup>) {
    let kinds = vec![
        AggregateKind::Rows,
        AggregateKind::MeanSum { lower: 0, upper: 10_000, scale: 0 },
        AggregateKind::mean_squares(0, 10_000, 0, 1),
        AggregateKind::Sum { lower: 0, upper: 10_000, scale: 0 },
        AggregateKind::Distinct { values_max: 1 },
    ];
    let keys: Vec<_> = (0..groups).map(|group| vec![Some(group.to_string())]).collect();
    let mechanism = Mechanism::calibrate(ReleaseSpec {
        keys: KeyDomain::Public(keys.clone()),
        groups_max: 1,
        rows_max: 1,
        aggregates: kinds
            .iter()
            .enumerate()
            .map(|(i, kind)| AggregateSpec::new(i.to_string(), *kind))
            .collect(),
        price: PriceAsked::Rho { rho_nano },
        rollup: Vec::new(),
        counter: None,
        spent: None,
        delta: Delta::new(1e-6).expect("a delta"),
        noise,
        cohort_min: 0,
        size: SizeBound { member_max: 1_000, total_max: 1 << 50 },
    })
    .expect("a mechanism");
    let mut totals = mechanism.totals(1);
    for value in &population.values {
        let raw: Vec<crate::RawValue> =
            kinds.iter().map(|kind| crate::RawValue { rows: 1, sum: kind.row_value(*value) }).collect();
        let part = crate::MemberPart { rank: 0, group: 0, raw: &raw, samples: &[&[*value]] };
        totals.add_member(&mut [part], false).expect("a member");
    }
    let total: GroupTotals = totals.finish().remove(0);
    let groups = keys.into_iter().map(|key| (key, total.clone())).collect();
    let exact = ExactTotals { groups, ..ExactTotals::default() };
    (kinds, mechanism.release(&exact).expect("a release").groups)
}

/// Coverage of every kind of interval, about the bounded value. 12,000 draws have a deviation of 0.20 % at 95 %, so that
/// 0.94 and 0.96 are five away: the chance of a false alarm is below 6e-7 for each, where coverage is 95 % exactly. For
/// Laplace, sums of several draws have intervals that are a little wide (95.0 to 95.7 %), and so have those of variances and
/// deviations, which are never said too narrow (95.5 to 96.5 %): the upper end is 0.97 there.
#[test]
fn intervals_cover_95_percent() {
    const GROUPS: usize = 12_000;
    let population = population(4_000);
    let n = float(i64::try_from(population.values.len()).expect("small"));
    for (noise, rho_nano, most) in [(NoiseKind::Auto, 300_000, 0.96), (NoiseKind::Laplace, 300_000, 0.97)] {
        let (kinds, groups) = releases(&population, noise, GROUPS, rho_nano);
        let distinct: std::collections::BTreeSet<i64> = population.values.iter().copied().collect();
        let distinct = float(i64::try_from(distinct.len()).expect("small"));
        let mut inside = [0_u32; 8];
        for group in &groups {
            let [count, sum, squares, total, different] = group.values[..] else { panic!("five values") };
            let plain = |noisy: NoisyValue| Estimate {
                value: float(noisy.value),
                low95: float(noisy.low95),
                high95: float(noisy.high95),
                sd: noisy.sd,
            };
            let moments = Moments { count, sum, squares };
            let spread = |spread| estimate_variance(kinds[2], &moments, spread).expect("a variance");
            let found = [
                (plain(count), n),
                (plain(total), population.mean * n),
                (plain(different), distinct),
                (estimate_mean(kinds[1], &sum, &count).expect("an average"), population.mean),
                (spread(Spread::VariancePopulation), population.variance),
                (spread(Spread::VarianceSample), population.variance * n / (n - 1.0)),
                (spread(Spread::DeviationPopulation), population.variance.sqrt()),
                // SUM / COUNT, by the generic rule.
                (
                    estimate(
                        float(total.value) / float(count.value),
                        &[
                            (1.0 / float(count.value), total),
                            (-float(total.value) / float(count.value).powi(2), count),
                        ],
                    ),
                    population.mean,
                ),
            ];
            for (inside, (estimate, truth)) in inside.iter_mut().zip(found) {
                *inside += u32::from(estimate.low95 <= truth && truth <= estimate.high95);
            }
        }
        for (index, inside) in inside.into_iter().enumerate() {
            let coverage = f64::from(inside) / 12_000.0;
            let most = if (4..=6).contains(&index) { 0.97 } else { most };
            assert!((0.94..most).contains(&coverage), "{coverage} of {index} with {noise:?}");
        }
    }
}

/// Fieller's interval keeps its coverage where the count is only four deviations from zero, and the delta method's
/// would be wrong: the same sample size and error rate, and bounds that are never reached.
#[test]
fn ratios_of_small_counts_cover_as_well() {
    let population = population(120);
    let (_, groups) = releases(&population, NoiseKind::Auto, 12_000, 4_000_000);
    let mut inside = 0_u32;
    for group in &groups {
        let (total, count) = (group.values[3], group.values[0]);
        let found = estimate_ratio(&total, &count, f64::NEG_INFINITY, f64::INFINITY);
        inside += u32::from(found.low95 <= population.mean && population.mean <= found.high95);
    }
    let coverage = f64::from(inside) / 12_000.0;
    assert!((0.94..0.96).contains(&coverage), "{coverage}");
}

#[test]
fn an_epsilon_is_asked_or_a_rho() {
    // Both ways of asking reach the same noise.
    let price = |asked| {
        Mechanism::calibrate(ReleaseSpec {
            keys: KeyDomain::None,
            groups_max: 1,
            rows_max: 1,
            aggregates: vec![AggregateSpec::new("n", AggregateKind::Rows)],
            price: asked,
            rollup: Vec::new(),
            counter: None,
            spent: None,
            delta: Delta::new(1e-6).expect("a delta"),
            noise: NoiseKind::Auto,
            cohort_min: 0,
            size: SizeBound { member_max: 1_000, total_max: 1 << 40 },
        })
        .and_then(|mechanism| mechanism.describe())
        .expect("a summary")
    };
    let by_epsilon = price(PriceAsked::Epsilon(Epsilon::new(1.0).expect("an epsilon")));
    let by_rho = price(PriceAsked::Rho { rho_nano: by_epsilon.price.rho_nano });
    assert!(
        (by_rho.epsilon - by_epsilon.epsilon).abs() < 1e-6
            && by_rho.price.rho_nano <= by_epsilon.price.rho_nano
    );
    assert!((by_epsilon.price.rho() - 0.02436).abs() < 1e-4);
}

/// What is computed of estimates covers too: of independent ones 95 %, at the same sample size and error rate; of two with the
/// same noise in them at least that.
#[test]
fn what_is_computed_of_estimates_covers_as_well() {
    let population = population(4_000);
    let n = float(i64::try_from(population.values.len()).expect("small"));
    let different: std::collections::BTreeSet<i64> = population.values.iter().copied().collect();
    let different = float(i64::try_from(different.len()).expect("small"));
    let (kinds, groups) = releases(&population, NoiseKind::Auto, 12_000, 300_000);
    let (mut apart, mut together) = (0_u32, 0_u32);
    for group in &groups {
        let [count, sum, _, _, distinct] = group.values[..] else { panic!("five values") };
        let plain = |noisy: NoisyValue| Estimate {
            value: float(noisy.value),
            low95: float(noisy.low95),
            high95: float(noisy.high95),
            sd: noisy.sd,
        };
        let mean = estimate_mean(kinds[1], &sum, &count).expect("an average");
        let covers = |other: Estimate, shared: bool, of: &dyn Fn(f64, f64) -> f64, truth: f64| {
            let parts = [
                Part { estimate: mean, of: Box::new(|one| Some(of(one, other.value))) },
                Part { estimate: other, of: Box::new(|two| Some(of(mean.value, two))) },
            ];
            let found = estimate_from(of(mean.value, other.value), &parts, shared);
            u32::from(found.low95 <= truth && truth <= found.high95)
        };
        let ratio = |one: f64, two: f64| 100.0 * one / two;
        apart += covers(plain(distinct), false, &ratio, ratio(population.mean, different));
        together += covers(plain(count), true, &|one, two| one * two, population.mean * n);
    }
    let (apart, together) = (f64::from(apart) / 12_000.0, f64::from(together) / 12_000.0);
    assert!((0.94..0.96).contains(&apart) && together > 0.94, "{apart}, {together}");
}
