use chrono::NaiveDate;
use datafusion::arrow::array::{
    Array, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringViewArray,
    TimestampMicrosecondArray,
};

use super::*;

fn day(text: &str) -> i32 {
    days_of(NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap())
}

fn check(input: ArrayRef, how: Generalisation, expected: ArrayRef) {
    let found = values(&input, how).unwrap();
    assert_eq!(&found, &expected);
    assert_eq!(found.data_type(), input.data_type());
}

#[test]
fn dates_go_to_the_first() {
    let dates = || {
        Arc::new(Date32Array::from(vec![Some(day("1990-02-28")), None, Some(day("1969-12-31"))])) as ArrayRef
    };
    check(
        dates(),
        Generalisation::Month,
        Arc::new(Date32Array::from(vec![Some(day("1990-02-01")), None, Some(day("1969-12-01"))])),
    );
    check(
        dates(),
        Generalisation::Year,
        Arc::new(Date32Array::from(vec![Some(day("1990-01-01")), None, Some(day("1969-01-01"))])),
    );
}

#[test]
fn timestamps_go_to_the_first_and_keep_their_zone() {
    let instant = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros();
    let utc = |values: Vec<Option<i64>>| {
        Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC")) as ArrayRef
    };
    check(
        utc(vec![Some(instant("2026-03-17T10:00:00.000001Z")), None, Some(i64::MAX)]),
        Generalisation::Month,
        utc(vec![Some(instant("2026-03-01T00:00:00Z")), None, None]),
    );
}

#[test]
fn numbers_go_to_the_lower_edge() {
    let how = Generalisation::Width(10);
    check(
        Arc::new(Int64Array::from(vec![Some(19), Some(-3), Some(0), None, Some(i64::MIN)])),
        how,
        Arc::new(Int64Array::from(vec![Some(10), Some(-10), Some(0), None, None])),
    );
    check(
        Arc::new(Float64Array::from(vec![Some(19.9), Some(-0.5), Some(f64::NAN)])),
        how,
        Arc::new(Float64Array::from(vec![Some(10.0), Some(-10.0), None])),
    );
    let money = |values: Vec<Option<i128>>| {
        Arc::new(Decimal128Array::from(values).with_precision_and_scale(12, 2).unwrap()) as ArrayRef
    };
    check(money(vec![Some(1999), Some(-1), None]), how, money(vec![Some(1000), Some(-1000), None]));
}

#[test]
fn texts_keep_their_first_characters() {
    let texts = |values: Vec<Option<&str>>| Arc::new(StringViewArray::from(values)) as ArrayRef;
    check(
        texts(vec![Some("200120"), Some("20"), Some("上海市浦东"), None]),
        Generalisation::Prefix(3),
        texts(vec![Some("200"), Some("20"), Some("上海市"), None]),
    );
    check(texts(vec![Some("e\u{301}e\u{301}")]), Generalisation::Prefix(1), texts(vec![Some("e\u{301}")]));
}

#[test]
fn what_does_not_fit_shows_nothing() {
    let texts: ArrayRef = Arc::new(StringViewArray::from(vec!["x"]));
    for how in [Generalisation::Month, Generalisation::Width(10)] {
        assert!(values(&texts, how).unwrap().is_null(0));
    }
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![7]));
    for how in [Generalisation::Year, Generalisation::Prefix(1), Generalisation::Width(0)] {
        assert!(values(&numbers, how).unwrap().is_null(0));
    }
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
    assert!(values(&flags, Generalisation::Year).is_err());
}
