//! Coercions: exact or not at all.

use arrow::array::{
    BooleanArray, Decimal128Array, Decimal256Array, Float32Array, Float64Array, Int32Array, Int64Array,
    StringViewArray, TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
};
use arrow::datatypes::i256;
use proptest::prelude::*;

use super::*;

const MONEY: LogicalType = LogicalType::Decimal { precision: 6, scale: 2 };

/// Coerces and shows each value: its canonical text, `-` for none, `!` for one that does not fit.
fn shown(array: &ArrayRef, wanted: LogicalType) -> String {
    let array = plain(array).unwrap();
    let mut wrong = Vec::new();
    let coerced = coerce(&array, wanted, &mut |row| wrong.push(row)).unwrap();
    assert_eq!(*coerced.data_type(), arrow_type(wanted));
    let texts = canonical_text(&coerced, wanted).unwrap();
    let show = |row: usize| match (wrong.contains(&row), texts.is_valid(row)) {
        (true, valid) => {
            assert!(!valid, "what does not fit is null");
            "!".to_owned()
        }
        (false, true) => texts.value(row).to_owned(),
        (false, false) => "-".to_owned(),
    };
    (0..texts.len()).map(show).collect::<Vec<_>>().join(" ")
}

fn check_text(wanted: LogicalType, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let array: ArrayRef = Arc::new(StringArray::from(vec![Some(*text), None]));
        assert_eq!(shown(&array, wanted), format!("{expected} -"), "{text:?} as {wanted}");
    }
}

fn check(array: impl Array + 'static, wanted: LogicalType, expected: &str) {
    let array: ArrayRef = Arc::new(array);
    assert!(can_become(array.data_type(), wanted), "{}", array.data_type());
    assert_eq!(shown(&array, wanted), expected, "{} as {wanted}", array.data_type());
}

#[test]
fn text_becomes_numbers_exactly() {
    check_text(
        LogicalType::Integer,
        &[
            ("12", "12"),
            ("-7", "-7"),
            ("+7", "7"),
            ("007", "7"),
            ("9223372036854775807", "9223372036854775807"),
            ("9223372036854775808", "!"),
            ("1.0", "!"),
            ("1e3", "!"),
            (" 1", "!"),
            ("", "-"),
            ("x", "!"),
        ],
    );
    check_text(
        LogicalType::Number,
        &[("1.5", "1.5"), ("-1e3", "-1000"), ("0", "0"), ("inf", "!"), ("NaN", "!"), ("1,5", "!"), ("", "-")],
    );
    check_text(
        MONEY,
        &[
            ("12.50", "12.50"),
            ("12.5", "12.50"),
            ("12", "12.00"),
            ("-0.05", "-0.05"),
            (".5", "0.50"),
            ("12.500", "12.50"),
            ("12.501", "!"),
            ("9999.99", "9999.99"),
            ("10000", "!"),
            ("1e2", "100.00"),
            ("125e-1", "12.50"),
            ("0e99", "0.00"),
            ("1e99", "!"),
            ("", "-"),
            (".", "!"),
            ("1.2.3", "!"),
            ("¥5", "!"),
        ],
    );
}

#[test]
fn text_becomes_booleans_days_and_moments() {
    check_text(
        LogicalType::Boolean,
        &[("true", "true"), ("FALSE", "false"), ("1", "!"), ("yes", "!"), ("", "-")],
    );
    check_text(
        LogicalType::Date,
        &[
            ("2026-03-01", "2026-03-01"),
            ("2024-02-29", "2024-02-29"),
            ("2023-02-29", "!"),
            ("1900-02-29", "!"),
            ("0001-01-01", "0001-01-01"),
            ("9999-12-31", "9999-12-31"),
            ("2026-13-01", "!"),
            ("2026-3-1", "!"),
            ("2026-03-01T00:00:00Z", "!"),
            ("01/03/2026", "!"),
        ],
    );
    check_text(
        LogicalType::Timestamp,
        &[
            ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00.000000Z"),
            ("2026-03-01 10:00:00.5z", "2026-03-01T10:00:00.500000Z"),
            ("2026-03-01T10:00:00.123456789Z", "!"),
            ("2026-03-01T10:00:00.123456000Z", "2026-03-01T10:00:00.123456Z"),
            ("2026-03-01T00:30:00+08:00", "2026-02-28T16:30:00.000000Z"),
            ("2026-03-01T10:00:00-00:30", "2026-03-01T10:30:00.000000Z"),
            ("2026-03-01T10:00:00", "!"),
            ("2026-03-01T24:00:00Z", "!"),
            ("2026-03-01T10:00:60Z", "!"),
            ("2026-03-01T10:00Z", "!"),
            ("2026-03-01", "!"),
            ("1772359200", "!"),
            ("0001-01-01T00:00:00+01:00", "!"),
        ],
    );
}

