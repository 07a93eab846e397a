use membrane_model::{Delta, Epsilon};
use opendp::combinators::CompositionMeasure;
use opendp::measures::{Approximate, ZeroConcentratedDivergence};
use proptest::prelude::*;

use super::*;
use crate::{AggregateSpec, PriceAsked, SizeBound, Worth};

fn key(text: &str) -> GroupKey {
    vec![Some(text.to_owned())]
}

fn spec(keys: KeyDomain, epsilon: f64, kinds: &[AggregateKind]) -> ReleaseSpec {
    let named = |(index, kind): (usize, &AggregateKind)| AggregateSpec::new(format!("a{index}"), *kind);
    ReleaseSpec {
        keys,
        groups_max: 4,
        rows_max: 5,
        aggregates: kinds.iter().enumerate().map(named).collect(),
        price: PriceAsked::Epsilon(Epsilon::new(epsilon).expect("an epsilon")),
        rollup: Vec::new(),
        counter: None,
        spent: None,
        delta: Delta::new(1e-6).expect("a delta"),
        noise: NoiseKind::Auto,
        cohort_min: 0,
        size: SizeBound { member_max: 1_000, total_max: 1 << 30 },
    }
}

const SUM: AggregateKind = AggregateKind::Sum { lower: 0, upper: 500_000, scale: 2 };

fn mechanism(keys: KeyDomain, epsilon: f64, kinds: &[AggregateKind]) -> Mechanism {
    Mechanism::calibrate(spec(keys, epsilon, kinds)).expect("a mechanism")
}

fn totals(members: i64, values: &[i64]) -> GroupTotals {
    GroupTotals { members, values: values.to_vec(), cells: Vec::new() }
}

fn exact<const N: usize>(groups: [(GroupKey, GroupTotals); N]) -> ExactTotals {
    let members = groups.iter().map(|(_, totals)| totals.members).sum();
    ExactTotals { groups: BTreeMap::from(groups), members, members_clipped: members / 4 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn price_and_precision_grow_with_epsilon(low in 0.05_f64..4.0, factor in 1.01_f64..3.0, unknown: bool) {
        let keys = || if unknown { KeyDomain::Unknown } else { KeyDomain::None };
        let kinds = [AggregateKind::Rows, SUM];
        let (cheap, dear) = (mechanism(keys(), low, &kinds), mechanism(keys(), low * factor, &kinds));
        prop_assert!(cheap.price().rho_nano < dear.price().rho_nano);
        let (cheap, dear) = (cheap.describe().expect("a summary"), dear.describe().expect("a summary"));
        for (cheap, dear) in cheap.aggregates.iter().zip(&dear.aggregates) {
            prop_assert!(cheap.sigma > dear.sigma);
        }
        prop_assert!(cheap.threshold >= dear.threshold);
        prop_assert!(cheap.epsilon <= low && dear.epsilon <= low * factor);
        prop_assert!(cheap.epsilon > low * 0.95, "the budget is used: {} of {low}", cheap.epsilon);
    }
}

/// What opendp says that all parts cost together is within the price.
#[test]
fn the_price_covers_the_composition_of_its_parts() {
    let mechanism = mechanism(KeyDomain::Unknown, 1.0, &[AggregateKind::Rows, AggregateKind::Members, SUM]);
    let rho = |noise: &Noise| (noise.sensitivity / noise.scale).powi(2) / 2.0;
    let mut parts: Vec<(f64, f64)> = mechanism
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Noise(noise) => Some((rho(noise), 0.0)),
            Part::Selection => None,
        })
        .collect();
    assert_eq!(parts.len(), 2, "the member count is the selection's");
    let summary = mechanism.describe().expect("a summary");
    let size = summary.size.expect("a size limit");
    parts.push(((1_000.0 / size.sigma).powi(2) / 2.0, 3e-18));
    parts.push((rho(mechanism.clipping.as_ref().expect("a part")), 0.0));
    let selection = mechanism.selection.as_ref().expect("a selection");
    parts.push((rho(selection.noise()), selection.price().expect("a price").delta()));
    let measure = Approximate(ZeroConcentratedDivergence);
    let (rho, delta) = measure.compose(parts).expect("a composition");
    assert!(rho <= mechanism.price().rho() && rho > mechanism.price().rho() * (1.0 - 1e-6));
    // opendp rounds each sum up.
    assert!(delta <= mechanism.price().delta() * (1.0 + 1e-12));
}

