use super::*;

/// Draws noise around zero.
fn draws(noise: &ValueNoise, count: usize) -> Vec<i64> {
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
        let noise = ValueNoise::calibrate(groups_max, most, rho_nano).expect("noise");
        let rho = (noise.sensitivity / noise.sigma).powi(2) / 2.0;
        let paid = rho_of(rho_nano);
        assert!(rho <= paid, "{rho} > {paid}");
        assert!(rho > paid * (1.0 - 1e-9), "{rho} is far below {paid}");
        assert!(noise.sensitivity >= f64::from(groups_max).sqrt() * f64::inf_cast(most).expect("finite"));
    }
}

/// 20,000 draws: the sample variance has a relative deviation of 1 %, so that 5 % either way is five
/// deviations (error rate below 1e-6), as is the bound on the mean.
#[test]
fn noise_has_the_stated_mean_and_variance() {
    for rho_nano in [20_000_000, 2_000] {
        let noise = ValueNoise::calibrate(1, 1, rho_nano).expect("noise");
        let (mean, variance) = mean_and_variance(&draws(&noise, 20_000));
        let stated = noise.sigma.powi(2);
        assert!((variance / stated - 1.0).abs() < 0.05, "variance {variance}, stated {stated}");
        assert!(mean.abs() < 5.0 * noise.sigma / 20_000_f64.sqrt(), "mean {mean}");
    }
}

/// 10,000 draws: coverage has a deviation of 0.22 %. The discrete steps add at most 1.5 % at sigma 15, and
/// nothing to speak of at sigma 5000. Five deviations below and above: error rate below 1e-6.
#[test]
fn intervals_cover_95_percent() {
    for (rho_nano, highest) in [(2_222_222, 0.975), (20, 0.961)] {
        let noise = ValueNoise::calibrate(1, 1, rho_nano).expect("noise");
        let inside = draws(&noise, 10_000)
            .into_iter()
            .map(|value| noise.interval(value))
            .filter(|value| value.low95 <= 0 && 0 <= value.high95)
            .count();
        let coverage = f64::from(u32::try_from(inside).expect("small")) / 10_000.0;
        assert!((0.939..highest).contains(&coverage), "coverage {coverage} at sigma {}", noise.sigma);
    }
}

#[test]
fn totals_at_the_end_of_the_range_do_not_wrap() {
    let noise = ValueNoise::calibrate(1 << 20, (1 << 31) - 1, 1).expect("noise");
    let ends = noise.add(vec![i64::MIN, i64::MAX]).expect("noise");
    assert!(ends[0] < 0 && ends[1] > 0);
    let last = noise.interval(i64::MAX);
    assert_eq!(last.high95, i64::MAX);
}
