//! Tests.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::testing::{every_block, hostile};
use crate::visible::is_hidden;

/// Returns all texts of a value that are not keys.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn golden() {
    assert_eq!(to_json(&every_block(str::to_owned)), include_str!("golden.json"));
}

#[test]
fn rows_are_objects_with_numbers_in_them() {
    let value: Value = serde_json::from_str(&to_json(&every_block(str::to_owned))).unwrap();
    assert_eq!(value["format"], FORMAT);
    let rows = &value["sections"][1]["blocks"][0]["rows"];
    assert_eq!(rows[0]["rows"], 1204);
    assert_eq!(rows[1]["rows"], 0.25);
    assert_eq!(rows[2]["rows"], Value::Null);
    assert_eq!(rows[2]["who"], "Mary Shelley");
}

#[test]
fn empty_document() {
    let value: Value = serde_json::from_str(&to_json(&Document::new("", ""))).unwrap();
    assert_eq!(value["facts"], serde_json::json!([]));
    assert_eq!(value["sections"], serde_json::json!([]));
}

proptest! {
    #[test]
    fn texts_come_back_as_they_were(text in prop_oneof![hostile(), any::<String>()]) {
        let json = to_json(&every_block(|benign| format!("{benign}{text}")));
        let value: Value = serde_json::from_str(&json).unwrap();
        let plain: Value = serde_json::from_str(&to_json(&every_block(str::to_owned))).unwrap();
        for (text_now, plain) in texts(&value).into_iter().zip(texts(&plain)) {
            let longer = format!("{plain}{text}");
            prop_assert!(text_now == plain || text_now == longer);
        }
        prop_assert_eq!(texts(&value).len(), texts(&plain).len());
        // Nothing in the file itself is hidden.
        prop_assert!(json.chars().all(|c| c == '\n' || !is_hidden(c)));
    }
}
