use super::*;
use crate::budget::rho_of;

const ONE: Reach = Reach { cells: 1, most: 1 };

/// Draws noise around zero.
fn draws(noise: &Noise, count: usize) -> Vec<i64> {
    noise.add(vec![0; count]).expect("noise")
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn mean_and_variance(values: &[i64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().map(|value| *value as f64).sum::<f64>() / count;
    let variance = values.iter().map(|value| (*value as f64 - mean).powi(2)).sum::<f64>() / count;
    (mean, variance)
}

/// rho = (L2 / sigma)^2 / 2, within the rounding of the ledger's unit.
#[test]
fn sigma_is_the_least_that_the_share_pays_for() {
    for (groups_max, most, rho_nano) in
        [(1, 1, 500_000_000), (4, 30, 20_000_000), (12, 500_000, 6_666_666), (1, (1 << 31) - 1, 1)]
    {
        let noise =
            Noise::calibrate(NoiseKind::Auto, Reach { cells: groups_max, most }, Share::rho(rho_nano))
                .expect("noise");
        let rho = (noise.sensitivity / noise.scale).powi(2) / 2.0;
        let paid = rho_of(rho_nano);
        assert!(rho <= paid, "{rho} > {paid}");
        assert!(rho > paid * (1.0 - 1e-9), "{rho} is far below {paid}");
        assert!(
            noise.sensitivity
                >= f64::from(groups_max).sqrt() * f64::from(i32::try_from(most).expect("small"))
        );
    }
}

/// 20,000 draws: the sample variance has a relative deviation of 1 %, so that 5 % either way is five
/// deviations (error rate below 1e-6), as is the bound on the mean.
#[test]
fn noise_has_the_stated_mean_and_variance() {
    for rho_nano in [20_000_000, 2_000] {
        let noise = Noise::calibrate(NoiseKind::Auto, ONE, Share::rho(rho_nano)).expect("noise");
        let (mean, variance) = mean_and_variance(&draws(&noise, 20_000));
        let stated = noise.scale.powi(2);
        assert!((variance / stated - 1.0).abs() < 0.05, "variance {variance}, stated {stated}");
        assert!(mean.abs() < 5.0 * noise.scale / 20_000_f64.sqrt(), "mean {mean}");
    }
}

/// 10,000 draws: coverage has a deviation of 0.22 %. The discrete steps add at most 1.5 % at sigma 15, and
/// nothing to speak of at sigma 5000. Five deviations below and above: error rate below 1e-6.
#[test]
fn intervals_cover_95_percent() {
    for (rho_nano, highest) in [(2_222_222, 0.975), (20, 0.961)] {
        let noise = Noise::calibrate(NoiseKind::Auto, ONE, Share::rho(rho_nano)).expect("noise");
        let inside = draws(&noise, 10_000)
            .into_iter()
            .map(|value| noise.interval(value))
            .filter(|value| value.low95 <= 0 && 0 <= value.high95)
            .count();
        let coverage = f64::from(u32::try_from(inside).expect("small")) / 10_000.0;
        assert!((0.939..highest).contains(&coverage), "coverage {coverage} at sigma {}", noise.scale);
    }
}

#[test]
fn totals_at_the_end_of_the_range_do_not_wrap() {
    let noise =
        Noise::calibrate(NoiseKind::Auto, Reach { cells: 1 << 20, most: (1 << 31) - 1 }, Share::rho(1))
            .expect("noise");
    let ends = noise.add(vec![i64::MIN, i64::MAX]).expect("noise");
    assert!(ends[0] < 0 && ends[1] > 0);
    let last = noise.interval(i64::MAX);
    assert_eq!(last.high95, i64::MAX);
}

/// P[|Z| <= h] from the density of the discrete Laplace.
#[test]
fn laplace_intervals_are_the_least_that_cover() {
    for scale in [0.2, 0.7, 1.0, 3.3, 10.0, 57.0, 1_234.5] {
        let noise = Noise::stated(NoiseDrawn::Laplace, 1.0, scale, None, Share::rho(1)).expect("noise");
        let p = (-1.0 / scale).exp();
        let beyond = |h: i64| 2.0 * p.powi(i32::try_from(h + 1).expect("small")) / (1.0 + p);
        let half = noise.half_width95;
        assert!(beyond(half) <= 0.05 * (1.0 + 1e-9), "{half} at {scale}");
        assert!(half == 0 || beyond(half - 1) > 0.05, "{half} at {scale}");
        let variance: f64 =
            (1..60_000).map(|z| 2.0 * f64::from(z).powi(2) * p.powi(z) * (1.0 - p) / (1.0 + p)).sum();
        assert!((noise.sd.powi(2) / variance - 1.0).abs() < 1e-6, "{} at {scale}", noise.sd);
    }
}

/// As for the Gaussian above: 20,000 draws. The fourth moment of Laplace is 6 sd^4, so the sample variance has a relative
/// deviation of 1.6 %; 8.5 % either way is more than five.
#[test]
fn laplace_noise_has_the_stated_mean_variance_and_price() {
    for (share, epsilon) in
        [(Share::rho(20_000_000), 0.2), (Share { unit: Unit::Epsilon, nano: 50_000_000 }, 0.05)]
    {
        let noise = Noise::calibrate(NoiseKind::Laplace, ONE, share).expect("noise");
        let (mean, variance) = mean_and_variance(&draws(&noise, 20_000));
        assert!((variance / noise.sd.powi(2) - 1.0).abs() < 0.085, "variance {variance}");
        assert!(mean.abs() < 5.0 * noise.sd / 20_000_f64.sqrt(), "mean {mean}");
        let charged = noise.epsilon.expect("an epsilon");
        assert!(charged <= epsilon && charged > epsilon * (1.0 - 1e-6), "{charged}");
        assert!(charged.powi(2) / 2.0 <= noise.price().rho(), "half of its square in rho");
    }
}

/// The proof at the head of the file, walked: at one price in rho the Gaussian is always closer to zero.
#[test]
fn the_gaussian_is_closer_to_zero_at_every_price() {
    let mut parameter = 0.05;
    let mut least: f64 = 1.0;
    while parameter < 1_000.0 {
        let (gaussian, laplace) = (gaussian::mean_distance(parameter), laplace::mean_distance(parameter));
        assert!(gaussian < laplace, "{gaussian} and {laplace} at {parameter}");
        least = least.min(1.0 - gaussian / laplace);
        parameter *= 1.02;
    }
    assert!(least > 0.115, "{least}");
    for rho_nano in [1_000, 20_000_000, 2_000_000_000] {
        let noise = |kind| Noise::calibrate(kind, ONE, Share::rho(rho_nano)).expect("noise");
        assert_eq!(noise(NoiseKind::Auto).drawn, NoiseDrawn::Gaussian);
        assert_eq!(noise(NoiseKind::Laplace).drawn, NoiseDrawn::Laplace);
    }
    let pure = Noise::calibrate(NoiseKind::Auto, ONE, Share { unit: Unit::Epsilon, nano: 1_000_000_000 });
    assert_eq!(pure.expect("noise").drawn, NoiseDrawn::Laplace);
}

/// The mean distances are those of the distributions, summed.
#[test]
fn mean_distances_are_exact() {
    for parameter in [0.3, 1.0, 19.0, 21.0, 150.0] {
        let sum = |weight: &dyn Fn(f64) -> f64| {
            let weights = || (-4_000..=4_000).map(|z| (f64::from(z), weight(f64::from(z))));
            weights().map(|(z, weight)| z.abs() * weight).sum::<f64>()
                / weights().map(|(_, weight)| weight).sum::<f64>()
        };
        let gaussian = sum(&|z| (-z * z / (2.0 * parameter * parameter)).exp());
        let laplace = sum(&|z| (-z.abs() / parameter).exp());
        assert!(
            (gaussian::mean_distance(parameter) / gaussian - 1.0).abs() < 1e-6,
            "{gaussian} at {parameter}"
        );
        assert!((laplace::mean_distance(parameter) / laplace - 1.0).abs() < 1e-6, "{laplace} at {parameter}");
    }
}

/// A target gets the least share that reaches it, to a millionth.
#[test]
fn a_target_costs_as_little_as_it_can() {
    let reach = Reach { cells: 4, most: 30 };
    for (kind, unit, spread, target) in [
        (NoiseKind::Auto, Unit::Rho, None, 500),
        (NoiseKind::Auto, Unit::Rho, None, 1),
        (NoiseKind::Auto, Unit::Rho, Some(5.8), 2_000),
        (NoiseKind::Laplace, Unit::Rho, None, 500),
        (NoiseKind::Auto, Unit::Epsilon, None, 90_000),
    ] {
        let share = Noise::share_for(kind, reach, unit, spread, target).expect("a share");
        let half =
            |nano| Noise::calibrate(kind, reach, Share { unit, nano }).expect("noise").half_width(spread);
        assert!(half(share.nano) <= target, "{kind:?} {target}");
        let less = share.nano - share.nano / 500_000 - 2;
        assert!(half(less) > target, "{kind:?} {target}: {} would do with {less}", half(less));
    }
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
/// Against the sum of the probabilities: exact for Laplace, and for Gaussian noise of a sigma that chooses groups to 1e-4.
#[test]
fn the_chance_of_a_draw_is_the_sum_of_its_tail() {
    for (kind, within) in [(NoiseKind::Gaussian, 1e-4), (NoiseKind::Laplace, 1e-9)] {
        let noise = Noise::calibrate(kind, ONE, Share::rho(5_000_000)).expect("noise");
        let weight = |z: i64| match noise.drawn {
            NoiseDrawn::Gaussian => (-(z as f64 / noise.scale).powi(2) / 2.0).exp(),
            NoiseDrawn::Laplace => (-(z as f64 / noise.scale).abs()).exp(),
        };
        let all: f64 = (-1_000..=1_000).map(weight).sum();
        for number in [-30, -1, 0, 1, 7, 40] {
            let tail: f64 = (number + 1..=1_000).map(weight).sum();
            let told = noise.above(number).expect("a chance");
            assert!((told - tail / all).abs() < within, "{told}, not {} above {number}", tail / all);
        }
    }
}
