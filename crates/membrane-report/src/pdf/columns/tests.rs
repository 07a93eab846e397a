//! Tests.

use proptest::prelude::*;

use super::*;

/// Makes columns from what each needs at least and in whole.
fn measure_of(needs: &[(f32, f32)]) -> Measure {
    Measure { columns: needs.iter().map(|(least, whole)| Need { least: *least, whole: *whole }).collect() }
}

#[track_caller]
fn check(needs: &[(f32, f32)], room: f32, expected: &[f32]) {
    let widths = measure_of(needs).fit(room);
    assert_eq!(widths.len(), expected.len());
    for (width, expected) in widths.iter().zip(expected) {
        assert!((width - expected).abs() < 0.05, "{widths:?}");
    }
}

#[test]
fn short_columns_get_what_they_need() {
    check(&[(40.0, 40.0), (30.0, 800.0)], 300.0, &[40.0, 260.0]);
}

#[test]
fn long_columns_share_by_square_roots() {
    check(&[(30.0, 400.0), (30.0, 1600.0)], 300.0, &[100.0, 200.0]);
}

#[test]
fn spare_room_is_shared_by_width() {
    check(&[(10.0, 50.0), (10.0, 100.0)], 300.0, &[100.0, 200.0]);
}

#[test]
fn too_many_columns_are_narrowed_alike() {
    check(&[(100.0, 100.0), (200.0, 900.0)], 150.0, &[50.0, 100.0]);
}

proptest! {
    #[test]
    fn columns_fill_the_page(
        needs in proptest::collection::vec((1.0_f32..130.0, 0.0_f32..2_000.0), 1..300),
        room in 400.0_f32..800.0,
    ) {
        let needs: Vec<(f32, f32)> = needs.into_iter().map(|(least, more)| (least, least + more)).collect();
        let places = measure_of(&needs).places(room);
        let (x, width) = places[places.len() - 1];
        prop_assert!((x + width - room).abs() < 1.0, "{} of {}", x + width, room);
        prop_assert!(places.iter().all(|(_, width)| *width > 0.0));
        prop_assert!(places.windows(2).all(|pair| pair[0].0 + pair[0].1 < pair[1].0));
    }
}
