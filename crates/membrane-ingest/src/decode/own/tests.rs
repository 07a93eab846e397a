use std::sync::Arc;

use super::*;
use crate::fixture::delivery;

/// Names, types and why a column is not read.
fn own(bytes: impl Into<Vec<u8>>, format: Format) -> Vec<(String, Option<LogicalType>, Option<Unread>)> {
    let found = own_columns(delivery(bytes).0, format, &Limits::default()).unwrap();
    found.into_iter().map(|column| (column.name, column.logical_type, column.unread)).collect()
}

fn text(name: &str) -> (String, Option<LogicalType>, Option<Unread>) {
    (name.to_owned(), None, None)
}

#[test]
fn a_header_names_the_columns() {
    assert_eq!(own("a,b\n1,2\n", Format::Csv), [text("a"), text("b")]);
    assert_eq!(own("\u{feff}a;\"b c\";手机\n1;2;3\n", Format::Csv), [text("a"), text("b c"), text("手机")]);
    let double = own("a,,a\n1,2,3\n", Format::Csv);
    assert_eq!(double[0].2, Some(Unread::Twice));
    assert_eq!((double[1].2, double[2].2), (Some(Unread::NoName), Some(Unread::Twice)));
    assert!(own_columns(delivery("").0, Format::Csv, &Limits::default()).is_err());
}

#[test]
fn fields_of_all_lines_name_the_columns() {
    let lines = "{\"a\":1,\"b\":{\"c\":2}}\n\nnot json\n{\"d\\u0065\":[1],\"a\":null}";
    assert_eq!(own(lines, Format::Ndjson), [text("a"), text("b"), text("de")]);
}

#[test]
fn a_schema_names_columns_and_types() {
    use arrow::array::{ArrayRef, Int64Array, ListArray, StringArray};
    use arrow::ipc::writer::StreamWriter;
    use arrow::record_batch::RecordBatch;

    let list = ListArray::from_iter_primitive::<arrow::datatypes::Int64Type, _, _>([Some(vec![Some(1)])]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("n", Arc::new(Int64Array::from(vec![1]))),
        ("t", Arc::new(StringArray::from(vec!["x"]))),
        ("l", Arc::new(list)),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut parquet = Vec::new();
    let mut writer = ::parquet::arrow::ArrowWriter::try_new(&mut parquet, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let mut arrow = Vec::new();
    let mut writer = StreamWriter::try_new(&mut arrow, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    for (bytes, format) in [(parquet, Format::Parquet), (arrow, Format::ArrowIpc)] {
        let found = own(bytes, format);
        assert_eq!(found[0], ("n".to_owned(), Some(LogicalType::Integer), None), "{format}");
        assert_eq!((&found[1], found[2].2), (&text("t"), Some(Unread::Type)), "{format}");
    }
}