#[test]
fn weights_move_noise_from_one_aggregate_to_another() {
    let sigmas = |weight| {
        let mut spec = spec(KeyDomain::None, 1.0, &[AggregateKind::Rows, SUM]);
        spec.aggregates[1].weight = weight;
        let summary = Mechanism::calibrate(spec).and_then(|made| made.describe()).expect("a summary");
        (summary.aggregates[0].sigma, summary.aggregates[1].sigma)
    };
    let (even, heavy) = (sigmas(1), sigmas(4));
    assert!(heavy.0 > even.0 && heavy.1 < even.1);
}

#[test]
fn public_groups_are_all_shown_and_no_others() {
    let public = KeyDomain::Public(vec![key("SH"), key("BJ"), vec![None]]);
    let mechanism = mechanism(public, 4.0, &[AggregateKind::Rows]);
    let exact = exact([(key("SH"), totals(90_000, &[100_000])), (key("XX"), totals(9, &[9]))]);
    let shown = mechanism.release(&exact).expect("a release").groups;
    let keys: Vec<&GroupKey> = shown.iter().map(|group| &group.key).collect();
    assert_eq!(keys, [&vec![None], &key("BJ"), &key("SH")]);
    let bar = mechanism.describe().expect("a summary").aggregates[0].half_width95;
    assert!(shown[1].values[0].value.abs() < 5 * bar, "zero-filled");
    assert!((shown[2].values[0].value - 100_000).abs() < 5 * bar);
    assert!(mechanism.bounds().groups_max == 3, "no more groups than there are");
}

#[test]
fn without_keys_there_is_one_total_also_of_nothing() {
    let mechanism = mechanism(KeyDomain::None, 1.0, &[AggregateKind::Rows, SUM]);
    let shown = mechanism.release(&exact([])).expect("a release").groups;
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].key, GroupKey::new());
    assert_eq!(shown[0].values.len(), 2);
    assert_eq!(mechanism.describe().expect("a summary").threshold, None);
    assert_eq!(mechanism.price().delta_atto, 3, "what the size limit costs, and nothing else");
}

#[test]
fn unknown_groups_are_shown_above_the_threshold_only() {
    let mechanism = mechanism(KeyDomain::Unknown, 1.0, &[AggregateKind::Members, SUM]);
    let threshold = mechanism.describe().expect("a summary").threshold.expect("a threshold");
    let exact =
        exact([(key("large"), totals(100_000, &[100_000, 5_000_000])), (key("alone"), totals(1, &[1, 100]))]);
    let shown = mechanism.release(&exact).expect("a release").groups;
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].key, key("large"));
    assert!(shown[0].values[0].value > threshold);
    assert!(mechanism.release(&ExactTotals::default()).expect("a release").groups.is_empty());
}

#[test]
fn one_row_per_member_makes_the_row_count_the_member_count() {
    let mut spec = spec(KeyDomain::Unknown, 1.0, &[AggregateKind::Rows]);
    spec.rows_max = 1;
    let mechanism = Mechanism::calibrate(spec).expect("a mechanism");
    assert!(matches!(mechanism.parts[..], [Part::Selection]));
}

#[test]
fn totals_of_another_shape_are_refused() {
    let mechanism = mechanism(KeyDomain::None, 1.0, &[AggregateKind::Rows]);
    let exact = exact([(vec![], totals(1, &[1, 2]))]);
    assert_eq!(mechanism.release(&exact), Err(PrivacyError::Shape));
}

/// How many members there are, and how many were clipped, comes with noise that the price says: six deviations
/// either way, error rate below 1e-8.
#[test]
fn clipped_members_are_told_with_noise() {
    let mechanism = mechanism(KeyDomain::None, 1.0, &[AggregateKind::Rows]);
    let clipping = mechanism.describe().expect("a summary").clipping.expect("noise");
    assert!((clipping.sensitivity - 2.0_f64.sqrt()).abs() < 1e-9);
    let exact = exact([(vec![], totals(4_000, &[9_000]))]);
    let mut seen = BTreeSet::new();
    for _ in 0..8 {
        let released = mechanism.release(&exact).expect("a release");
        for (noisy, truth) in [(released.members, 4_000.0), (released.members_clipped, 1_000.0)] {
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let value = noisy.value as f64;
            assert!((value - truth).abs() < 6.0 * clipping.sigma, "{value}, not near {truth}");
            assert!(noisy.low95 < noisy.value && noisy.value < noisy.high95);
            seen.insert(noisy.value);
        }
    }
    assert!(seen.len() > 8, "noise is drawn anew");
}

