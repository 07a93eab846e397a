//! Coarser values, and values that have none.

use arrow::array::{Date32Array, Decimal128Array, Float64Array, Int64Array, TimestampMicrosecondArray};
use membrane_model::Protection;

use super::*;
use crate::fixture::column;
use crate::value::canonical_text;

fn coarser(how: Generalisation, logical: LogicalType, class: &str) -> Coarser {
    Coarser::new(&column("c", logical, class, Protection::Generalise(how)), how)
}

fn check(array: impl Array + 'static, how: Generalisation, logical: LogicalType, expected: &str) {
    let array: ArrayRef = Arc::new(array);
    let coarser = coarser(how, logical, "business");
    coarser.misfits(&array, &mut |row| panic!("row {row} does not fit")).unwrap();
    let coarse = coarser.apply(&array).unwrap();
    assert_eq!(coarse.data_type(), array.data_type());
    let texts = canonical_text(&coarse, logical).unwrap();
    let shown: Vec<&str> = texts.iter().map(|text| text.unwrap_or("-")).collect();
    assert_eq!(shown.join(" "), expected);
}

#[test]
fn values_become_coarser() {
    use Generalisation::{Month, Prefix, Width, Year};
    let days = || Date32Array::from(vec![Some(20_542), Some(-1), None]);
    check(days(), Month, LogicalType::Date, "2026-03-01 1969-12-01 -");
    check(days(), Year, LogicalType::Date, "2026-01-01 1969-01-01 -");
    let moment = TimestampMicrosecondArray::from(vec![1_774_864_800_000_001]).with_timezone("UTC");
    check(moment, Month, LogicalType::Timestamp, "2026-03-01T00:00:00.000000Z");
    check(Int64Array::from(vec![39, -1, 40]), Width(10), LogicalType::Integer, "30 -10 40");
    check(Float64Array::from(vec![39.5, -0.5]), Width(10), LogicalType::Number, "30 -10");
    let money = Decimal128Array::from(vec![1999, -1]).with_precision_and_scale(6, 2).unwrap();
    check(money, Width(5), LogicalType::Decimal { precision: 6, scale: 2 }, "15.00 -5.00");
    check(StringArray::from(vec!["中国上海", "a"]), Prefix(2), LogicalType::String, "中国 a");
    let first = Date32Array::from(vec![-719_162]);
    check(first, Year, LogicalType::Date, "0001-01-01");
}

#[test]
fn values_without_a_coarser_one_are_told() {
    let check = |array: ArrayRef, how, logical, expected: &[usize]| {
        let coarser = coarser(how, logical, "business");
        let mut rows = Vec::new();
        coarser.misfits(&array, &mut |row| rows.push(row)).unwrap();
        assert_eq!(rows, expected, "{logical}");
        assert_eq!(coarser.apply(&array).is_err(), !expected.is_empty());
    };
    let width = Generalisation::Width(10);
    let integers = Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), None, Some(i64::MIN + 8)]);
    check(Arc::new(integers), width, LogicalType::Integer, &[0]);
    let logical = LogicalType::Decimal { precision: 3, scale: 0 };
    let decimals = Decimal128Array::from(vec![-999, -990, 999]).with_precision_and_scale(3, 0).unwrap();
    check(Arc::new(decimals), width, logical, &[0]);
    let numbers = Float64Array::from(vec![1e300, -1e300]);
    check(Arc::new(numbers), width, LogicalType::Number, &[]);
    // Bands wider than any decimal of this scale.
    let logical = LogicalType::Decimal { precision: 38, scale: 38 };
    let fractions = Decimal128Array::from(vec![1]).with_precision_and_scale(38, 38).unwrap();
    check(Arc::new(fractions), width, logical, &[0]);
}

/// PRIVACY: what is shorter than the prefix would else be stored whole.
#[test]
fn at_most_half_of_an_identifier_is_kept() {
    let names: ArrayRef = Arc::new(StringArray::from(vec!["王小明", "欧阳", "Q", "13800138000", ""]));
    let shown = |class| {
        let coarse = coarser(Generalisation::Prefix(7), LogicalType::String, class).apply(&names).unwrap();
        coarse.as_string::<i32>().iter().map(|text| text.unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(shown("pii.name"), ["王", "欧", "", "13800", ""]);
    assert_eq!(shown("business"), ["王小明", "欧阳", "Q", "1380013", ""]);
}

#[test]
fn what_cannot_become_coarser_is_refused() {
    let text: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    assert!(coarser(Generalisation::Month, LogicalType::String, "business").apply(&text).is_err());
}
