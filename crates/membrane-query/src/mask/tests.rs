use datafusion::arrow::array::{BinaryArray, Date32Array, Int64Array, StringViewArray};
use membrane_model::{LogicalType, Protection, RevealLevel};

use super::*;
use crate::testing::rule;

fn shown(level: RevealLevel, logical: LogicalType, array: ArrayRef) -> ArrayRef {
    let rule = rule("c", logical, Protection::Clear, level);
    let masked = of_values(&rule.otherwise, &array, true).unwrap();
    assert_eq!(*masked.data_type(), rule.shown_type(), "{level}");
    assert_eq!(masked.len(), array.len());
    masked
}

fn texts(array: &ArrayRef) -> Vec<Option<&str>> {
    array.as_string_view().iter().collect()
}

#[test]
fn null_in_null_out_at_every_level() {
    for level in RevealLevel::HIGHEST_FIRST {
        let array: ArrayRef = Arc::new(Date32Array::from(vec![None, Some(10_000)]));
        let masked = shown(level, LogicalType::Date, array);
        assert!(masked.is_null(0), "{level}");
        assert_eq!(masked.is_null(1), level == RevealLevel::Null, "{level}");
    }
}

#[test]
fn masks_are_deterministic() {
    for level in RevealLevel::HIGHEST_FIRST {
        let array = || Arc::new(Int64Array::from(vec![1, 2, 1])) as ArrayRef;
        // Years of a number do not exist.
        if level == RevealLevel::Generalised {
            continue;
        }
        let rule = rule("c", LogicalType::Integer, Protection::Clear, level);
        let (one, other) = (
            of_values(&rule.otherwise, &array(), true).unwrap(),
            of_values(&rule.otherwise, &array(), true).unwrap(),
        );
        assert_eq!(&one, &other, "{level}");
    }
}

#[test]
fn numbers_and_dates_are_masked_as_their_text() {
    let masked = shown(
        RevealLevel::Partial,
        LogicalType::Integer,
        Arc::new(Int64Array::from(vec![Some(1_234_567_890), Some(12), None])),
    );
    assert_eq!(texts(&masked), [Some("123*****90"), Some("**"), None]);
    let masked = shown(RevealLevel::Partial, LogicalType::Date, Arc::new(Date32Array::from(vec![0])));
    assert_eq!(texts(&masked), [Some("197*****01")]);
}

#[test]
fn stored_tokens_are_rekeyed_and_never_shown() {
    let rule = rule("c", LogicalType::String, Protection::Token, RevealLevel::Token);
    let stored = crate::testing::vault().tokenizer("pii.test").token(b"x");
    let array: ArrayRef = Arc::new(BinaryArray::from(vec![Some(stored.as_slice()), None]));
    let masked = of_tokens(&rule.otherwise, &array).unwrap();
    let shown = masked.as_string_view().value(0);
    assert_eq!(shown.len(), 22);
    assert!(masked.is_null(1));
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, shown).unwrap();
    assert_ne!(bytes, stored);
}

#[test]
fn what_is_no_text_is_not_masked_as_text() {
    let rule = rule("c", LogicalType::String, Protection::Sealed, RevealLevel::Partial);
    let mut sink = Sink::new(&rule.otherwise, 1).unwrap();
    assert_eq!(sink.push(Some(&[0xff])), Err(ScanFault::Cell));
    let array: ArrayRef = Arc::new(StringViewArray::from(vec!["x"]));
    assert_eq!(of_tokens(&rule.otherwise, &array).unwrap_err(), ScanFault::Shape);
}
