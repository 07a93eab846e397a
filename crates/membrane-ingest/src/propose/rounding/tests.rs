use super::*;

#[test]
fn bounds_lie_outside_of_every_value() {
    for value in [0.0, 0.4, 1.0, 3.0, 9.99, 10.0, 99.5, 100.0, 4_999.0, 5_000.0, 1e12] {
        assert!(above(value) > value, "{value}");
        assert!(above(value) <= value.max(1.0) * 5.0 + 1.0, "{value}");
        assert!(below(-value) < -value || value < 0.5, "{value}");
    }
    assert!((above(99.5) - 100.0).abs() < 1e-9 && (above(100.0) - 200.0).abs() < 1e-9);
    assert!(below(3.0).abs() < 1e-9 && (below(-37.0) + 50.0).abs() < 1e-9);
    assert_eq!((length_above(10), length_above(79), length_above(5_000)), (20, 80, 16_384));
    assert_eq!((whole(-3.0), whole(12.4)), (0, 12));
}