/// A mechanism is planned in one task and drawn in another.
#[test]
fn a_mechanism_can_move_between_threads() {
    const fn check<T: Send + Sync>() {}
    check::<Mechanism>();
}

/// Every kind at once.
fn every_kind(rows_max: u32) -> Vec<AggregateKind> {
    vec![
        AggregateKind::Rows,
        AggregateKind::NonNull,
        AggregateKind::Members,
        SUM,
        AggregateKind::MeanSum { lower: 0, upper: 500_000, scale: 2 },
        AggregateKind::mean_squares(0, 500_000, 2, rows_max),
        AggregateKind::Distinct { values_max: 2 },
        AggregateKind::Quantile { lower: 0, upper: 500_000, scale: 2 },
    ]
}

fn every(keys: KeyDomain, epsilon: f64) -> ReleaseSpec {
    let mut spec = spec(keys, epsilon, &every_kind(5));
    spec.aggregates[7].quantiles = vec![0.5, 0.9];
    spec
}

/// A member as an engine would hand it over: groups of rows.
fn add(totals: &mut BoundedTotals, kinds: &[AggregateKind], member: u64, groups: &[Vec<i64>]) {
    let mut raws = Vec::new();
    let mut lists = Vec::new();
    for rows in groups {
        let mut different = rows.clone();
        different.sort_unstable();
        different.dedup();
        let count = i64::try_from(rows.len()).expect("few");
        let raw = |kind: &AggregateKind| crate::RawValue {
            rows: if matches!(kind, AggregateKind::Distinct { .. }) {
                i64::try_from(different.len()).expect("few")
            } else {
                count
            },
            sum: rows.iter().fold(0_i64, |sum, value| sum.saturating_add(kind.row_value(*value))),
        };
        raws.push(kinds.iter().map(raw).collect::<Vec<_>>());
        lists.push((different, rows.clone()));
    }
    let samples: Vec<[&[i64]; 2]> = lists.iter().map(|(one, other)| [&one[..], &other[..]]).collect();
    let mut parts: Vec<crate::MemberPart<'_>> = groups
        .iter()
        .enumerate()
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(group, _)| crate::MemberPart {
            rank: (member + 1)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                .rotate_left(u32::try_from(group).expect("few") * 7),
            group,
            raw: &raws[group],
            samples: &samples[group],
        })
        .collect();
    totals.add_member(&mut parts, false).expect("well-formed parts");
}

