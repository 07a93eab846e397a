use std::collections::BTreeMap;

use membrane_model::Delta;
use proptest::prelude::*;

use super::*;
use crate::{AggregateKind, AggregateSpec, GroupTotals, PriceAsked, SizeBound, epsilon_of};

fn spec(refreshes: u32, rho_nano: u64) -> ReleaseSpec {
    ReleaseSpec {
        keys: KeyDomain::Public(["BJ", "SH"].map(|key| vec![Some(key.to_owned())]).to_vec()),
        groups_max: 5,
        rows_max: 5,
        aggregates: vec![
            AggregateSpec::new("n", AggregateKind::Rows),
            AggregateSpec::new("sales", AggregateKind::Sum { lower: 0, upper: 300, scale: 2 }),
        ],
        rollup: Vec::new(),
        counter: Some(Counter { refreshes }),
        price: PriceAsked::Rho { rho_nano },
        spent: None,
        delta: Delta::new(1e-6).expect("a delta"),
        noise: NoiseKind::Auto,
        cohort_min: 0,
        size: SizeBound { member_max: 1, total_max: 1 << 40 },
    }
}

/// Exact totals of periods from one to another, both in: 100 rows in SH, 7 in BJ each.
fn node(from: u32, to: u32) -> ExactTotals {
    let periods = i64::from(to - from + 1);
    let of = |rows: i64| GroupTotals { members: rows, values: vec![rows, rows * 200], cells: Vec::new() };
    let groups = BTreeMap::from([
        (vec![Some("BJ".to_owned())], of(7 * periods)),
        (vec![Some("SH".to_owned())], of(100 * periods)),
    ]);
    ExactTotals { groups, ..ExactTotals::default() }
}

