use super::*;
use crate::NoiseKind;
use crate::budget::Share;
use crate::mechanism::noise::Reach;

fn noise(kind: NoiseKind, tree: Tree, rho_nano: u64) -> Noise {
    Noise::calibrate(kind, Reach { cells: tree.layers(), most: 1 }, Share::rho(rho_nano)).expect("noise")
}

/// Cells of the values `0, step, 2 step ...` of a range, `times` each.
fn evenly(tree: Tree, range: std::ops::Range<i64>, step: usize, times: usize) -> Vec<i64> {
    let values = range.step_by(step).flat_map(|value| std::iter::repeat_n(value, times));
    values.map(|value| i64::try_from(tree.cell(value)).expect("small")).collect()
}

/// With next to no noise the quantile is that of the rows, to the width of a cell, for every shape of tree.
#[test]
fn without_noise_quantiles_are_exact() {
    for (upper, step) in [(9, 1), (99, 1), (999, 1), (32_767, 7), (499_999, 16)] {
        let tree = Tree::over(0, upper);
        let noise = noise(NoiseKind::Auto, tree, 900_000_000_000);
        let cells = evenly(tree, 0..upper + 1, step, 1);
        let found = NoisyTree::new(tree, &noise, &cells).quantiles(&[0.25, 0.5, 0.9]).expect("quantiles");
        for (share, found) in [0.25, 0.5, 0.9].into_iter().zip(found) {
            let truth = share * f64::from(i32::try_from(upper).expect("small"));
            let near = f64::from(u32::try_from(2 * step).expect("small")) + 1.0;
            assert!((found.value - truth).abs() <= near, "{found:?} for {truth} of {upper}");
            assert!(found.low95 <= found.value && found.value <= found.high95);
        }
    }
}

/// The intervals cover the quantile of the rows: 1,000 trials have a deviation of 0.69 % at 95 %. Rows lie evenly, some 30
/// of them in each cell, with noise of about five cells. The walk is inverted at the place that was found, and hulls are a
/// little wide: asserted is 0.915 (false alarm below 3e-7) to 0.985.
#[test]
fn intervals_cover_the_quantile() {
    for (kind, share) in [(NoiseKind::Auto, 0.5), (NoiseKind::Auto, 0.8), (NoiseKind::Laplace, 0.3)] {
        let tree = Tree::over(0, 499_999);
        let noise = noise(kind, tree, 20_000_000);
        let cells = evenly(tree, 0..500_000, 1, 2);
        let truth = share * 499_999.0;
        let (mut inside, mut error) = (0, 0.0);
        for _ in 0..1_000 {
            let found = NoisyTree::new(tree, &noise, &cells).quantiles(&[share]).expect("a quantile")[0];
            inside += u32::from(found.low95 <= truth && truth <= found.high95);
            error += (found.value - truth) / 1_000.0;
        }
        let coverage = f64::from(inside) / 1_000.0;
        assert!((0.915..0.985).contains(&coverage), "{coverage} for {kind:?} {share}");
        // No lean: the mean of 1,000 errors.
        let sd = noise.sd * tree.rank_variance_mean().sqrt() / 2.0;
        assert!(error.abs() < 6.0 * sd / 1_000_f64.sqrt() + 1.0, "{error} of {sd}");
    }
}

/// Few rows and much noise: the counts go up and down, and so do the ranks. Estimates grow with the share all the same, lie
/// within the bounds and between their ends.
#[test]
fn quantiles_grow_with_the_share() {
    let tree = Tree::over(-1_000, 1_000);
    let noise = noise(NoiseKind::Auto, tree, 20_000_000);
    let shares = [0.9, 0.1, 0.5, 0.0, 1.0, 0.5, 0.75, 0.25];
    for times in [0, 1, 5] {
        let cells = evenly(tree, -900..900, 3, times);
        for _ in 0..60 {
            let mut walks = NoisyTree::new(tree, &noise, &cells);
            let found = walks.quantiles(&shares).expect("quantiles");
            let mut sorted: Vec<(f64, Estimate)> = shares.into_iter().zip(found.iter().copied()).collect();
            sorted.sort_by(|(one, _), (other, _)| one.total_cmp(other));
            for pair in sorted.windows(2) {
                let (one, other) = (pair[0].1, pair[1].1);
                assert!(one.value <= other.value && one.low95 <= other.low95 && one.high95 <= other.high95);
            }
            for estimate in &found {
                assert!(-1_000.0 <= estimate.low95 && estimate.high95 <= 1_000.0);
                assert!(
                    estimate.low95 <= estimate.value && estimate.value <= estimate.high95,
                    "{estimate:?}"
                );
            }
            assert_eq!(found[2], found[5], "one tree, one answer");
        }
    }
}

/// The least and greatest value come from within the noise, and their interval reaches the bound.
#[test]
fn extremes_are_as_far_in_as_the_noise_demands() {
    let tree = Tree::over(0, 32_767);
    let noise = noise(NoiseKind::Auto, tree, 20_000_000);
    let cells = evenly(tree, 10_000..20_000, 1, 5);
    // Each is beyond the rows where the noise of a rank is beyond its half-width, which is 1 in 20 or, as a walk looks more
    // than once, 1 in 10: 30 of 60 and more would be by chance once in 1e13.
    let mut near = [0; 2];
    for _ in 0..60 {
        let found = NoisyTree::new(tree, &noise, &cells).quantiles(&[0.0, 1.0]).expect("quantiles");
        let (least, greatest) = (found[0], found[1]);
        assert!(least.low95 <= 0.0 && greatest.high95 >= 32_767.0);
        near[0] += i32::from((9_900.0..10_600.0).contains(&least.value));
        near[1] += i32::from((19_400.0..20_100.0).contains(&greatest.value));
    }
    assert!(near.into_iter().all(|near| near > 30), "{near:?}");
    // Nobody: nothing is known but the bounds.
    let nobody = NoisyTree::new(tree, &noise, &[]).quantiles(&[0.5]).expect("a quantile")[0];
    assert!(nobody.low95 <= 0.0 || nobody.high95 >= 32_767.0, "{nobody:?}");
}
