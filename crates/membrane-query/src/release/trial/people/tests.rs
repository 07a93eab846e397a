use super::*;

fn people() -> MadeUp {
    let row = |member: u32| Row { member, cells: vec![Some(Literal::Integer(i64::from(member)))] };
    let rows = vec![row(0), row(1), row(1), row(2), row(NEWCOMER), row(3)];
    MadeUp::of(BTreeMap::from([("orders".parse().expect("a name"), rows)]))
}

#[test]
fn one_member_less_is_all_rows_of_that_member_less() {
    let people = people();
    assert_eq!(people.count(), 5);
    assert_eq!(people.without(1).count(), 3);
    assert_eq!(people.only(1).count(), 2);
    assert_eq!(people.without_newcomer().count(), 4);
    assert_eq!(people.newcomer().count(), 1);
    assert_eq!(people.without(9), people);
}

#[test]
fn every_row_lies_somewhere_once() {
    let dataset = "orders".parse().expect("a name");
    let people = people();
    for shuffled_by in [None, Some(7), Some(8)] {
        for (partitions, batch_rows) in [(1, 100), (3, 1), (4, 2), (9, 3)] {
            let lie = Lie { shuffled_by, partitions, batch_rows };
            let dealt = lie.partitions(people.rows(&dataset));
            assert!(dealt.len() <= partitions);
            assert!(dealt.iter().flatten().all(|batch| batch.len() <= batch_rows));
            let mut members: Vec<u32> = dealt.iter().flatten().flatten().map(|row| row.member).collect();
            members.sort_unstable();
            assert_eq!(members, [0, 1, 1, 2, 3, NEWCOMER]);
        }
    }
    assert_eq!(Lie::default().partitions(&[]).len(), 1);
}

#[test]
fn members_have_units_of_their_own() {
    let unit = |member| Row { member, cells: Vec::new() }.unit();
    assert_eq!(unit(1), unit(1));
    let units: std::collections::BTreeSet<[u8; 16]> = (0..500).map(unit).collect();
    assert_eq!(units.len(), 500);
}
