use membrane_model::{Delta, Epsilon};

use super::*;
use crate::{
    AggregateSpec, ExactTotals, GroupTotals, KeyDomain, NoiseKind, PriceAsked, ReleaseSpec, SizeBound,
};

fn mechanism(noise: NoiseKind, cohort_min: u32) -> Mechanism {
    let kinds = [AggregateKind::Members, AggregateKind::Sum { lower: 0, upper: 500, scale: 0 }];
    Mechanism::calibrate(ReleaseSpec {
        keys: KeyDomain::Unknown,
        groups_max: 2,
        rows_max: 3,
        aggregates: kinds
            .into_iter()
            .enumerate()
            .map(|(i, kind)| AggregateSpec::new(i.to_string(), kind))
            .collect(),
        price: PriceAsked::Epsilon(Epsilon::new(1.0).expect("an epsilon")),
        rollup: Vec::new(),
        counter: None,
        spent: None,
        delta: Delta::new(1e-3).expect("a delta"),
        noise,
        cohort_min,
        size: SizeBound { member_max: 1_000, total_max: 1 << 40 },
    })
    .expect("a mechanism")
}

#[test]
fn error_bars_shrink_with_the_group() {
    let mechanism = mechanism(NoiseKind::Auto, 0);
    let summary = mechanism.describe().expect("a summary");
    let [small, large] = [100, 10_000].map(|members| mechanism.forecast(members).expect("a forecast"));
    for ((small, large), told) in small.aggregates.iter().zip(&large.aggregates).zip(&summary.aggregates) {
        assert_eq!((small.half_width95, large.half_width95), (told.half_width95, told.half_width95));
        assert!((small.share95 / large.share95 - 100.0).abs() < 1e-6);
    }
    assert!((small.aggregates[1].share95 - float(small.aggregates[1].half_width95) / 25_000.0).abs() < 1e-9);
    assert_eq!(small.aggregates.iter().map(|one| one.supposed).collect::<Vec<_>>(), [100, 25_000]);
    assert!(large.shown > 1.0 - 1e-9);
    assert!(mechanism.forecast(0).is_err());
}

/// The chance to be shown, against 4,000 groups that are drawn: five deviations, error rate below 6e-7 each.
#[test]
fn the_chance_to_be_shown_is_that_of_the_draw() {
    for noise in [NoiseKind::Auto, NoiseKind::Laplace] {
        let mechanism = mechanism(noise, 20);
        let threshold = mechanism.describe().expect("a summary").threshold.expect("a threshold");
        for members in [threshold - 6, threshold, threshold + 9] {
            let told = mechanism.forecast(members.unsigned_abs()).expect("a forecast").shown;
            let totals = GroupTotals { members, values: vec![members, 0], cells: vec![] };
            let groups = (0..4_000).map(|group: u32| (vec![Some(group.to_string())], totals.clone()));
            let exact = ExactTotals { groups: groups.collect(), ..ExactTotals::default() };
            let shown = mechanism.release(&exact).expect("a release").groups.len();
            let share = f64::from(u32::try_from(shown).expect("small")) / 4_000.0;
            let deviation = (told * (1.0 - told) / 4_000.0).sqrt();
            assert!((share - told).abs() < 5.0 * deviation + 1e-3, "{share}, not {told} at {members}");
        }
        assert!(mechanism.forecast(19).expect("a forecast").shown <= 0.0, "below the smallest cohort");
    }
}
