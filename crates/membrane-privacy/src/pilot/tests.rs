use membrane_model::{Delta, Epsilon};
use proptest::prelude::*;

use super::*;
use crate::{AggregateSpec, GroupKey, KeyDomain, MemberPart, NoiseKind, RawValue, SizeBound};

const AMOUNT_MAX: i64 = 1 << 30;

/// Counts rows, and sums an open amount.
fn spec(groups: usize, noise: NoiseKind) -> ReleaseSpec {
    let keys: Vec<GroupKey> = (0..groups).map(|key| vec![Some(key.to_string())]).collect();
    let amount = AggregateKind::SumWithin {
        lower: -1000,
        upper: 1000,
        scale: 0,
        least: -AMOUNT_MAX,
        most: AMOUNT_MAX,
    };
    ReleaseSpec {
        keys: if groups == 0 { KeyDomain::Unknown } else { KeyDomain::Public(keys) },
        groups_max: 128,
        rows_max: 1024,
        aggregates: vec![
            AggregateSpec::new("rows", AggregateKind::Rows),
            AggregateSpec::new("amount", amount),
        ],
        price: PriceAsked::Epsilon(Epsilon::new(1.0).expect("an epsilon")),
        rollup: Vec::new(),
        counter: None,
        spent: None,
        delta: Delta::new(1e-6).expect("a delta"),
        noise,
        cohort_min: 0,
        size: SizeBound { member_max: 1, total_max: 1 << 40 },
    }
}

fn pilot_of(spec: &ReleaseSpec) -> Pilot {
    let price = pilot_price(spec).expect("a price");
    Pilot::calibrate(ReleaseSpec { price, ..spec.clone() }, true).expect("a pilot")
}

/// A member's groups: rows and amount in each.
type Member = Vec<(usize, i64, i64)>;

fn count(pilot: &Pilot, members: &[(u64, Member)], groups: usize) -> PilotTotals {
    let mut all = pilot.count(groups);
    for (seed, parts) in members {
        let raw: Vec<[RawValue; 2]> = parts
            .iter()
            .map(|(_, rows, amount)| {
                [RawValue { rows: *rows, sum: 0 }, RawValue { rows: *rows, sum: *amount }]
            })
            .collect();
        let parts: Vec<MemberPart<'_>> = parts
            .iter()
            .zip(&raw)
            .map(|((group, ..), raw)| {
                let rank = (seed ^ u64::try_from(*group).expect("small")).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                MemberPart { rank, group: *group, raw, samples: &[] }
            })
            .collect();
        let mut own = pilot.count(groups);
        own.add_member(&parts).expect("a member");
        all.add(own);
    }
    all.finish()
}

fn member() -> impl Strategy<Value = (u64, Member)> {
    let part = (1_i64..5000, any::<i64>());
    let parts = prop::collection::btree_map(0_usize..40, part, 0..40);
    (any::<u64>(), parts).prop_map(|(seed, parts)| {
        (seed, parts.into_iter().map(|(group, (rows, amount))| (group, rows, amount)).collect())
    })
}

proptest! {
    /// The statement of the file: what the noise is calibrated to.
    #[test]
    fn lists_of_neighbours_differ_in_few_cells_by_one(members in prop::collection::vec(member(), 1..30), gone in any::<prop::sample::Index>(), known in any::<bool>()) {
        let pilot = pilot_of(&spec(if known { 40 } else { 0 }, NoiseKind::Auto));
        let with = count(&pilot, &members, 40);
        let mut members = members;
        members.remove(gone.index(members.len()));
        let without = count(&pilot, &members, 40);
        let lists = |totals: &PilotTotals| {
            let PilotTotals { groups, rows, amounts, sizes, named } = totals;
            [groups, rows, sizes].into_iter().chain(amounts).flatten().copied().chain([*named]).collect::<Vec<i64>>()
        };
        let (with, without) = (lists(&with), lists(&without));
        let differing: Vec<i64> = with.iter().zip(&without).map(|(one, other)| (one - other).abs()).filter(|apart| *apart > 0).collect();
        prop_assert!(differing.len() <= if known { 4 } else { 6 }, "{differing:?}");
        prop_assert!(differing.iter().all(|apart| *apart == 1), "{differing:?}");
    }
}