#[test]
fn typed_columns_become_the_contracts_types() {
    check(StringViewArray::from(vec!["a", "b"]), LogicalType::String, "a b");
    check(Int32Array::from(vec![Some(1), None]), LogicalType::Integer, "1 -");
    check(UInt64Array::from(vec![1, u64::MAX]), LogicalType::Integer, "1 !");
    check(Float64Array::from(vec![2.0, 2.5, f64::NAN, 1e300]), LogicalType::Integer, "2 ! ! !");
    check(Int64Array::from(vec![3, (1 << 53) + 1]), LogicalType::Number, "3 !");
    check(Float32Array::from(vec![0.5, f32::INFINITY]), LogicalType::Number, "0.5 !");
    check(Float64Array::from(vec![3.86, 0.1 + 0.2, 10000.0, -1.5]), MONEY, "3.86 ! ! -1.50");
    check(Float32Array::from(vec![3.86_f32]), MONEY, "3.86");
    check(Int64Array::from(vec![5, 10000]), MONEY, "5.00 !");
    let decimals = Decimal128Array::from(vec![12500, 12501]).with_precision_and_scale(10, 3).unwrap();
    check(decimals.clone(), MONEY, "12.50 !");
    check(decimals.clone(), LogicalType::Integer, "! !");
    check(decimals, LogicalType::Number, "12.5 12.501");
    let wide = Decimal256Array::from(vec![i256::from_i128(1250)]).with_precision_and_scale(50, 2).unwrap();
    check(wide, MONEY, "12.50");
    check(BooleanArray::from(vec![true]), LogicalType::Boolean, "true");
    check(Date32Array::from(vec![20513, i32::MAX]), LogicalType::Date, "2026-03-01 !");
    check(
        TimestampSecondArray::from(vec![1_772_359_200, i64::MAX]),
        LogicalType::Timestamp,
        "2026-03-01T10:00:00.000000Z !",
    );
    check(
        TimestampNanosecondArray::from(vec![1_000, 1_001]).with_timezone("+08:00"),
        LogicalType::Timestamp,
        "1970-01-01T00:00:00.000001Z !",
    );
}

#[test]
fn empty_text_is_no_value_in_any_encoding() {
    let texts = StringArray::from(vec![Some("a"), Some(""), None, Some("b")]);
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    for encoding in [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View, dictionary] {
        let array = cast(&texts, &encoding).unwrap();
        for logical in [LogicalType::String, LogicalType::Integer] {
            let expected = if logical == LogicalType::String { "a - - b" } else { "! - - !" };
            assert_eq!(shown(&array, logical), expected, "{encoding} as {logical}");
        }
        let sliced = plain(&array.slice(1, 2)).unwrap();
        assert_eq!((sliced.len(), sliced.null_count()), (2, 2), "{encoding}");
    }
}

#[test]
fn what_would_be_a_guess_is_refused() {
    let text = [DataType::Int64, DataType::Boolean, DataType::Date32, DataType::Binary];
    assert!(text.iter().all(|found| !can_become(found, LogicalType::String)));
    assert!(!can_become(&DataType::Timestamp(TimeUnit::Second, None), LogicalType::Date));
    assert!(!can_become(&DataType::Int64, LogicalType::Timestamp));
    assert!(!can_become(&DataType::Int64, LogicalType::Boolean));
    let once = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let twice = DataType::Dictionary(Box::new(DataType::Int32), Box::new(once.clone()));
    assert!(can_become(&once, LogicalType::String) && !can_become(&twice, LogicalType::String));
}

proptest! {
    #[test]
    fn decimals_come_back_as_they_were_written(value in -999_999_i128..=999_999) {
        let array: ArrayRef = Arc::new(Decimal128Array::from(vec![value]).with_precision_and_scale(6, 2).unwrap());
        let text = canonical_text(&array, MONEY).unwrap().value(0).to_owned();
        prop_assert_eq!(text::decimal(&text, 6, 2), Some(value));
    }

    #[test]
    fn days_are_those_of_chrono(days in DAYS) {
        let date = chrono::NaiveDate::from_num_days_from_ce_opt(days + 719_163).unwrap();
        prop_assert_eq!(text::date(&date.to_string()), Some(days));
    }

    #[test]
    fn moments_are_those_of_chrono(micros in MICROS) {
        let moment = chrono::DateTime::from_timestamp_micros(micros).unwrap();
        prop_assert_eq!(text::timestamp(&moment.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)), Some(micros));
    }

    #[test]
    fn no_text_makes_it_fail(text in "[-+0-9.eEtT:Z ]{0,24}") {
        let _ = (text::integer(&text), text::number(&text), text::decimal(&text, 38, 10));
        let _ = (text::date(&text), text::timestamp(&text), text::boolean(&text));
    }
}
