use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use proptest::prelude::*;

use super::*;

const GROUPS: usize = 6;

/// One row: its group and its value (NULL when absent).
type Row = (usize, Option<i64>);

fn kinds(lower: i64, upper: i64, rows_max: u32) -> Vec<AggregateKind> {
    vec![
        AggregateKind::Rows,
        AggregateKind::NonNull,
        AggregateKind::Members,
        AggregateKind::Sum { lower, upper, scale: 0 },
        AggregateKind::MeanSum { lower, upper, scale: 0 },
        AggregateKind::mean_squares(lower, upper, 0, rows_max),
        AggregateKind::Distinct { values_max: 2 },
        AggregateKind::Quantile { lower, upper, scale: 0 },
    ]
}

/// Raw values, hashes and values of one group.
type Found = (Vec<RawValue>, Vec<i64>, Vec<i64>);

fn hash(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// Computes what an engine would: raw values and samples per member and group, then the bounded totals.
fn totals(
    members: &[(usize, Vec<Row>)],
    bounds: ContributionBounds,
    (lower, upper): (i64, i64),
) -> Vec<GroupTotals> {
    let kinds = kinds(lower, upper, bounds.rows_max);
    let mut totals = BoundedTotals::new(bounds, kinds.clone(), GROUPS);
    for (member, rows) in members {
        let mut raw: BTreeMap<usize, Found> = BTreeMap::new();
        for (group, value) in rows {
            let empty = || (vec![RawValue::default(); kinds.len()], Vec::new(), Vec::new());
            let (values, hashes, samples) = raw.entry(*group).or_insert_with(empty);
            values[0].rows += 1;
            let Some(value) = *value else { continue };
            for (raw, kind) in values.iter_mut().zip(&kinds).skip(1) {
                raw.rows += 1;
                raw.sum += kind.row_value(value);
            }
            hashes.push(hash(value).cast_signed());
            samples.push(value);
        }
        for (values, hashes, _) in raw.values_mut() {
            hashes.sort_unstable();
            hashes.dedup();
            values[6].rows = i64::try_from(hashes.len()).expect("few");
        }
        let lists: Vec<[&[i64]; 2]> =
            raw.values().map(|(_, hashes, samples)| [&hashes[..], &samples[..]]).collect();
        let mut parts: Vec<MemberPart<'_>> = raw
            .iter()
            .zip(&lists)
            .map(|((group, (raw, ..)), samples)| MemberPart {
                rank: hash((*member, *group)),
                group: *group,
                raw,
                samples,
            })
            .collect();
        totals.add_member(&mut parts, false).expect("well-formed parts");
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
            for (index, kind) in kinds(range.0, range.1, rows_max).into_iter().enumerate() {
                let declared = kind.contribution_max(rows_max).expect("small");
                prop_assert!((one.values[index] - other.values[index]).abs() <= declared, "{kind:?}");
            }
            // One row more or less for each that a member may have, on each layer of the tree.
            prop_assert!(one.cells[0].len().abs_diff(other.cells[0].len()) <= rows_max as usize);
            let mut left = one.cells[0].clone();
            for cell in &other.cells[0] {
                let place = left.iter().position(|held| held == cell);
                prop_assert!(place.is_some(), "no row moves when another member goes");
                left.remove(place.unwrap_or_default());
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
    let bounded = |lower, upper, sum| {
        bounds.bound_part(AggregateKind::Sum { lower, upper, scale: 0 }, RawValue { rows: 9, sum })
    };
    assert_eq!(bounded(2, 10, 2), 2, "one small row is not raised to three");
    assert_eq!(bounded(2, 10, 29), 29, "all rows count, while three could have added as much");
    assert_eq!(bounded(2, 10, 80), 30);
    assert_eq!(bounded(-5, 10, -80), -15);
    assert_eq!(bounded(-5, -1, 0), 0);
}

/// Beyond the bound on rows, the sum of an average is that of `rows_max` average rows, to the nearest unit.
#[test]
fn the_sum_of_an_average_is_scaled_with_its_count() {
    let bounds = ContributionBounds { groups_max: 1, rows_max: 20 };
    let kind = AggregateKind::MeanSum { lower: -1_000, upper: 1_000, scale: 0 };
    let bounded = |rows, sum| bounds.bound_part(kind, RawValue { rows, sum });
    assert_eq!(bounded(20, 60), 60);
    assert_eq!(bounded(200, 600), 60);
    assert_eq!(bounded(200, -600), -60);
    // 3.5 units, and a little less.
    assert_eq!((bounded(40, 7), bounded(40, -7)), (4, -4), "halves away from zero");
    assert_eq!((bounded(41, 7), bounded(41, -7)), (3, -3));
    assert_eq!(bounded(i64::MAX, i64::MAX), 20);
    assert_eq!(bounded(i64::MAX, i64::MIN), -20);
    // Raw values that no rows could make are held as well.
    assert_eq!(bounded(1, 90_000), 20_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The average of a member is its own, however many of its rows count, but for the rounding of one unit.
    #[test]
    fn a_member_keeps_its_average(values in prop::collection::vec(-500_i64..500, 1..60), rows_max in 1_u32..20) {
        let bounds = ContributionBounds { groups_max: 1, rows_max };
        let kind = AggregateKind::MeanSum { lower: -500, upper: 500, scale: 0 };
        let raw = RawValue { rows: i64::try_from(values.len()).expect("small"), sum: values.iter().sum() };
        let (sum, count) = (bounds.bound_part(kind, raw), bounds.bound_part(AggregateKind::Rows, raw));
        // |sum / count - average| <= 1/2 / count, in integers.
        prop_assert!((2 * (sum * raw.rows - raw.sum * count)).abs() <= raw.rows);
        prop_assert!(sum.abs() <= 500 * i64::from(rows_max));
    }
}

/// The centre is taken off for each row that counts, so that the reach is half the range.
#[test]
fn averages_and_squares_are_centred() {
    let bounds = ContributionBounds { groups_max: 1, rows_max: 10 };
    let mean = AggregateKind::MeanSum { lower: 100, upper: 201, scale: 0 };
    assert_eq!(mean.contribution_max(10), Some(510), "the middle is 150, the farther end 51 away");
    assert_eq!(bounds.bound_part(mean, RawValue { rows: 3, sum: 100 + 201 + 150 }), 1);
    assert_eq!(bounds.bound_part(mean, RawValue { rows: 20, sum: 20 * 201 }), 510);
    assert_eq!(bounds.bound_part(mean, RawValue::default()), 0);

    let squares = AggregateKind::mean_squares(0, 100, 0, 10);
    assert_eq!(squares.contribution_max(10), Some(12_500), "half of 50 squared, for each row");
    assert_eq!([0, 50, 60, 100, 900].map(|value| squares.row_value(value)), [2_500, 0, 100, 2_500, 2_500]);
    assert_eq!(bounds.bound_part(squares, RawValue { rows: 2, sum: 2_600 }), 100);
    assert_eq!(bounds.bound_part(squares, RawValue { rows: 40, sum: 0 }), -12_500);
}

/// Each member keeps values of its own choice, the same in any order.
#[test]
fn samples_beyond_the_bound_are_left_out() {
    let bounds = ContributionBounds { groups_max: 1, rows_max: 3 };
    let kinds = vec![
        AggregateKind::Distinct { values_max: 2 },
        AggregateKind::Quantile { lower: 0, upper: 9, scale: 0 },
    ];
    let add = |samples: [&[i64]; 2], rank: u64| {
        let mut totals = BoundedTotals::new(bounds, kinds.clone(), 1);
        let raw = [RawValue::default(); 2];
        totals
            .add_member(&mut [MemberPart { rank, group: 0, raw: &raw, samples: &samples }], false)
            .expect("a part");
        let clipped = totals.members().1;
        (totals.finish().remove(0), clipped)
    };
    let (few, clipped) = add([&[7, 7, 8], &[5, -4, 99]], 1);
    assert_eq!(
        (few.values, few.cells, clipped),
        (vec![2, 3], vec![vec![0, 5, 9]], 0),
        "held within the bounds"
    );
    let (one, clipped) = add([&[1, 2, 3, 4], &[1, 1, 2, 3, 4]], 1);
    assert_eq!((one.values.clone(), clipped), (vec![2, 3], 1));
    assert_eq!(add([&[4, 2, 1, 3], &[4, 3, 2, 1, 1]], 1).0, one, "whatever the order");
    let choices: std::collections::BTreeSet<Vec<i64>> =
        (0..40).map(|rank| add([&[], &[1, 2, 3, 4, 5]], rank).0.cells.remove(0)).collect();
    assert!(choices.len() > 5, "members choose differently");
}

fn rows(rows: i64) -> [RawValue; 1] {
    [RawValue { rows, sum: 0 }]
}

#[test]
fn the_lowest_ranks_are_kept() {
    let bounds = ContributionBounds { groups_max: 2, rows_max: 1 };
    let mut totals = BoundedTotals::new(bounds, vec![AggregateKind::Rows], 3);
    let seven = rows(7);
    let part = |rank, group| MemberPart { rank, group, raw: &seven, samples: &[] };
    totals.add_member(&mut [part(9, 0), part(1, 1), part(4, 2)], false).expect("well-formed parts");
    let members: Vec<i64> = totals.finish().into_iter().map(|group| group.members).collect();
    assert_eq!(members, [0, 1, 1]);
}

#[test]
fn members_of_whom_something_is_left_out_are_counted() {
    let bounds = ContributionBounds { groups_max: 2, rows_max: 3 };
    let kinds = vec![AggregateKind::Rows, AggregateKind::Members];
    let mut totals = BoundedTotals::new(bounds, kinds, 3);
    let (few, many) = ([rows(3)[0], rows(9)[0]], [rows(4)[0], rows(0)[0]]);
    let mut add = |groups: &[usize], raw: &[RawValue], clipped| {
        let part = |group: &usize| MemberPart { rank: 0, group: *group, raw, samples: &[] };
        let mut parts: Vec<MemberPart<'_>> = groups.iter().map(part).collect();
        totals.add_member(&mut parts, clipped).expect("well-formed parts");
        totals.members()
    };
    assert_eq!(add(&[0], &few, false), (1, 0), "all of it counts");
    assert_eq!(add(&[], &few, true), (1, 0), "who is in no group is not there");
    assert_eq!(add(&[0, 1], &many, false), (2, 1), "too many rows");
    assert_eq!(add(&[0, 1, 2], &few, false), (3, 2), "too many groups");
    assert_eq!(add(&[2], &few, true), (4, 3), "something was left out before");
}

#[test]
fn a_sum_clips_where_it_is_held() {
    let bounds = ContributionBounds { groups_max: 1, rows_max: 3 };
    let (sum, mean) = (
        AggregateKind::Sum { lower: 0, upper: 10, scale: 0 },
        AggregateKind::MeanSum { lower: 0, upper: 10, scale: 0 },
    );
    for (kind, rows, total, expected) in
        [(sum, 9, 30, false), (sum, 9, 31, true), (mean, 3, 30, false), (mean, 4, 8, true)]
    {
        assert_eq!(bounds.clips(kind, RawValue { rows, sum: total }), expected, "{kind:?} {rows} {total}");
    }
}

#[test]
fn parts_of_another_shape_are_refused() {
    let bounds = ContributionBounds { groups_max: 2, rows_max: 1 };
    let mut totals = BoundedTotals::new(bounds, vec![AggregateKind::Rows], 1);
    let (one, two) = (rows(1), [RawValue::default(); 2]);
    for (group, raw) in [(1, one.as_slice()), (0, &[]), (0, two.as_slice()), (usize::MAX, one.as_slice())] {
        let refused = totals.add_member(&mut [MemberPart { rank: 0, group, raw, samples: &[] }], false);
        assert_eq!(refused, Err(PrivacyError::Shape));
    }
}
