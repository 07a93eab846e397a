//! Ends and multiples of each type of number.

use std::sync::Arc;

use arrow::array::{Decimal128Array, Float64Array, Int64Array};

use super::*;

fn faults(rules: ColumnRules, logical: LogicalType, array: ArrayRef) -> Vec<(usize, ReasonCode)> {
    let mut found = Vec::new();
    Range::new(&rules, logical).unwrap().check(&array, &mut |row, code| found.push((row, code)));
    found
}

const OUT: ReasonCode = ReasonCode::OutOfRange;
const MULTIPLE: ReasonCode = ReasonCode::NotMultiple;

#[test]
fn ends_may_lie_outside() {
    let ends = |above_minimum, below_maximum| ColumnRules {
        minimum: Some(0.0),
        maximum: Some(10.0),
        above_minimum,
        below_maximum,
        ..ColumnRules::default()
    };
    let whole = || Arc::new(Int64Array::from(vec![Some(-1), Some(0), None, Some(10), Some(11)]));
    assert_eq!(faults(ends(false, false), LogicalType::Integer, whole()), [(0, OUT), (4, OUT)]);
    assert_eq!(faults(ends(true, false), LogicalType::Integer, whole()), [(0, OUT), (1, OUT), (4, OUT)]);
    assert_eq!(faults(ends(false, true), LogicalType::Integer, whole()), [(0, OUT), (3, OUT), (4, OUT)]);
    let float = Arc::new(Float64Array::from(vec![0.0, 1e-300, 9.999, 10.0]));
    assert_eq!(faults(ends(true, true), LogicalType::Number, float), [(0, OUT), (3, OUT)]);
}

#[test]
fn multiples() {
    let of = |multiple| ColumnRules { multiple_of: Some(multiple), ..ColumnRules::default() };
    let whole = Arc::new(Int64Array::from(vec![0, 5, -10, 7, i64::MIN]));
    assert_eq!(faults(of(5.0), LogicalType::Integer, whole), [(3, MULTIPLE), (4, MULTIPLE)]);
    let money = LogicalType::Decimal { precision: 12, scale: 2 };
    let cents = Decimal128Array::from(vec![0, 5, 10, 12, -15]).with_precision_and_scale(12, 2).unwrap();
    assert_eq!(faults(of(0.05), money, Arc::new(cents)), [(3, MULTIPLE)]);
    let float = Arc::new(Float64Array::from(vec![0.3, 0.1, 0.35, 1e9, -0.7]));
    assert_eq!(faults(of(0.1), LogicalType::Number, float), [(2, MULTIPLE)]);
}
