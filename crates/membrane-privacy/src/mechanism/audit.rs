//! An audit of what is released: a lower bound on epsilon from many draws (facts/dp.md 3B).
//!
//! For a pair of neighbours, `DRAWS` outputs of each are drawn. On one half the event is chosen that tells them apart best, a
//! threshold on the value; on the other half it is counted. Clopper-Pearson bounds at 1e-4 / 2 each give a lower bound on
//! what the mechanism loses, which must not exceed what it claims: a false alarm is rarer than 1e-4 by test, and as the
//! claim is for the worst event over all, far rarer. A mechanism with twice the loss that it claims is caught (last
//! test). Gaussian noise claims (epsilon, delta) with a delta of 1e-3, which the event is worth less.

use std::collections::BTreeMap;

use membrane_model::{Delta, Price};

use super::*;
use crate::budget::Unit;
use crate::{AggregateSpec, PriceAsked, SizeBound};

const DRAWS: u32 = 10_000;
const ALPHA: f64 = 1e-4;
const DELTA: f64 = 1e-3;

/// Bounds a probability of which `seen` of `DRAWS / 2` were seen, at `ALPHA / 2`: from below and above. Chernoff's bound
/// with the exact relative entropy, which is a little wider than Clopper and Pearson's interval.
fn bounds(seen: u32) -> (f64, f64) {
    let n = f64::from(DRAWS / 2);
    let share = f64::from(seen) / n;
    let entropy = |p: f64| {
        let part = |a: f64, b: f64| if a <= 0.0 { 0.0 } else { a * (a / b).ln() };
        part(share, p) + part(1.0 - share, 1.0 - p)
    };
    let limit = (2.0 / ALPHA).ln() / n;
    let search = |mut inside: f64, mut outside: f64| {
        for _ in 0..60 {
            let middle = f64::midpoint(inside, outside);
            if entropy(middle) <= limit { inside = middle } else { outside = middle }
        }
        outside
    };
    (if seen == 0 { 0.0 } else { search(share, 0.0) }, if share >= 1.0 { 1.0 } else { search(share, 1.0) })
}

/// Returns the lower bound on epsilon at a delta, from outputs of two neighbours.
fn lower_bound(one: &[i64], other: &[i64], delta: f64) -> f64 {
    let half = one.len() / 2;
    let count = |values: &[i64], least: i64| {
        u32::try_from(values.iter().filter(|value| **value >= least).count()).expect("small")
    };
    let bound = |one: &[i64], other: &[i64], least: i64| {
        let (low, _) = bounds(count(one, least));
        let (_, high) = bounds(count(other, least));
        ((low - delta) / high).max(1e-9).ln()
    };
    let mut candidates: Vec<i64> = one[..half].iter().step_by(61).copied().collect();
    candidates.sort_unstable();
    candidates.dedup();
    let best = candidates.into_iter().max_by(|a, b| {
        bound(&one[..half], &other[..half], *a).total_cmp(&bound(&one[..half], &other[..half], *b))
    });
    bound(&one[half..], &other[half..], best.expect("a candidate"))
}

/// Draws an aggregate alone, in many groups that stand for repetitions.
fn draws(kind: AggregateKind, noise: NoiseKind, rho_nano: u64, total: i64) -> Vec<i64> {
    let most = kind.contribution_max(3).expect("small");
    let noise = Noise::calibrate(noise, Reach { cells: 1, most }, Share { unit: Unit::Rho, nano: rho_nano })
        .expect("noise");
    noise.add(vec![total; DRAWS as usize]).expect("draws")
}

