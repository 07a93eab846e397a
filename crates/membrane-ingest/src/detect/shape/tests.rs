use super::*;

fn shape(values: impl IntoIterator<Item = String>) -> Shape {
    let mut shape = Shape::default();
    for value in values {
        shape.values += 1;
        shape.different += 1;
        shape.see(&Value::new(&value));
    }
    shape
}

#[test]
fn counted_numbers_are_told_from_scattered_ones() {
    assert!(shape((0..100).map(|row| (1_000 + row).to_string())).is_counted());
    assert!(shape((0..100).map(|row| (13_000_000_000_u64 + row * 50).to_string())).is_counted());
    let scattered = |row: u64| (10_000_000_000 + row * 7_919_123 % 9_000_000_000).to_string();
    assert!(!shape((0..100).map(scattered)).is_counted());
    assert!(!shape((0..5).map(|row| row.to_string())).is_counted());
}

#[test]
fn times_barcodes_days_versions_and_parcels_are_counted() {
    let seen = shape(
        [
            "1700000000000",
            "1700000000",
            "6901234567892",
            "20260301123456",
            "1.2.3",
            "v10.0.2",
            "EA123456785CN",
            "12.50",
            "-3.5",
            "192.168.200.1",
            "1.2",
        ]
        .map(str::to_owned),
    );
    assert_eq!((seen.epochs, seen.barcodes.1 >= 1, seen.versions, seen.parcels), (2, true, 2, 1));
    assert_eq!((seen.decimals, seen.dated), (3, 1));
    assert_eq!(seen.looked_at, 11);
    assert!((seen.distinctness() - 1.0).abs() < 1e-9);
}
