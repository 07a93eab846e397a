use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringViewArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use proptest::prelude::*;

use super::*;

const DECIMAL: DataType = DataType::Decimal128(38, 2);
const INSTANT: fn() -> DataType = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));

fn integers(values: &[Option<i64>]) -> ArrayRef {
    Arc::new(Int64Array::from_iter(values.iter().copied()))
}

fn decimals(values: &[Option<i128>], scale: i8) -> ArrayRef {
    let array = Decimal128Array::from_iter(values.iter().copied());
    Arc::new(array.with_precision_and_scale(38, scale).expect("a decimal type"))
}

fn texts_of(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringViewArray::from_iter(values.iter().copied()))
}

/// The values as text, NULL as `-`.
fn check(function: Function, arguments: &[ArrayRef], result: &DataType, expected: &str) {
    let found = compute(function, arguments, result).expect("a value for every row");
    assert_eq!(found.data_type(), result, "{function:?}");
    let cells = if *result == DataType::Float64 {
        let cells = found.as_primitive::<Float64Type>().iter();
        cells.map(|cell| cell.map(|value| value.to_string())).collect()
    } else {
        cell::texts(found.as_ref()).expect("texts")
    };
    let cells: Vec<String> = cells.into_iter().map(|cell| cell.unwrap_or_else(|| "-".to_owned())).collect();
    assert_eq!(cells.join(" "), expected, "{function:?}");
}

#[test]
fn arithmetic_has_a_value_or_null_for_every_row() {
    let left = integers(&[Some(7), Some(-7), Some(i64::MAX), Some(i64::MIN), None]);
    let right = integers(&[Some(2), Some(2), Some(0), Some(-1), Some(1)]);
    let both = [Arc::clone(&left), right];
    check(Function::Add, &both, &DataType::Int64, "9 -5 9223372036854775807 -9223372036854775808 -");
    check(Function::Subtract, &both, &DataType::Int64, "5 -9 9223372036854775807 -9223372036854775807 -");
    check(Function::Multiply, &both, &DataType::Int64, "14 -14 0 9223372036854775807 -");
    check(Function::Divide, &both, &DataType::Int64, "3 -3 - 9223372036854775807 -");
    check(Function::Modulo, &both, &DataType::Int64, "1 -1 - 0 -");
    let money =
        [decimals(&[Some(1050), Some(i128::MAX), Some(5)], 2), decimals(&[Some(25), Some(3), Some(0)], 1)];
    check(Function::Multiply, &money, &DECIMAL, "26.25 999999999999999999999999999999999999.99 0.00");
    check(Function::Divide, &money, &DECIMAL, "4.20 333333333333333333333333333333333333.33 -");
    let floats: [ArrayRef; 2] = [
        Arc::new(Float64Array::from(vec![1.0, 1.0, f64::MAX])),
        Arc::new(Float64Array::from(vec![0.0, 4.0, 0.1])),
    ];
    check(Function::Divide, &floats, &DataType::Float64, "- 0.25 inf");
    check(Function::Absolute, &[left], &DataType::Int64, "7 7 9223372036854775807 9223372036854775807 -");
}

#[test]
fn rounding_goes_down_up_and_away_from_zero() {
    let values = || [decimals(&[Some(-155), Some(155), Some(100)], 2)];
    check(Function::Floor, &values(), &DataType::Int64, "-2 1 1");
    check(Function::Ceiling, &values(), &DataType::Int64, "-1 2 1");
    check(Function::Round(0), &values(), &DataType::Int64, "-2 2 1");
    check(Function::Round(1), &values(), &DataType::Decimal128(38, 1), "-1.6 1.6 1.0");
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![f64::NAN, f64::INFINITY, -1.5]));
    check(Function::Floor, &[floats], &DataType::Int64, "- 9223372036854775807 -2");
}

#[test]
fn casts_keep_the_value_or_come_to_the_end_of_the_range() {
    let truths: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]));
    check(Function::Cast, &[Arc::clone(&truths)], &DECIMAL, "1.00 0.00 -");
    check(Function::Cast, &[truths], &DataType::Utf8View, "true false -");
    check(Function::Cast, &[decimals(&[Some(255)], 1)], &DataType::Int64, "26");
    let days: ArrayRef = Arc::new(Date32Array::from(vec![0, -1]));
    check(Function::Cast, &[Arc::clone(&days)], &INSTANT(), "1970-01-01T00:00:00Z 1969-12-31T00:00:00Z");
    check(Function::Subtract, &[Arc::clone(&days), days], &DataType::Int64, "0 0");
    let instants: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![-1]).with_timezone("UTC"));
    check(Function::Cast, &[instants], &DataType::Date32, "1969-12-31");
}

#[test]
fn texts_are_cut_by_characters() {
    let names = || [texts_of(&[Some("Ｓtraße "), None])];
    check(Function::Upper, &names(), &DataType::Utf8View, "ＳTRASSE  -");
    check(Function::Trim, &names(), &DataType::Utf8View, "Ｓtraße -");
    check(Function::Substring(1, 3), &names(), &DataType::Utf8View, "tra -");
    check(Function::Length, &names(), &DataType::Int64, "7 -");
    check(
        Function::Concat,
        &[texts_of(&[Some("a"), None]), texts_of(&[Some("b"), Some("c")])],
        &DataType::Utf8View,
        "ab -",
    );
    let long = "ä".repeat(5_000);
    check(Function::Length, &[texts_of(&[Some(&long)])], &DataType::Int64, "512");
}

proptest! {
    /// No value of any type makes a kernel fail.
    #[test]
    fn no_value_fails(values in prop::collection::vec((any::<Option<i64>>(), any::<Option<i128>>(), any::<Option<f64>>(), any::<Option<String>>()), 1..9)) {
        let held = |value: i128| value.clamp(-99_999_999_999_999_999_999_999_999_999_999_999_999, 99_999_999_999_999_999_999_999_999_999_999_999_999);
        let columns: [ArrayRef; 3] = [
            Arc::new(Int64Array::from_iter(values.iter().map(|row| row.0))),
            decimals(&values.iter().map(|row| row.1.map(held)).collect::<Vec<_>>(), 6),
            Arc::new(Float64Array::from_iter(values.iter().map(|row| row.2))),
        ];
        for left in &columns {
            for right in &columns {
                for function in [Function::Add, Function::Subtract, Function::Multiply, Function::Divide] {
                    let float = [left, right].iter().any(|one| *one.data_type() == DataType::Float64);
                    let results = if float { vec![DataType::Float64] } else { vec![DataType::Decimal128(38, 12), DataType::Int64] };
                    for result in results {
                        prop_assert!(compute(function, &[Arc::clone(left), Arc::clone(right)], &result).is_some());
                    }
                }
            }
            for function in [Function::Floor, Function::Ceiling, Function::Round(0), Function::Cast] {
                prop_assert!(compute(function, &[Arc::clone(left)], &DataType::Int64).is_some());
            }
        }
        let text: ArrayRef = Arc::new(StringViewArray::from_iter(values.iter().map(|row| row.3.clone())));
        for function in [Function::Lower, Function::Upper, Function::Trim, Function::Substring(3, 2)] {
            prop_assert!(compute(function, &[Arc::clone(&text)], &DataType::Utf8View).is_some());
        }
    }
}