fn ending(refresh: u32) -> Vec<ExactTotals> {
    (0..Counter::ending(refresh)).map(|level| node(refresh + 1 - (1 << level), refresh)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// What is charged covers a member all of whose rows lie in one node of each level, and every limit on a size.
    #[test]
    fn one_price_pays_for_all_refreshes(refreshes in 1_u32..400, rho_nano in 50_000_000_u64..2_000_000_000) {
        let mechanism = Mechanism::calibrate(spec(refreshes, rho_nano)).expect("a mechanism");
        let counter = Counter { refreshes };
        let told = mechanism.describe().expect("a summary");
        let levels = f64::from(counter.levels());
        let mut paid: f64 = told.aggregates.iter().map(|one| (one.sensitivity / one.sigma).powi(2) / 2.0).sum::<f64>() * levels;
        let size = told.size.as_ref().expect("a limit");
        let nodes: u32 = (0..counter.levels()).map(|level| refreshes >> level).sum();
        prop_assert_eq!(u64::from(nodes), counter.nodes());
        paid += (1.0 / size.sigma).powi(2) / 2.0 * f64::from(nodes * 4);
        prop_assert!(paid <= told.price.rho() * (1.0 + 1e-9) && told.price.rho_nano <= rho_nano);
        prop_assert!(paid > told.price.rho() * 0.9, "{paid} of {}", told.price.rho());
        prop_assert_eq!(told.price.delta_atto, 3 * 4 * counter.nodes());
        prop_assert!((told.aggregates[0].sensitivity - 5.0).abs() < 1e-9);
        prop_assert!((told.aggregates[1].sensitivity - 1500.0).abs() < 1e-9);
    }
}

/// A counter by epsilon costs no more epsilon than was asked, its many small deltas counted.
#[test]
fn an_epsilon_is_kept_to() {
    let delta = Delta::new(1e-9).expect("a delta");
    let epsilon = membrane_model::Epsilon::new(0.7).expect("an epsilon");
    let asked = ReleaseSpec { price: PriceAsked::Epsilon(epsilon), delta, ..spec(366, 1) };
    let price = Mechanism::calibrate(asked).expect("a mechanism").price();
    let epsilon = epsilon_of(price, delta).expect("an epsilon");
    assert!(epsilon <= 0.7 && epsilon > 0.68, "{epsilon}");
}

/// Every total is within its interval as often as it says, and no less exact than what was told before: 2 groups, 2 columns,
/// 24 refreshes, 250 counters make 24,000 intervals. Those of one counter hang together, so that the share has a deviation of
/// 0.004 at most: five of them.
#[test]
fn totals_are_as_exact_as_they_say() {
    let mechanism = Mechanism::calibrate(spec(24, 500_000_000)).expect("a mechanism");
    let told = mechanism.describe().expect("a summary");
    let (mut held, mut seen) = (0_u32, 0_u32);
    let mut sums = [0.0_f64; 2];
    for _ in 0..250 {
        let mut state = CounterState::default();
        for refresh in 1..=24 {
            let (next, groups) = mechanism.count_on(state, &ending(refresh)).expect("a refresh");
            let truths = node(1, refresh);
            for group in &groups {
                for (index, value) in group.values.iter().enumerate() {
                    let truth = truths.groups[&group.key].values[index];
                    seen += 1;
                    held += u32::from((value.low95..=value.high95).contains(&truth));
                    assert!(value.high95 - value.value <= told.aggregates[index].half_width95 + 1);
                    if refresh == 23 {
                        sums[index] += float(value.value - truth) / value.sd;
                    }
                }
            }
            assert!(next.nodes.len() <= 5, "no more nodes than the total is made of");
            state = next;
        }
        assert_eq!(state.refresh(), 24);
        assert_eq!(state.nodes.iter().map(|node| node.level).collect::<Vec<_>>(), [4, 3]);
        assert!(mechanism.count_on(state, &ending(25)).is_err(), "no refresh is beyond the last");
    }
    let share = f64::from(held) / f64::from(seen);
    assert!((0.93..=0.97).contains(&share), "{share}");
    for sum in sums {
        // Five hundred deviations of one each: five of the root.
        assert!(sum.abs() < 5.0 * 500.0_f64.sqrt(), "unbiased: {sum}");
    }
}

/// The state goes through its stored form.
#[test]
fn what_was_stored_counts_on() {
    let mechanism = Mechanism::calibrate(spec(8, 500_000_000)).expect("a mechanism");
    let mut state = CounterState::default();
    for refresh in 1..=8 {
        let stored = serde_json::to_string(&state).expect("a form");
        let read: CounterState = serde_json::from_str(&stored).expect("the same");
        state = mechanism.count_on(read, &ending(refresh)).expect("a refresh").0;
    }
    let short = mechanism.count_on(CounterState { refresh: 3, nodes: Vec::new() }, &ending(4));
    assert_eq!(short.expect_err("nothing to go on from"), PrivacyError::Shape);
}

#[test]
fn what_cannot_count_on_is_refused() {
    let refused = |change: &dyn Fn(&mut ReleaseSpec)| {
        let mut spec = spec(8, 500_000_000);
        change(&mut spec);
        Mechanism::calibrate(spec).expect_err("a refusal")
    };
    for error in [
        refused(&|spec| spec.counter = Some(Counter { refreshes: 0 })),
        refused(&|spec| spec.counter = Some(Counter { refreshes: 5000 })),
        refused(&|spec| spec.keys = KeyDomain::Unknown),
        refused(&|spec| spec.noise = NoiseKind::Laplace),
        refused(&|spec| spec.aggregates[0].target95 = Some(5)),
    ] {
        assert!(matches!(error, PrivacyError::OutOfRange { .. }), "{error}");
    }
    let members = refused(&|spec| spec.aggregates[0].kind = AggregateKind::Members);
    assert!(matches!(members, PrivacyError::AddsNotUp { .. }));
}

#[expect(clippy::cast_precision_loss, reason = "small")]
fn float(value: i64) -> f64 {
    value as f64
}

/// A key that is listed from the second refresh on has no half before: its node is what was drawn of it, and not a mean of two
/// numbers about other rows. Ten deviations of next to no noise.
#[test]
fn a_key_that_is_listed_later_is_told_as_it_is() {
    let rich = |cities: &[&str]| {
        let keys = cities.iter().map(|city| vec![Some((*city).to_owned())]).collect();
        let asked = ReleaseSpec { keys: KeyDomain::Public(keys), ..spec(4, 900_000_000_000) };
        Mechanism::calibrate(asked).expect("a mechanism")
    };
    let (state, _) = rich(&["BJ"]).count_on(CounterState::default(), &ending(1)).expect("a refresh");
    let (_, groups) = rich(&["BJ", "SH"]).count_on(state, &ending(2)).expect("a refresh");
    for (group, truth) in groups.iter().zip([14, 200]) {
        let found = group.values[0];
        assert!(float(found.value - truth).abs() <= 10.0 * found.sd + 1.0, "{:?}: {found:?}", group.key);
    }
}

/// Totals without a number for each aggregate are no zeros.
#[test]
fn totals_of_another_shape_do_not_count() {
    let mechanism = Mechanism::calibrate(spec(4, 500_000_000)).expect("a mechanism");
    let short = GroupTotals { members: 1, values: vec![1], cells: Vec::new() };
    let groups = BTreeMap::from([(vec![Some("SH".to_owned())], short)]);
    let node = ExactTotals { groups, ..ExactTotals::default() };
    assert_eq!(
        mechanism.count_on(CounterState::default(), &[node]).expect_err("a refusal"),
        PrivacyError::Shape
    );
}
