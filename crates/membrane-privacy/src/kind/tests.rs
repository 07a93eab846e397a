use proptest::prelude::*;

use super::*;

fn any_kind() -> impl Strategy<Value = (AggregateKind, u32)> {
    let bound = -(1_i64 << 41)..(1 << 41);
    (bound.clone(), bound, 1_u32..50, 0..3_u8).prop_map(|(one, other, rows_max, which)| {
        let (lower, upper) = (one.min(other), one.max(other));
        let kind = match which {
            0 => AggregateKind::Sum { lower, upper, scale: 0 },
            1 => AggregateKind::MeanSum { lower, upper, scale: 0 },
            _ => AggregateKind::mean_squares(lower, upper, 0, rows_max),
        };
        (kind, rows_max)
    })
}

proptest! {
    /// No row reaches farther than one row may, whatever its value; and nothing overflows.
    #[test]
    fn a_row_stays_within_its_reach((kind, rows_max) in any_kind(), value in any::<i64>()) {
        let one = kind.contribution_max(1).expect("within 2^62");
        let (centred, least, most) = kind.centred(kind.row_value(value), 1).expect("a sum");
        prop_assert!(i128::from(least) <= centred && centred <= i128::from(most));
        prop_assert!(centred.unsigned_abs() <= u128::from(one.unsigned_abs()));
        if matches!(kind, AggregateKind::MeanSquares { .. }) {
            let most = kind.contribution_max(rows_max).expect("within 2^62");
            prop_assert!(most < CONTRIBUTION_MAX, "squares are scaled until they fit");
        }
    }
}

#[test]
fn squares_keep_as_many_bits_as_fit() {
    let shift = |lower, upper, rows_max| match AggregateKind::mean_squares(lower, upper, 2, rows_max) {
        AggregateKind::MeanSquares { shift, .. } => shift,
        _ => 99,
    };
    assert_eq!(shift(0, 60_000, 1), 0);
    assert_eq!(shift(0, 500_000, 20), 9, "250,000 squared is 2^36 a row, halved by centring, for 20 rows");
    assert_eq!(shift(i64::MIN / 4, i64::MAX / 4, 1), 91);
}

#[test]
fn stored_kinds_keep_their_form() {
    let stored = |kind| toml::Value::try_from(kind).expect("a value").to_string();
    let squares = stored(AggregateKind::MeanSquares { lower: 0, upper: 9, scale: 2, shift: 1 });
    assert_eq!(squares, "{ mean_squares = { lower = 0, scale = 2, shift = 1, upper = 9 } }");
    let distinct = stored(AggregateKind::Distinct { values_max: 3 });
    assert_eq!(distinct, "{ distinct = { values_max = 3 } }");
}
