//! The start of a row that is too long to be one, as JSON text.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use arrow::util::display::array_value_to_string;

use crate::decode::RAW_BYTES_MAX;

/// Writes a row as a JSON object of texts, cut when it is long; values that are not there are left out.
pub(super) fn row(names: &[String], columns: &[Option<&ArrayRef>], row: usize) -> String {
    let mut raw = String::from("{");
    for (name, column) in names.iter().zip(columns) {
        let is_there = |column: &&ArrayRef| *column.data_type() != DataType::Null && column.is_valid(row);
        let Some(column) = column.filter(is_there) else { continue };
        if raw.len() > 1 {
            raw.push(',');
        }
        raw.push('"');
        raw.push_str(name);
        raw.push_str("\":");
        let room = RAW_BYTES_MAX.saturating_sub(raw.len());
        raw.push_str(&serde_json::Value::from(start(column, row, room)).to_string());
        if raw.len() >= RAW_BYTES_MAX {
            break;
        }
    }
    raw.push('}');
    cut(&raw, RAW_BYTES_MAX).to_owned()
}

/// Returns the start of a value's text.
fn start(column: &ArrayRef, row: usize, bytes: usize) -> String {
    let single = column.slice(row, 1);
    let (texts, row) = match single.as_any_dictionary_opt() {
        Some(dictionary) if !dictionary.values().is_empty() => {
            (dictionary.values(), dictionary.normalized_keys().first().copied().unwrap_or_default())
        }
        _ => (&single, 0),
    };
    if let Some(texts) = texts.as_string_opt::<i32>() {
        cut(texts.value(row), bytes).to_owned()
    } else if let Some(texts) = texts.as_string_opt::<i64>() {
        cut(texts.value(row), bytes).to_owned()
    } else if let Some(texts) = texts.as_string_view_opt() {
        cut(texts.value(row), bytes).to_owned()
    } else {
        array_value_to_string(texts, row).unwrap_or_default()
    }
}

/// Cuts a text at a letter's end.
fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}
