use super::*;

/// The exact probability, for small numbers.
fn exact(matches: u32, trials: u32, rate: f64) -> f64 {
    let choose = |k: u32| (0..k).fold(1.0, |so_far, i| so_far * f64::from(trials - i) / f64::from(i + 1));
    let term =
        |k: u32| choose(k) * rate.powi(k.cast_signed()) * (1.0 - rate).powi((trials - k).cast_signed());
    (matches..=trials).map(term).sum()
}

#[test]
fn the_bound_is_above_the_probability() {
    for rate in [0.000_014, 0.07, 0.1, 0.5] {
        for trials in [1, 2, 7, 20, 60] {
            for matches in 0..=trials {
                let bound = log_tail(matches, trials, rate).exp();
                assert!(
                    bound >= exact(matches, trials, rate) * (1.0 - 1e-9),
                    "{matches} of {trials}, {rate}"
                );
            }
        }
    }
}

#[test]
fn chance_is_ruled_out_by_many_matches_only() {
    assert!(!is_ruled_out(0, 0, 0.1));
    assert!(!is_ruled_out(3, 3, 0.1));
    assert!(is_ruled_out(6, 6, 0.1));
    assert!(!is_ruled_out(100, 1000, 0.1));
    assert!(!is_ruled_out(120, 1000, 0.1));
    assert!(is_ruled_out(200, 1000, 0.1));
    assert!(is_ruled_out(2, 2, 0.000_014));
}
