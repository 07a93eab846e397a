use chrono::NaiveDate;
use datafusion::arrow::array::{
    Array, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringViewArray,
    TimestampMicrosecondArray,
};

use super::*;

fn day(text: &str) -> i32 {
    days_of(NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap())
}

/// The logical type that an array has here.
fn logical(array: &ArrayRef) -> LogicalType {
    match array.data_type() {
        DataType::Date32 => LogicalType::Date,
        DataType::Timestamp(..) => LogicalType::Timestamp,
        DataType::Int64 => LogicalType::Integer,
        DataType::Float64 => LogicalType::Number,
        DataType::Decimal128(precision, scale) => {
            LogicalType::Decimal { precision: *precision, scale: *scale }
        }
        DataType::Boolean => LogicalType::Boolean,
        _ => LogicalType::String,
    }
}

fn check(input: ArrayRef, how: Generalisation, expected: ArrayRef) {
    let found = values(&input, logical(&input), how).unwrap();
    assert_eq!(&found, &expected);
    assert_eq!(found.data_type(), input.data_type());
}

/// What the contract made coarse is made so again without a change; what it did not is made so now.
fn check_stored(input: ArrayRef, how: Generalisation, expected: ArrayRef) {
    let once = stored(&input, logical(&input), how).unwrap();
    assert_eq!(&once, &expected);
    assert_eq!(&stored(&once, logical(&once), how).unwrap(), &expected);
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
        Arc::new(Float64Array::from(vec![Some(19.9), Some(-0.5), Some(f64::NAN), Some(f64::INFINITY)])),
        how,
        Arc::new(Float64Array::from(vec![Some(10.0), Some(-10.0), None, None])),
    );
    let money = |values: Vec<Option<i128>>| {
        Arc::new(Decimal128Array::from(values).with_precision_and_scale(12, 2).unwrap()) as ArrayRef
    };
    check(money(vec![Some(1999), Some(-1), None]), how, money(vec![Some(1000), Some(-1000), None]));
}

/// Far from zero a band holds one float at most: its edge would be the value.
#[test]
fn floats_that_no_band_hides_show_nothing() {
    let two_to_the = |exponent: i32| 2.0_f64.powi(exponent);
    for value in [two_to_the(53) * 10.0, -two_to_the(60), two_to_the(52) * 10.0, 1.0e300, f64::MIN] {
        assert_eq!(number(value, Generalisation::Width(10)), None, "{value}");
    }
    let shown = number(two_to_the(50), Generalisation::Width(10)).unwrap();
    assert!(shown < two_to_the(50) && shown > two_to_the(50) - 10.0);
}

#[test]
fn texts_keep_their_first_characters_and_never_most_of_them() {
    let texts = |values: Vec<Option<&str>>| Arc::new(StringViewArray::from(values)) as ArrayRef;
    check(
        texts(vec![
            Some("200120"),
            Some("20012"),
            Some("2001"),
            Some("200"),
            Some("20"),
            Some("2"),
            Some(""),
        ]),
        Generalisation::Prefix(3),
        texts(vec![Some("200"), Some("20"), Some("20"), Some("2"), None, None, None]),
    );
    check(
        texts(vec![Some("上海市浦东新区"), Some("上海市"), Some("上海"), None]),
        Generalisation::Prefix(3),
        texts(vec![Some("上海市"), Some("上"), None, None]),
    );
    check(
        texts(vec![Some("e\u{301}e\u{301}e\u{301}")]),
        Generalisation::Prefix(1),
        texts(vec![Some("e\u{301}")]),
    );
    // The first character would be most of the value, in code points.
    check(texts(vec![Some("👨\u{200D}👩\u{200D}👧ab")]), Generalisation::Prefix(1), texts(vec![None]));
}

#[test]
fn what_is_stored_coarse_is_made_so_again() {
    let texts = |values: Vec<Option<&str>>| Arc::new(StringViewArray::from(values)) as ArrayRef;
    check_stored(
        texts(vec![Some("200120"), Some("200"), Some("20"), Some("上海市浦东"), None]),
        Generalisation::Prefix(3),
        texts(vec![Some("200"), Some("200"), Some("20"), Some("上海市"), None]),
    );
    check_stored(
        Arc::new(Date32Array::from(vec![Some(day("1990-02-28")), Some(day("1990-01-01")), None])),
        Generalisation::Year,
        Arc::new(Date32Array::from(vec![Some(day("1990-01-01")), Some(day("1990-01-01")), None])),
    );
    check_stored(
        Arc::new(Float64Array::from(vec![Some(19.9), Some(-0.5), Some(30.0)])),
        Generalisation::Width(3),
        Arc::new(Float64Array::from(vec![Some(18.0), Some(-3.0), Some(30.0)])),
    );
}

#[test]
fn instants_are_shown_in_utc_by_its_one_name() {
    let input: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("+00:00"));
    let found = values(&input, LogicalType::Timestamp, Generalisation::Year).unwrap();
    assert_eq!(*found.data_type(), arrow_type(LogicalType::Timestamp));
    let elsewhere: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("+08:00"));
    assert!(values(&elsewhere, LogicalType::Timestamp, Generalisation::Year).is_err());
}

#[test]
fn what_does_not_fit_shows_nothing() {
    let texts: ArrayRef = Arc::new(StringViewArray::from(vec!["x"]));
    for how in [Generalisation::Month, Generalisation::Width(10)] {
        assert!(values(&texts, LogicalType::String, how).unwrap().is_null(0));
    }
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![7]));
    for how in [Generalisation::Year, Generalisation::Prefix(1), Generalisation::Width(0)] {
        assert!(values(&numbers, LogicalType::Integer, how).unwrap().is_null(0));
    }
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
    assert!(values(&flags, LogicalType::Boolean, Generalisation::Year).unwrap().is_null(0));
    // A stored column of another type than the contract's.
    assert!(values(&numbers, LogicalType::String, Generalisation::Prefix(1)).is_err());
}
