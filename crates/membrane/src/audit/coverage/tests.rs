use super::*;

#[test]
fn coverage_is_judged_by_how_many_intervals_there_are() {
    let seen = |covered, of| Seen { covered, of, above: 0.0, step: 0.0 };
    assert!(seen(9_500, 10_000).holds(Bars::Exact));
    assert!(!seen(9_390, 10_000).holds(Bars::Exact));
    assert!(!seen(9_610, 10_000).holds(Bars::Exact));
    assert!(seen(9_900, 10_000).holds(Bars::Wide) && !seen(9_390, 10_000).holds(Bars::Wide));
    // 970 of 1,000 may be chance.
    assert!(seen(970, 1_000).holds(Bars::Exact) && !seen(900, 1_000).holds(Bars::Exact));
    // Whole numbers with noise of nine deviations: an end of an interval covers more than a percent.
    assert!(Seen { step: 0.013, ..seen(9_620, 10_000) }.holds(Bars::Exact));
    assert!(!seen(0, 0).holds(Bars::Wide), "nothing was looked at");
}