/// Every kind that releases one number, with each noise: the neighbour has one member less, who contributed all there is.
#[test]
fn no_kind_loses_more_than_it_claims() {
    const RHO_NANO: u64 = 500_000_000;
    let claimed = |noise| match noise {
        NoiseKind::Laplace => (1.0, 0.0),
        _ => {
            let price = Price { rho_nano: RHO_NANO, delta_atto: 0 };
            (epsilon_of(price, Delta::new(DELTA).expect("a delta")).expect("an epsilon"), DELTA)
        }
    };
    for kind in [
        AggregateKind::Rows,
        AggregateKind::Members,
        AggregateKind::Sum { lower: -10, upper: 900, scale: 0 },
        AggregateKind::MeanSum { lower: 100, upper: 900, scale: 0 },
        AggregateKind::mean_squares(0, 90, 0, 3),
        AggregateKind::Distinct { values_max: 4 },
    ] {
        for noise in [NoiseKind::Gaussian, NoiseKind::Laplace] {
            let most = kind.contribution_max(3).expect("small");
            let (with, without) =
                (draws(kind, noise, RHO_NANO, 1_000 + most), draws(kind, noise, RHO_NANO, 1_000));
            let (epsilon, delta) = claimed(noise);
            let bound = lower_bound(&with, &without, delta);
            assert!(bound <= epsilon, "{kind:?} with {noise:?} loses {bound}, not {epsilon}");
            assert!(bound > epsilon * 0.25, "the audit sees something: {bound} of {epsilon}");
        }
    }
}

/// The whole of a tree: a member moves one node of each layer. The event is a sum over the path of that member, which is
/// the best test there is for Gaussian noise.
#[test]
fn a_tree_loses_no_more_than_it_claims() {
    let kind = AggregateKind::Quantile { lower: 0, upper: 32_767, scale: 0 };
    let (tree, nano) = (kind.tree().expect("a tree"), 500_000_000);
    let reach = Reach { cells: tree.layers(), most: 1 };
    let noise = Noise::calibrate(NoiseKind::Auto, reach, Share { unit: Unit::Rho, nano }).expect("noise");
    let layers = tree.layers() as usize;
    let sums = |member: i64| -> Vec<i64> {
        let drawn = noise.add(vec![member; DRAWS as usize * layers]).expect("draws");
        drawn.chunks(layers).map(|path| path.iter().sum()).collect()
    };
    let price = Price { rho_nano: nano, delta_atto: 0 };
    let epsilon = epsilon_of(price, Delta::new(DELTA).expect("a delta")).expect("an epsilon");
    let bound = lower_bound(&sums(1), &sums(0), DELTA);
    assert!(bound <= epsilon && bound > epsilon * 0.25, "{bound} of {epsilon}");
}

/// The choice of groups and its count in a whole release: a group of very many, with one member more or less.
#[test]
fn a_whole_release_loses_no_more_than_it_claims() {
    let spec = ReleaseSpec {
        keys: KeyDomain::Unknown,
        groups_max: 1,
        rows_max: 1,
        aggregates: vec![AggregateSpec::new("n", AggregateKind::Members)],
        price: PriceAsked::Rho { rho_nano: 500_000_000 },
        rollup: Vec::new(),
        counter: None,
        spent: None,
        delta: Delta::new(2.0 * DELTA).expect("a delta"),
        noise: NoiseKind::Auto,
        cohort_min: 0,
        size: SizeBound { member_max: 1, total_max: 1 << 40 },
    };
    let mechanism = Mechanism::calibrate(spec).expect("a mechanism");
    let release = |members: i64| -> Vec<i64> {
        let total = GroupTotals { members, values: vec![members], cells: vec![] };
        let groups: BTreeMap<GroupKey, GroupTotals> =
            (0..DRAWS).map(|group| (vec![Some(group.to_string())], total.clone())).collect();
        let released =
            mechanism.release(&ExactTotals { groups, ..ExactTotals::default() }).expect("a release");
        released.groups.into_iter().map(|group| group.values[0].value).collect()
    };
    let (with, without) = (release(1_000), release(999));
    assert_eq!((with.len(), without.len()), (DRAWS as usize, DRAWS as usize));
    let epsilon = mechanism.describe().expect("a summary").epsilon;
    let bound = lower_bound(&with, &without, 2.0 * DELTA);
    assert!(bound <= epsilon, "{bound} of {epsilon}");
}

/// The audit has teeth: half the noise that the claim needs is caught.
#[test]
fn half_the_noise_is_caught() {
    let with = draws(AggregateKind::Members, NoiseKind::Laplace, 2_000_000_000, 1_001);
    let without = draws(AggregateKind::Members, NoiseKind::Laplace, 2_000_000_000, 1_000);
    assert!(lower_bound(&with, &without, 0.0) > 1.0);
}
