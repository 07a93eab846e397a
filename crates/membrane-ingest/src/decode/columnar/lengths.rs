//! How long the texts of rows are, without laying them out.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;

/// Adds the bytes of a column's texts to the lengths of its rows. Other types are short.
pub(super) fn add(column: &ArrayRef, lengths: &mut [usize]) {
    if let Some(dictionary) = column.as_any_dictionary_opt() {
        let values = dictionary.values();
        // An empty dictionary has no keys that mean anything.
        if values.is_empty() || !is_text(values.data_type()) {
            return;
        }
        let keys = dictionary.normalized_keys();
        for (row, (length, key)) in lengths.iter_mut().zip(keys).enumerate() {
            if column.is_valid(row) {
                *length = length.saturating_add(of(values, key));
            }
        }
    } else if is_text(column.data_type()) {
        for (row, length) in lengths.iter_mut().enumerate() {
            *length = length.saturating_add(of(column, row));
        }
    }
}

const fn is_text(found: &DataType) -> bool {
    matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// Returns the bytes of one text; none has none.
fn of(texts: &ArrayRef, row: usize) -> usize {
    if !texts.is_valid(row) {
        return 0;
    }
    if let Some(texts) = texts.as_string_opt::<i32>() {
        usize::try_from(texts.value_length(row)).unwrap_or_default()
    } else if let Some(texts) = texts.as_string_opt::<i64>() {
        usize::try_from(texts.value_length(row)).unwrap_or_default()
    } else if let Some(texts) = texts.as_string_view_opt() {
        // The first four bytes of a view are the length.
        let length = texts.views().get(row).map_or(0, |view| view & u128::from(u32::MAX));
        usize::try_from(length).unwrap_or_default()
    } else {
        0
    }
}
