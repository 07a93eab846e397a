use super::*;

/// A number in 0 to 1 without pattern, the same in every run.
fn uniform(index: u64) -> f64 {
    let mut state = index.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x1234_5678);
    for factor in [0xBF58_476D_1CE4_E5B9_u64, 0x94D0_49BB_1331_11EB] {
        state = (state ^ (state >> 30)).wrapping_mul(factor);
    }
    f64::from(u32::try_from((state ^ (state >> 31)) >> 32).expect("32 bits")) / f64::from(u32::MAX)
}

/// A draw of the Laplace distribution with this centre, of scale 1.
fn laplace(index: u64, centre: f64) -> f64 {
    let half = uniform(index) - 0.5;
    centre - half.signum() * (1.0 - 2.0 * half.abs()).max(1e-12).ln()
}

/// Against R's `binom.test(k, n, conf.level = 0.9)`, whose bounds are each wrong once in twenty.
#[test]
fn bounds_are_those_of_clopper_and_pearson() {
    for (seen, of, low, high) in [
        (0, 10, 0.0, 0.258_866),
        (1, 10, 0.005_116, 0.394_163),
        (5, 10, 0.222_441, 0.777_559),
        (10, 10, 0.741_134, 1.0),
    ] {
        let (found_low, found_high) = probability_between(seen, of, 0.05);
        assert!(
            (found_low - low).abs() < 1e-5 && (found_high - high).abs() < 1e-5,
            "{found_low} {found_high}"
        );
    }
    // A million trials: at the Gaussian's 4.417 deviations for 5e-6, to a tenth of one.
    let (low, high) = probability_between(500_000, 1_000_000, 5e-6);
    let deviation = 0.5 / 1_000.0;
    assert!((low - (0.5 - 4.417 * deviation)).abs() < 0.1 * deviation, "{low}");
    assert!((high - (0.5 + 4.417 * deviation)).abs() < 0.1 * deviation, "{high}");
}

/// Laplace noise of scale 1 on numbers that are `apart` from each other loses just that much.
#[test]
fn the_bound_is_below_the_loss_and_not_far() {
    for (apart, of) in [(1.0, 20_000), (0.5, 20_000), (2.0, 20_000)] {
        let one: Vec<f64> = (0..of).map(|index| laplace(index, apart)).collect();
        let other: Vec<f64> = (0..of).map(|index| laplace(index + of, 0.0)).collect();
        for (one, other) in [(&one, &other), (&other, &one)] {
            let bound = epsilon_lower_bound(one, other, 0.0, 1e-3);
            assert!(bound < apart && bound > apart * 0.75, "{bound} of {apart}");
        }
        assert!(epsilon_lower_bound(&one, &one, 0.0, 1e-3) < 0.2, "nothing tells a series from itself");
    }
}

#[test]
fn nothing_is_shown_of_too_few_draws() {
    assert!(epsilon_lower_bound(&[], &[], 0.0, 1e-3) <= 0.0);
    assert!(epsilon_lower_bound(&[1.0, 2.0], &[5.0, 6.0], 0.0, 1e-3) <= 0.0);
    // Draws that never overlap: as much as their number can show.
    let (one, other) = (vec![1.0; 2_000], vec![0.0; 2_000]);
    let bound = epsilon_lower_bound(&one, &other, 0.0, 1e-3);
    assert!(bound > 4.5 && bound < 7.0, "{bound}");
    // A delta takes from it.
    assert!(epsilon_lower_bound(&one, &other, 0.999, 1e-3) <= 0.0);
}

#[test]
fn series_that_go_together_are_found() {
    let together: Vec<(f64, f64)> = (0..2_000).map(|index| (uniform(index), uniform(index))).collect();
    assert!((correlation(&together) - 1.0).abs() < 1e-9);
    let apart: Vec<(f64, f64)> = (0..2_000).map(|index| (uniform(index), uniform(index + 77_777))).collect();
    assert!(correlation(&apart).abs() < 0.1);
    assert!(correlation(&[(1.0, 1.0), (1.0, 2.0)]).abs() < 1e-12 && correlation(&[]).abs() < 1e-12);
}
