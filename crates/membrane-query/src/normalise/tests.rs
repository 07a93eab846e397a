use datafusion::arrow::array::{BinaryViewArray, BooleanArray, Int64Array, StringArray, StringViewArray};
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
use datafusion::arrow::datatypes::TimestampMicrosecondType;
use datafusion::arrow::ipc::writer::StreamWriter;

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

fn encoded(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

/// Two batches of the same values have the same bytes, whatever else lay in their buffers.
#[test]
fn bytes_follow_from_values_alone() {
    let other = "a text of another batch, in the same buffer";
    let batch = |noise: i64, before: usize| {
        let rows = before + 20;
        let shown = |row: usize| row >= before && !row.is_multiple_of(3);
        let nulls = |width: usize| {
            NullBuffer::from(
                (0..rows).map(|row| !(row - row.min(before)).is_multiple_of(width)).collect::<Vec<_>>(),
            )
        };
        let texts: StringViewArray = (0..rows)
            .map(|row| {
                if row < before {
                    Some(other.to_owned())
                } else {
                    shown(row - before + 3000 * before)
                        .then(|| format!("a shown text of row {}", row - before))
                }
            })
            .collect();
        let numbers: Vec<i64> =
            (0..rows).map(|row| if (row - row.min(before)) % 2 == 0 { noise } else { 7 }).collect();
        let flags: BooleanBuffer =
            (0..rows).map(|row| (row - row.min(before)) % 2 == 0 && noise > 0).collect();
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("t", Arc::new(texts)),
            ("n", Arc::new(Int64Array::new(numbers.clone().into(), Some(nulls(2))))),
            (
                "d",
                Arc::new(
                    Int64Array::new(numbers.into(), Some(nulls(2)))
                        .reinterpret_cast::<TimestampMicrosecondType>(),
                ),
            ),
            ("f", Arc::new(BooleanArray::new(flags, Some(nulls(2))))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
            .unwrap()
            .slice(before, 20)
    };
    let (one, two) = (batch(1, 0), batch(0x0048_4944_4445_4e21, 5));
    assert_eq!(one.column(1), two.column(1));
    let (one, two) = (normalise(&one).unwrap(), normalise(&two).unwrap());
    for column in 1..4 {
        assert_eq!(
            encoded(&one.project(&[column]).unwrap()),
            encoded(&two.project(&[column]).unwrap()),
            "{column}"
        );
    }
    let bytes = encoded(&two);
    assert!(!bytes.windows(other.len()).any(|window| window == other.as_bytes()));
    assert!(!bytes.windows(7).any(|window| window == b"!NEDDIH"));
}
