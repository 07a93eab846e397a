use std::sync::Arc;

use arrow::array::{AsArray, Int64Array, StringArray};
use arrow::datatypes::{DataType, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{ParquetFile, ROW_GROUP_ROWS, schema};

#[test]
fn row_groups_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let schema = schema(vec![("id", DataType::Int64), ("text", DataType::Utf8)]);
    let mut file = ParquetFile::create(folder.path(), "x.parquet", schema, &["id"]).unwrap();
    let rows = i64::try_from(ROW_GROUP_ROWS).unwrap() * 2 + 10;
    file.write(vec![
        Arc::new(Int64Array::from_iter_values(0..rows)),
        Arc::new(StringArray::from_iter((0..rows).map(|_| None::<&str>))),
    ])
    .unwrap();
    assert!(!folder.path().join("x.parquet").exists(), "the file shows before it is whole");
    let bytes = file.finish().unwrap();

    let path = folder.path().join("x.parquet");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), bytes);
    let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 3);
    let sum: i64 = reader
        .build()
        .unwrap()
        .map(|batch| batch.unwrap().column(0).as_primitive::<Int64Type>().iter().flatten().sum::<i64>())
        .sum();
    assert_eq!(sum, rows * (rows - 1) / 2);
}

#[test]
fn a_file_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let schema = schema(vec![("id", DataType::Int64)]);
    drop(ParquetFile::create(folder.path(), "x.parquet", schema, &[]).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
