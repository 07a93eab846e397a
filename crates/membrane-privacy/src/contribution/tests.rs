use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use proptest::prelude::*;

use super::*;
use crate::spec::AggregateSpec;

const GROUPS: usize = 6;

/// One row: its group and its value (NULL when absent).
type Row = (usize, Option<i64>);

fn kinds(lower: i64, upper: i64) -> Vec<AggregateKind> {
    vec![
        AggregateKind::Rows,
        AggregateKind::NonNull,
        AggregateKind::Members,
        AggregateKind::Sum { lower, upper, scale: 0 },
    ]
}

fn rank(member: usize, group: usize) -> u64 {
    let mut hasher = DefaultHasher::new();
    (member, group).hash(&mut hasher);
    hasher.finish()
}

/// Computes what an engine would: raw values per member and group, then the bounded totals.
fn totals(
    members: &[(usize, Vec<Row>)],
    bounds: ContributionBounds,
    (lower, upper): (i64, i64),
) -> Vec<GroupTotals> {
    let mut totals = BoundedTotals::new(bounds, kinds(lower, upper), GROUPS);
    for (member, rows) in members {
        let mut raw: BTreeMap<usize, [i64; 4]> = BTreeMap::new();
        for (group, value) in rows {
            let values = raw.entry(*group).or_default();
            values[0] += 1;
            values[1] += i64::from(value.is_some());
            values[3] += value.map_or(0, |value| bound_value(value, lower, upper));
        }
        let mut parts: Vec<MemberPart<'_>> = raw
            .iter()
            .map(|(group, raw)| MemberPart { rank: rank(*member, *group), group: *group, raw })
            .collect();
        totals.add_member(&mut parts).expect("well-formed parts");
    }
    totals.finish()
}

fn database() -> impl Strategy<Value = Vec<Vec<Row>>> {
    let value =
        prop_oneof![Just(None), Just(Some(i64::MAX)), Just(Some(i64::MIN)), (-20_i64..20).prop_map(Some),];
    prop::collection::vec(prop::collection::vec((0..GROUPS, value), 0..24), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The distances that the mechanisms are calibrated for hold when any one member goes.
    #[test]
    fn removing_a_member_stays_within_the_declared_distances(
        database in database(),
        groups_max in 1_u32..5,
        rows_max in 1_u32..5,
        lower in -10_i64..5,
        width in 1_i64..12,
        gone in any::<prop::sample::Index>(),
    ) {
        let bounds = ContributionBounds { groups_max, rows_max };
        let range = (lower, lower + width);
        let all: Vec<(usize, Vec<Row>)> = database.into_iter().enumerate().collect();
        let mut fewer = all.clone();
        fewer.remove(gone.index(all.len()));
        let (all, fewer) = (totals(&all, bounds, range), totals(&fewer, bounds, range));

        let apart = all.iter().zip(&fewer).filter(|(one, other)| one != other).count();
        prop_assert!(apart <= groups_max as usize);
        for (one, other) in all.iter().zip(&fewer) {
            prop_assert!((one.members - other.members).abs() <= 1);
            for (index, kind) in kinds(range.0, range.1).into_iter().enumerate() {
                let declared = AggregateSpec::new("x", kind).contribution_max(rows_max).expect("small");
                prop_assert!((one.values[index] - other.values[index]).abs() <= declared);
            }
        }
    }

    /// Members may arrive in any order.
    #[test]
    fn totals_do_not_depend_on_order(database in database(), groups_max in 1_u32..5, rows_max in 1_u32..5) {
        let bounds = ContributionBounds { groups_max, rows_max };
        let all: Vec<(usize, Vec<Row>)> = database.into_iter().enumerate().collect();
        let mut turned = all.clone();
        turned.reverse();
        for (_, rows) in &mut turned {
            rows.reverse();
        }
        prop_assert_eq!(totals(&all, bounds, (-3, 9)), totals(&turned, bounds, (-3, 9)));
    }
}

#[test]
fn a_sum_is_held_within_what_its_rows_can_reach() {
    let bounds = ContributionBounds { groups_max: 1, rows_max: 3 };
    let bounded = |lower, upper, raw| bounds.bound_part(AggregateKind::Sum { lower, upper, scale: 0 }, raw);
    assert_eq!(bounded(2, 10, 2), 2, "one small row is not raised to three");
    assert_eq!(bounded(2, 10, 80), 30);
    assert_eq!(bounded(-5, 10, -80), -15);
    assert_eq!(bounded(-5, -1, 0), 0);
}

#[test]
fn the_lowest_ranks_are_kept_and_the_rest_counted() {
    let bounds = ContributionBounds { groups_max: 2, rows_max: 1 };
    let mut totals = BoundedTotals::new(bounds, vec![AggregateKind::Rows], 3);
    let part = |rank, group| MemberPart { rank, group, raw: &[7] };
    totals.add_member(&mut [part(9, 0), part(1, 1), part(4, 2)]).expect("well-formed parts");
    assert_eq!(totals.parts_dropped(), 1);
    let members: Vec<i64> = totals.finish().into_iter().map(|group| group.members).collect();
    assert_eq!(members, [0, 1, 1]);
}

#[test]
fn parts_of_another_shape_are_refused() {
    let bounds = ContributionBounds { groups_max: 2, rows_max: 1 };
    let mut totals = BoundedTotals::new(bounds, vec![AggregateKind::Rows], 1);
    for (group, raw) in [(1, [1].as_slice()), (0, &[]), (0, &[1, 2]), (usize::MAX, &[1])] {
        assert_eq!(totals.add_member(&mut [MemberPart { rank: 0, group, raw }]), Err(PrivacyError::Shape));
    }
}