fn exact_of(mechanism: &Mechanism, members: &[(u64, Vec<Vec<i64>>)]) -> ExactTotals {
    let kinds = every_kind(mechanism.spec().rows_max);
    let mut totals = mechanism.totals(7);
    for (member, groups) in members {
        add(&mut totals, &kinds, *member, groups);
    }
    let (members, members_clipped) = totals.members();
    let groups = totals.finish().into_iter().enumerate().filter(|(_, total)| total.members > 0);
    ExactTotals {
        groups: groups.map(|(group, total)| (key(&group.to_string()), total)).collect(),
        members,
        members_clipped,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Any data, any member that goes: the totals of all kinds are as close as noise was calibrated for, in groups,
    /// in L-infinity and in the norm of the noise, trees included.
    #[test]
    fn neighbours_are_as_close_as_the_noise_assumes(
        members in prop::collection::vec(
            prop::collection::vec(
                prop::collection::vec(prop_oneof![Just(i64::MAX), Just(i64::MIN), 0_i64..600_000], 0..9), 7),
            1..6),
        gone in any::<prop::sample::Index>(),
        pure: bool,
    ) {
        let keys = KeyDomain::Public((0..7).map(|group| key(&group.to_string())).collect());
        let mut spec = every(keys, 1.0);
        if pure {
            spec.delta = Delta::new(0.0).expect("zero");
        }
        let mechanism = Mechanism::calibrate(spec).expect("a mechanism");
        let members: Vec<(u64, Vec<Vec<i64>>)> = (0_u64..).zip(members).collect();
        let mut fewer = members.clone();
        fewer.remove(gone.index(members.len()));
        let (all, fewer) = (exact_of(&mechanism, &members), exact_of(&mechanism, &fewer));
        let distances = mechanism.distances(&all, &fewer);
        prop_assert!(mechanism.are_neighbours(&all, &fewer).expect("a summary"), "{distances:?}");
    }
}

/// The distances are reached: what is declared is not only safe, but the least.
#[test]
fn the_declared_distances_are_reached() {
    let mut spec = every(KeyDomain::Unknown, 1.0);
    spec.groups_max = 2;
    let mechanism = Mechanism::calibrate(spec).expect("a mechanism");
    let summary = mechanism.describe().expect("a summary");
    let most = [500_000; 5].to_vec();
    let mut groups = vec![Vec::new(); 7];
    (groups[0], groups[1]) = (most.clone(), most);
    let distances = mechanism.distances(&exact_of(&mechanism, &[(1, groups)]), &ExactTotals::default());
    for (index, (found, told)) in distances.aggregates.iter().zip(&summary.aggregates).enumerate() {
        if index == 6 {
            continue; // five times the same value
        }
        assert!(
            found.l2 > told.sensitivity * 0.999 && found.l2 <= told.sensitivity * (1.0 + 1e-12),
            "{told:?}"
        );
    }
    assert_eq!(distances.groups, 2);
}

/// All kinds at once, drawn: every number is there and between its ends.
#[test]
fn every_kind_is_released() {
    for (keys, delta, noise) in [
        (KeyDomain::Unknown, 1e-6, NoiseKind::Auto),
        (KeyDomain::Unknown, 1e-6, NoiseKind::Laplace),
        (KeyDomain::Public(vec![key("0"), key("9")]), 0.0, NoiseKind::Auto),
    ] {
        let public = keys != KeyDomain::Unknown;
        let mut spec = every(keys, 4.0);
        (spec.delta, spec.noise) = (Delta::new(delta).expect("a delta"), noise);
        let mechanism = Mechanism::calibrate(spec).expect("a mechanism");
        let members: Vec<_> = (0..20_000_u64)
            .map(|member| {
                let mut groups = vec![Vec::new(); 7];
                groups[0] = vec![i64::try_from(member).expect("small") * 10, 300_000];
                (member, groups)
            })
            .collect();
        let released = mechanism.release(&exact_of(&mechanism, &members)).expect("a release");
        assert_eq!(released.groups.len(), if public { 2 } else { 1 });
        let group = &released.groups[0];
        assert_eq!((group.values.len(), group.quantiles.len(), group.quantiles[0].len()), (8, 1, 2));
        for value in &group.values {
            assert!(value.low95 <= value.value && value.value <= value.high95 && value.sd > 0.0);
        }
        assert!((group.values[6].value - 20_001).abs() < 3_000, "distinct values: {:?}", group.values[6]);
        assert!((group.values[7].value - 40_000).abs() < 6_000, "rows of quantiles: {:?}", group.values[7]);
        let [median, high] = group.quantiles[0][..] else { panic!("two quantiles") };
        assert!(
            (median.value - 200_000.0).abs() < 101_000.0 && (high.value - 300_000.0).abs() < 60_000.0,
            "{median:?} {high:?}"
        );
        // Somebody else's totals: not one value for each aggregate.
        let mut wrong = exact_of(&mechanism, &members[..1]);
        wrong.groups.values_mut().for_each(|totals| totals.cells.clear());
        assert_eq!(mechanism.release(&wrong), Err(PrivacyError::Shape));
    }
}

/// A pure release: all noise is Laplace, epsilons add up to no more than was asked, half of each square is charged, and
/// the one event that is not covered is told.
#[test]
fn a_pure_release_says_what_it_is() {
    let mut spec = spec(KeyDomain::None, 1.0, &[AggregateKind::Rows, SUM]);
    spec.delta = Delta::new(0.0).expect("zero");
    let mechanism = Mechanism::calibrate(spec.clone()).expect("a mechanism");
    let summary = mechanism.describe().expect("a summary");
    let pure = summary.pure_epsilon.expect("pure");
    assert!(pure <= 1.0 && pure > 0.999_999, "{pure}");
    assert!(summary.epsilon.to_bits() == pure.to_bits() && (summary.delta - 3e-18).abs() < 1e-24);
    assert!(summary.aggregates.iter().all(|aggregate| aggregate.noise == NoiseDrawn::Laplace));
    assert!(summary.size.is_some_and(|size| size.noise == NoiseDrawn::Laplace));
    assert!(summary.clipping.is_some_and(|clipping| clipping.noise == NoiseDrawn::Laplace));
    // 0.05, 0.1 and twice 0.425: half the sum of their squares, which is far less than half of the square of their sum.
    let rho = (0.05_f64.powi(2) + 0.1_f64.powi(2) + 2.0 * 0.425_f64.powi(2)) / 2.0;
    assert!((mechanism.price().rho() - rho).abs() < 1e-6 && mechanism.price().delta_atto == 3);

    // With Laplace on request the price stays one of rho, and the pure epsilon is told beside it.
    (spec.delta, spec.noise) = (Delta::new(1e-6).expect("a delta"), NoiseKind::Laplace);
    let summary = Mechanism::calibrate(spec.clone()).and_then(|made| made.describe()).expect("a summary");
    assert!(summary.pure_epsilon.is_some() && summary.epsilon <= 1.0 && summary.delta > 1e-7);
    spec.noise = NoiseKind::Auto;
    let summary = Mechanism::calibrate(spec).and_then(|made| made.describe()).expect("a summary");
    assert_eq!(summary.pure_epsilon, None);
}

/// Targets are met; where all have one the price is only as large as they need; what is too much is told before.
#[test]
fn targets_are_met_at_the_least_price() {
    let mut spec = spec(KeyDomain::Unknown, 1.0, &[AggregateKind::Members, AggregateKind::Rows, SUM]);
    let told = |spec: &ReleaseSpec| Mechanism::calibrate(spec.clone()).and_then(|made| made.describe());
    let free = told(&spec).expect("a summary");
    spec.aggregates[1].target95 = Some(free.aggregates[1].half_width95 * 4 / 5);
    let one = told(&spec).expect("a summary");
    assert!(one.aggregates[1].half_width95 <= free.aggregates[1].half_width95 * 4 / 5);
    assert!(one.aggregates[2].half_width95 > free.aggregates[2].half_width95, "paid for by the others");
    assert!(one.price.rho_nano > free.price.rho_nano - 10, "all of the price is used");

    for (aggregate, told) in spec.aggregates.iter_mut().zip(&free.aggregates) {
        aggregate.target95 = Some(told.half_width95 * 2);
    }
    let cheap = told(&spec).expect("a summary");
    assert!(cheap.price.rho_nano < free.price.rho_nano / 3, "{:?}", cheap.price);
    for (cheap, free) in cheap.aggregates.iter().zip(&free.aggregates) {
        assert!(cheap.half_width95 <= free.half_width95 * 2 && cheap.target95.is_some());
    }

    spec.aggregates[2].target95 = Some(free.aggregates[2].half_width95 / 10);
    let refused = told(&spec).expect_err("far too narrow");
    let PrivacyError::Targets(short) = refused else { panic!("{refused}") };
    let Worth { rho_nano, epsilon_milli } = short.needed;
    assert!(short.to_string().starts_with("the targets need a price of epsilon "), "{short}");
    assert_eq!(short.targets.first().map(|dearest| dearest.aggregate), Some(2), "{short}");
    for price in [
        PriceAsked::Rho { rho_nano },
        PriceAsked::Epsilon(
            Epsilon::new(f64::from(u32::try_from(epsilon_milli).expect("small")) / 1000.0)
                .expect("an epsilon"),
        ),
    ] {
        let told = told(&ReleaseSpec { price, ..spec.clone() }).expect("what the error says is enough");
        assert!(told.aggregates[2].half_width95 <= free.aggregates[2].half_width95 / 10);
    }
}

/// The targets that are told in place of those that are too narrow can be had, and are not far from the nearest.
#[test]
fn the_targets_that_are_told_are_met() {
    let told = |spec: &ReleaseSpec| Mechanism::calibrate(spec.clone()).and_then(|made| made.describe());
    let public = || KeyDomain::Public(vec![vec![Some("a".into())], vec![Some("b".into())]]);
    for (delta, keys, epsilon) in [
        (1e-6, KeyDomain::Unknown, 1.0),
        (1e-6, public(), 0.5),
        (1e-6, KeyDomain::None, 0.01),
        (0.0, public(), 0.5),
        (0.0, KeyDomain::None, 0.05),
    ] {
        let mut spec = spec(keys, epsilon, &[AggregateKind::Members, AggregateKind::Rows, SUM]);
        spec.delta = Delta::new(delta).expect("a delta");
        for targets in [vec![0], vec![1], vec![0, 2], vec![0, 1, 2]] {
            let free =
                told(&ReleaseSpec { aggregates: without_targets(&spec), ..spec.clone() }).expect("a summary");
            spec.aggregates = without_targets(&spec);
            for index in &targets {
                spec.aggregates[*index].target95 = Some((free.aggregates[*index].half_width95 / 9).max(1));
            }
            let refused = told(&spec).expect_err("too narrow");
            let PrivacyError::Targets(short) = refused else { panic!("{refused}") };
            for target in &short.targets {
                let nearest = target.nearest95.unwrap_or_else(|| panic!("{short}"));
                spec.aggregates[target.aggregate].target95 = Some(nearest);
                let free = free.aggregates[target.aggregate].half_width95;
                assert!(nearest <= free.saturating_mul(4), "{nearest} is far from {free}: {short}");
            }
            let met = told(&spec).unwrap_or_else(|refused| panic!("{short}; {refused}"));
            for (index, aggregate) in met.aggregates.iter().enumerate() {
                let target = spec.aggregates[index].target95;
                assert!(target.is_none_or(|target| aggregate.half_width95 <= target), "{short}");
            }
        }
    }
}

fn without_targets(spec: &ReleaseSpec) -> Vec<AggregateSpec> {
    spec.aggregates.iter().map(|one| AggregateSpec { target95: None, ..one.clone() }).collect()
}

/// The epsilon that is told to fit a price fits it, and wastes little of it.
#[test]
fn the_epsilon_that_is_told_fits() {
    for (delta, keys) in [(1e-6, KeyDomain::Unknown), (1e-6, KeyDomain::None), (0.0, KeyDomain::None)] {
        for most in [1_000_000, 24_000_000, 310_000_000] {
            let mut spec = spec(keys.clone(), 5.0, &[AggregateKind::Rows, SUM]);
            spec.delta = Delta::new(delta).expect("a delta");
            let dear = Mechanism::calibrate(spec.clone()).expect("a mechanism");
            assert!(dear.price().rho_nano > most);
            let milli = dear.epsilon_milli_within(most).expect("an epsilon");
            let epsilon = f64::from(u32::try_from(milli).expect("small")) / 1000.0;
            spec.price = PriceAsked::Epsilon(Epsilon::new(epsilon).expect("an epsilon"));
            let price = Mechanism::calibrate(spec).expect("a mechanism").price().rho_nano;
            assert!(price <= most && price > most / 100 * 90, "{price} of {most} for {epsilon}");
        }
    }
}

/// Every released number is a whole one, with and without a member more: no grid tells them apart. With quantiles, what
/// is released is made of whole counts and public cells.
#[test]
fn released_numbers_lie_on_one_grid() {
    // `NoisyValue::value` is an `i64`: what is checked is that both parities, and neighbours of each other, occur for
    // either database, so that no coarser grid shows through.
    for noise in [NoiseKind::Gaussian, NoiseKind::Laplace] {
        let mut spec = spec(KeyDomain::None, 1.0, &[SUM]);
        spec.noise = noise;
        let mechanism = Mechanism::calibrate(spec).expect("a mechanism");
        for total in [0, 1, 500_000] {
            let exact = exact([(vec![], totals(1, &[total]))]);
            let mut residues = BTreeSet::new();
            for _ in 0..400 {
                let released = mechanism.release(&exact).expect("a release");
                residues.insert(released.groups[0].values[0].value.rem_euclid(16));
            }
            // 400 draws miss one of 16 residues by chance once in 1e10.
            assert_eq!(residues.len(), 16, "{noise:?} {total}");
        }
    }
}
