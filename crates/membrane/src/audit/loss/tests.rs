use super::*;

fn column(name: &str, role: ReleaseRole, kind: ReleaseType) -> ReleaseColumn {
    ReleaseColumn { name: name.to_owned(), role, kind }
}

fn columns() -> Vec<ReleaseColumn> {
    vec![
        column("k", ReleaseRole::Key, ReleaseType::String),
        column("v", ReleaseRole::Value, ReleaseType::Decimal(2)),
    ]
}

/// A number without pattern, the same in every run.
fn number(index: u64) -> f64 {
    let mixed = index.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    f64::from(u32::try_from((mixed ^ (mixed >> 32)) & 0xFFFF).expect("16 bits")) / 65_536.0
}

/// Answers with three rows; what one of two databases has more is seen in the second of them.
fn answers_of(count: u64, from: u64, more: f64) -> Vec<Rows> {
    let row = |key: &str, value: f64| vec![Some(key.to_owned()), Some(format!("{value:.2}"))];
    let answer = |index: u64| {
        let noise = |place: u64| 10.0 * number((from + index) * 3 + place);
        vec![row("a", noise(0)), row("b", noise(1) + more), row("c", noise(2))]
    };
    (0..count).map(answer).collect()
}

#[test]
fn what_tells_two_apart_is_found_among_what_does_not() {
    let (one, other) = (answers_of(4_000, 0, 9.0), answers_of(4_000, 9_000, 0.0));
    assert!(loss(&columns(), &one, &other, (0.0, 1e-3)) > 1.5);
    let same = answers_of(4_000, 20_000, 0.0);
    assert!(loss(&columns(), &same, &other, (0.0, 1e-3)) < 0.3);
}

/// A row that is there for one of the two, and not for the other, is seen as well.
#[test]
fn a_row_that_comes_and_goes_is_found() {
    let one = answers_of(2_000, 0, 0.0);
    let other: Vec<Rows> =
        answers_of(2_000, 9_000, 0.0).into_iter().map(|rows| rows.into_iter().take(2).collect()).collect();
    assert!(loss(&columns(), &one, &other, (0.0, 1e-3)) > 3.0);
}

#[test]
fn values_have_the_decimals_of_their_column() {
    let check = |cell: &str, expected: bool| {
        let rows = vec![vec![vec![Some("a".to_owned()), Some(cell.to_owned())]]];
        assert_eq!(on_grid(&columns(), &rows), expected, "{cell}");
    };
    for good in ["1.25", "-0.50", "17", "-3", "0.1"] {
        check(good, true);
    }
    for bad in ["1.255", "1e3", "", "-", "1.2.3", "NaN"] {
        check(bad, false);
    }
}
