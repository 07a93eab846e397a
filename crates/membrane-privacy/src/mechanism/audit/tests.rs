use super::*;

/// The quick form of the audit: all bounds together are wrong once in a thousand runs.
const DRAWS: usize = 6_000;
/// Enough to be sure of what was planted.
const DRAWS_PLANTED: usize = 10_000;
const ALPHA: f64 = 1e-3;

#[test]
fn nothing_loses_more_than_it_claims() {
    let found = losses(DRAWS, ALPHA).expect("draws");
    assert_eq!(found.len(), 35, "each part with each noise");
    for loss in &found {
        assert!(loss.holds(), "{loss:?}");
        assert!(loss.on_grid != Some(false), "{loss:?}");
    }
    // The audit sees something: about half of what is claimed, on the mean of all parts, give or take 0.01. Of a single part it may see
    // much less by chance: in 25 runs, one part in 40 was seen with less than a quarter.
    let shares: Vec<f64> = found
        .iter()
        .filter(|loss| !loss.name.contains("median"))
        .map(|loss| loss.measured / loss.claimed)
        .collect();
    let mean = shares.iter().sum::<f64>() / f64::from(u32::try_from(shares.len()).expect("few"));
    assert!(mean > 0.4, "{mean}: {found:#?}");
}

/// The audit has teeth: half the noise that a claim needs is found in every part.
#[test]
fn half_the_noise_is_found() {
    let found = losses_planted(DRAWS_PLANTED, ALPHA).expect("draws");
    let missed: Vec<&Loss> = found.iter().filter(|loss| loss.holds()).collect();
    assert!(missed.is_empty(), "{missed:#?} of {found:#?}");
}

/// Coarser grids than the one that is stated are found, for either of two neighbours, and numbers that are not whole.
#[test]
fn another_grid_is_found() {
    let whole: Vec<f64> = (0..100).map(f64::from).collect();
    let even: Vec<f64> = (0..100).map(|number| f64::from(number * 2)).collect();
    let moved: Vec<f64> = whole.iter().map(|number| number + 0.25).collect();
    assert!(same_grid(&whole, &whole, 4));
    for (one, other) in [(&whole, &even), (&even, &whole), (&moved, &whole), (&whole, &moved)] {
        assert!(!same_grid(one, other, 4));
    }
}

/// Groups are shown no more often than is paid for; opendp's own rule shows them more often (its issue 2922), and is found
/// at the scales where that is a factor of two and more.
#[test]
fn keys_are_shown_as_rarely_as_is_paid_for() {
    let trials = 20_000;
    for found in revealed(Rule::Above, trials, ALPHA).expect("draws") {
        assert!(found.holds(), "{found:?}");
    }
    let planted = revealed(Rule::AtLeast, trials, ALPHA).expect("draws");
    for found in planted.iter().filter(|found| found.name.ends_with("of scale 1")) {
        assert!(!found.holds(), "opendp 2922 seems to be fixed: {found:?}");
    }
}