/// 50,000 members with 3 groups of 10 each, 2 rows of 7 in each; some have all 10 groups, a few have 500 rows.
fn shop() -> Vec<(u64, Member)> {
    (0..50_000_u64)
        .map(|seed| {
            let groups = if seed % 50 == 0 { 10 } else { 3 };
            let rows = if seed % 5000 == 1 { 500 } else { 2 };
            let first = usize::try_from(seed % 10).expect("small");
            (seed, (0..groups).map(|step| ((first + step) % 10, rows, rows * 7)).collect())
        })
        .collect()
}

#[test]
fn bounds_are_chosen_where_most_members_are() {
    for noise in [NoiseKind::Auto, NoiseKind::Laplace, NoiseKind::LeastError] {
        let spec = spec(10, noise);
        let pilot = pilot_of(&ReleaseSpec {
            noise: if noise == NoiseKind::LeastError { NoiseKind::Laplace } else { noise },
            ..spec.clone()
        });
        let report = pilot.release(&count(&pilot, &shop(), 10)).expect("a report");
        let typical = report.typical(Some(10));
        assert!((typical.members / 50_000.0 - 1.0).abs() < 0.05, "{typical:?}");
        assert!((typical.group_members / 15_700.0 - 1.0).abs() < 0.1, "{typical:?}");
        let left = ReleaseSpec { spent: Some(report.spent()), ..spec };
        let chosen = report.choose(&left, Open { groups: true, rows: true }).expect("bounds");
        assert!((3..=10).contains(&chosen.groups_max), "{noise:?}: {chosen:?}");
        // Noise that passes for members moves a bound by a step or two, in one of a hundred pilots.
        assert!((2..=32).contains(&chosen.rows_max), "{noise:?}: {chosen:?}");
        assert!((14..=128).contains(&chosen.amounts_max[0]), "{noise:?}: {chosen:?}");
        let fixed = report.choose(&left, Open { groups: false, rows: false }).expect("bounds");
        assert_eq!((fixed.groups_max, fixed.rows_max), (10, 1024));
    }
}

#[test]
fn nobody_makes_the_least_bounds() {
    let spec = spec(10, NoiseKind::Auto);
    let pilot = pilot_of(&spec);
    let report = pilot.release(&count(&pilot, &[], 10)).expect("a report");
    let chosen = report.choose(&spec, Open { groups: true, rows: true }).expect("bounds");
    assert!(chosen.groups_max >= 1 && chosen.rows_max >= 1, "{chosen:?}");
}

#[test]
fn groups_that_nobody_named_are_reckoned_with() {
    // 10,000 members name one of 18,000 groups each: some 7,700 groups are named.
    let spec = ReleaseSpec { keys: KeyDomain::Unknown, ..spec(1, NoiseKind::Auto) };
    let pilot = pilot_of(&ReleaseSpec { price: PriceAsked::Rho { rho_nano: 100_000_000 }, ..spec });
    let members: Vec<(u64, Member)> = (0..10_000_u64)
        .map(|seed| {
            let group = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
            (seed, vec![(usize::try_from(group % 18_000).expect("small"), 1, 1)])
        })
        .collect();
    let typical = pilot.release(&count(&pilot, &members, 18_000)).expect("a report").typical(None);
    assert!((typical.groups / 18_000.0 - 1.0).abs() < 0.15, "{typical:?}");
    assert!(typical.group_members < 1.0, "{typical:?}");
}

/// The pilot and the release together cost no more than was asked for.
#[test]
fn what_was_spent_is_taken_off() {
    for noise in [NoiseKind::Gaussian, NoiseKind::Laplace] {
        let whole = spec(10, noise);
        let pilot = pilot_of(&whole);
        let report = pilot.release(&count(&pilot, &shop(), 10)).expect("a report");
        let alone = crate::Mechanism::calibrate(whole.clone()).expect("a mechanism");
        let spec = ReleaseSpec { spent: Some(report.spent()), ..whole };
        let rest = crate::Mechanism::calibrate(spec).expect("a mechanism");
        let (one, two) = (alone.describe().expect("a summary"), rest.describe().expect("a summary"));
        assert!(rest.price().rho_nano < alone.price().rho_nano);
        assert!(two.epsilon <= 1.0 + 1e-6 && two.epsilon > 0.99, "{noise:?}: {}", two.epsilon);
        assert!((one.epsilon - two.epsilon).abs() < 0.01);
    }
}
