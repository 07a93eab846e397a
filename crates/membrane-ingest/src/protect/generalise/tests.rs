//! Coarser values.

use arrow::array::{Date32Array, Decimal128Array, Float64Array, Int64Array, TimestampMicrosecondArray};

use super::*;
use crate::value::canonical_text;

fn check(array: impl Array + 'static, how: Generalisation, logical: LogicalType, expected: &str) {
    let array: ArrayRef = Arc::new(array);
    let coarse = generalise(&array, how, logical).unwrap();
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
}

#[test]
fn what_cannot_become_coarser_is_refused() {
    let text: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    assert!(generalise(&text, Generalisation::Month, LogicalType::String).is_err());
}
