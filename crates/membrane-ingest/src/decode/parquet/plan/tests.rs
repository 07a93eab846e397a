//! Plans stay within their bounds.

use super::*;

const MIB: u64 = 1 << 20;

fn plan(sizes: &[(u64, u64)]) -> Result<Plan, IngestError> {
    let columns: Vec<_> = sizes
        .iter()
        .enumerate()
        .map(|(at, (held, row))| (at, ColumnSize { held: *held, row: *row }))
        .collect();
    Plan::new(&columns, 16_384)
}

#[test]
fn usual_row_groups_are_read_straight_through() {
    let plan = plan(&[(3 * MIB, 20); 12]).unwrap();
    assert_eq!(plan, Plan { sets: vec![(0..12).collect()], rows: 16_384 });
}

#[test]
fn long_rows_are_read_few_at_a_time() {
    assert_eq!(plan(&[(3 * MIB, MIB)]).unwrap().rows, 63);
    assert_eq!(plan(&[(3 * MIB, 100 * MIB)]).unwrap().rows, 1);
    assert_eq!(plan(&vec![(1, 0); 2000]).unwrap().rows, 2097, "numbers take room too");
}

#[test]
fn columns_that_hold_much_are_read_in_sets() {
    let plan = plan(&[(100 * MIB, 0), (80 * MIB, 0), (13 * MIB, 0), (190 * MIB, 0), (2 * MIB, 0)]).unwrap();
    assert_eq!(plan.sets, [vec![0, 1], vec![2], vec![3, 4]]);
    let error = Plan::new(&[(0, ColumnSize { held: 193 * MIB, row: 0 })], 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "one piece of the input is larger than 201326592 bytes: write smaller pages"
    );
}
