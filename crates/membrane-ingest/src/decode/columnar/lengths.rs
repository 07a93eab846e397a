//! How long the texts of rows are, without laying them out.

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait};
use arrow::buffer::NullBuffer;

/// Adds the bytes of a column's texts to the lengths of its rows. Other types are short.
pub(super) fn add(column: &ArrayRef, lengths: &mut [usize]) {
    if let Some(dictionary) = column.as_any_dictionary_opt() {
        // An empty dictionary has no keys that mean anything.
        let Some(of_values) = of_texts(dictionary.values()).filter(|lengths| !lengths.is_empty()) else {
            return;
        };
        let of_keys = dictionary.normalized_keys();
        let of_rows = of_keys.into_iter().map(|key| of_values.get(key).copied().unwrap_or_default());
        add_valid(lengths, of_rows, column.nulls());
    } else if let Some(of_rows) = of_texts(column) {
        add_valid(lengths, of_rows.into_iter(), None);
    }
}

/// Returns the bytes of each text; none when the values are no texts.
fn of_texts(texts: &ArrayRef) -> Option<Vec<usize>> {
    let mut lengths = vec![0; texts.len()];
    if let Some(array) = texts.as_string_opt::<i32>() {
        add_valid(&mut lengths, between(array.value_offsets()), texts.nulls());
    } else if let Some(array) = texts.as_string_opt::<i64>() {
        add_valid(&mut lengths, between(array.value_offsets()), texts.nulls());
    } else {
        let views = texts.as_string_view_opt()?.views();
        // The first four bytes of a view are the length.
        let of_views =
            views.iter().map(|view| usize::try_from(view & u128::from(u32::MAX)).unwrap_or_default());
        add_valid(&mut lengths, of_views, texts.nulls());
    }
    Some(lengths)
}

/// Returns the lengths between offsets.
fn between<O: OffsetSizeTrait>(offsets: &[O]) -> impl Iterator<Item = usize> + '_ {
    offsets.iter().zip(offsets.iter().skip(1)).map(|(start, end)| (*end - *start).as_usize())
}

/// Adds lengths where there is a value.
fn add_valid(lengths: &mut [usize], added: impl Iterator<Item = usize>, nulls: Option<&NullBuffer>) {
    match nulls {
        None => {
            for (length, added) in lengths.iter_mut().zip(added) {
                *length = length.saturating_add(added);
            }
        }
        Some(nulls) => {
            for ((length, added), is_valid) in lengths.iter_mut().zip(added).zip(nulls) {
                *length = length.saturating_add(if is_valid { added } else { 0 });
            }
        }
    }
}
