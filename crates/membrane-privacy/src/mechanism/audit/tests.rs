use super::*;

/// The quick form of the audit: all bounds of one look together are wrong once in a thousand runs.
const DRAWS: usize = 6_000;
/// Of a part that was not seen in as many.
const DRAWS_AGAIN: usize = 4 * DRAWS;
/// Enough to find what was planted in nearly every part; what is not found so is looked for once more, in more.
const DRAWS_PLANTED: usize = 10_000;
const DRAWS_PLANTED_AGAIN: usize = 4 * DRAWS_PLANTED;
const ALPHA: f64 = 1e-3;

#[test]
fn nothing_loses_more_than_it_claims() {
    let found = losses(DRAWS, ALPHA).expect("draws");
    assert_eq!(found.len(), 35, "each part with each noise");
    require_no_more(&found);
    // The audit sees something of each part. By chance a part may not be seen in so few draws: it is looked at once more, in more.
    let unseen = named(found.iter().filter(|loss| !is_seen(loss)));
    let again = measured(&unseen, DRAWS_AGAIN, ALPHA, RHO_NANO).expect("draws");
    require_no_more(&again);
    let never: Vec<&Loss> = again.iter().filter(|loss| !is_seen(loss)).collect();
    assert!(never.is_empty(), "the audit sees something: {never:#?}");
}

/// Returns the parts of which these are the losses.
fn named<'a>(losses: impl Iterator<Item = &'a Loss>) -> Vec<Case> {
    let names: Vec<&str> = losses.map(|loss| loss.name.as_str()).collect();
    cases().into_iter().filter(|case| names.contains(&case.name().as_str())).collect()
}

fn require_no_more(found: &[Loss]) {
    for loss in found {
        assert!(loss.holds(), "{loss:?}");
        assert!(loss.on_grid != Some(false), "{loss:?}");
    }
}

/// Tells whether a quarter of what is claimed was seen, where that can be: a walk through a tree shows too little of its noise.
fn is_seen(loss: &Loss) -> bool {
    loss.measured > loss.claimed * 0.25 || loss.name.contains("median")
}

/// The audit has teeth: half the noise that a claim needs is found in every part.
#[test]
fn half_the_noise_is_found() {
    let found = losses_planted(DRAWS_PLANTED, ALPHA).expect("draws");
    let missed = named(found.iter().filter(|loss| loss.holds()));
    let again = measured(&missed, DRAWS_PLANTED_AGAIN, ALPHA, RHO_NANO_PLANTED).expect("draws");
    let missed: Vec<&Loss> = again.iter().filter(|loss| loss.holds()).collect();
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
