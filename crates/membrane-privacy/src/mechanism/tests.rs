use membrane_model::{Delta, Epsilon};
use opendp::combinators::CompositionMeasure;
use opendp::measures::{Approximate, ZeroConcentratedDivergence};
use proptest::prelude::*;

use super::*;
use crate::{GroupTotals, SizeBound};

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
        epsilon: Epsilon::new(epsilon).expect("an epsilon"),
        delta: Delta::new(1e-6).expect("a delta"),
        cohort_min: 0,
        size: SizeBound { member_max: 1_000, total_max: 1 << 30 },
    }
}

const SUM: AggregateKind = AggregateKind::Sum { lower: 0, upper: 500_000, scale: 2 };

fn mechanism(keys: KeyDomain, epsilon: f64, kinds: &[AggregateKind]) -> Mechanism {
    Mechanism::calibrate(spec(keys, epsilon, kinds)).expect("a mechanism")
}

fn totals(members: i64, values: &[i64]) -> GroupTotals {
    GroupTotals { members, values: values.to_vec() }
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
    let rho = |noise: &ValueNoise| (noise.sensitivity / noise.sigma).powi(2) / 2.0;
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
    parts.push((rho(&mechanism.clipping), 0.0));
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
    let mut seen = std::collections::BTreeSet::new();
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
