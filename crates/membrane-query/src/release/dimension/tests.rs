use datafusion::arrow::array::{AsArray, Int64Array, StringViewArray};
use datafusion::arrow::datatypes::Int64Type;

use super::*;

/// Rows as (key, value), `-` for NULL.
fn reduce(rows: &[(Option<&str>, Option<i64>)], width: usize, most: u32) -> Vec<String> {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("key", Arc::new(StringViewArray::from_iter(rows.iter().map(|(key, _)| *key)))),
        ("value", Arc::new(Int64Array::from_iter(rows.iter().map(|(_, value)| *value)))),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .expect("a batch");
    let reduced = rows_of_a_key(&batch, width, most).expect("rows");
    let (keys, values) = (reduced.column(0).as_string_view(), reduced.column(1).as_primitive::<Int64Type>());
    let cell = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    keys.iter()
        .zip(values.iter())
        .map(|(key, value)| {
            format!("{} {}", cell(key.map(str::to_owned)), cell(value.map(|value| value.to_string())))
        })
        .collect()
}

#[test]
fn so_many_rows_stand_for_each_key_whatever_their_order() {
    let mut rows = vec![
        (Some("b"), Some(2)),
        (Some("a"), Some(3)),
        (Some("b"), Some(1)),
        (None, Some(9)),
        (Some("a"), Some(3)),
        (None, None),
    ];
    for turn in 0..rows.len() {
        rows.rotate_left(turn);
        assert_eq!(reduce(&rows, 1, 1), ["- -", "a 3", "b 1"]);
        assert_eq!(reduce(&rows, 2, 1), ["- -", "- 9", "a 3", "b 1", "b 2"]);
        assert_eq!(reduce(&rows, 1, 2), ["- -", "- 9", "a 3", "a 3", "b 1", "b 2"]);
    }
    assert_eq!(reduce(&[], 1, 1), [""; 0]);
}
