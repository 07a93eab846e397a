use datafusion::arrow::array::{BinaryViewArray, Int64Array, StringArray, StringViewArray};

use super::*;

#[test]
fn views_become_plain_and_nothing_else_changes() {
    let schema = Arc::new(Schema::new(vec![
        Field::new("t", DataType::Utf8View, true),
        Field::new("b", DataType::BinaryView, true),
        Field::new("n", DataType::Int64, true),
    ]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringViewArray::from(vec![Some("a text of more than twelve bytes"), None])),
        Arc::new(BinaryViewArray::from(vec![Some(b"x".as_slice()), None])),
        Arc::new(Int64Array::from(vec![1, 2])),
    ];
    let batch = RecordBatch::try_new(schema, columns).unwrap();
    let plain = normalise(&batch).unwrap();
    let types: Vec<_> = plain.schema().fields().iter().map(|field| field.data_type().clone()).collect();
    assert_eq!(types, [DataType::Utf8, DataType::Binary, DataType::Int64]);
    assert_eq!(
        plain.column(0).as_ref(),
        &StringArray::from(vec![Some("a text of more than twelve bytes"), None])
    );
}

#[test]
fn a_batch_without_columns_keeps_its_rows() {
    let options = RecordBatchOptions::new().with_row_count(Some(7));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options).unwrap();
    assert_eq!(normalise(&batch).unwrap().num_rows(), 7);
}
