//! Parquet deliveries, good and bad, as files and as streams.

use arrow::array::{ArrayRef, Int32Array, ListArray, StringArray};
use arrow::datatypes::Int32Type;
use arrow::record_batch::RecordBatch;
use membrane_model::LogicalType;
use parquet::arrow::ArrowWriter;

use super::*;
use crate::InputSource;
use crate::fixture::{all, delivery, members, plain, runtime, scratch};

fn bytes(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn numbers(rows: i32) -> Vec<u8> {
    let names: StringArray = (0..rows).map(|row| Some(format!("name {row}"))).collect();
    let values: Int32Array = (0..rows).collect();
    bytes(vec![("x", Arc::new(values.clone())), ("n", Arc::new(values)), ("a", Arc::new(names))])
}

fn dataset() -> Dataset {
    plain(&[("a", LogicalType::String), ("n", LogicalType::Integer), ("z", LogicalType::Date)])
}

fn refused(dataset: &Dataset, bytes: Vec<u8>) -> String {
    match ParquetDecoder::open(delivery(bytes).0, dataset) {
        Err(error) => error.to_string(),
        Ok(mut decoder) => loop {
            match decoder.next() {
                Ok(batch) => assert!(batch.is_some(), "was not refused"),
                Err(error) => break error.to_string(),
            }
        },
    }
}

#[test]
fn files_and_streams_give_the_same_batches() {
    let rows = i32::try_from(BATCH_ROWS).unwrap() * 2 + 5;
    let bytes = numbers(rows);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n.parquet");
    std::fs::write(&path, &bytes).unwrap();
    let file = InputSource::File(path);
    let (file, _) = Delivery::open(file, scratch(folder.path()), runtime().handle().clone()).unwrap();
    let from_file = all(&mut ParquetDecoder::open(file, &dataset()).unwrap());
    let from_stream = all(&mut ParquetDecoder::open(delivery(bytes).0, &dataset()).unwrap());
    assert_eq!(from_file.len(), 3);
    for (file, stream) in from_file.iter().zip(&from_stream) {
        assert_eq!((&file.positions, &file.columns), (&stream.positions, &stream.columns));
        assert_eq!(file.columns.len(), 3);
    }
    assert_eq!(from_file[2].positions.last().copied(), Some(i64::from(rows)));
    assert_eq!(from_file[0].columns[1].data_type(), &arrow::datatypes::DataType::Int32);
    assert_eq!(from_file[0].columns[2].data_type(), &arrow::datatypes::DataType::Null);
}

#[test]
fn what_is_no_parquet_is_one_error() {
    let whole = numbers(1000);
    let cut = whole[..whole.len() / 2].to_vec();
    let text = "the input is not Parquet: its footer cannot be read; it may be cut off";
    assert_eq!(refused(&dataset(), cut), text);
    assert_eq!(refused(&dataset(), b"a,n\n1,2\n3,4\n5,6\n".to_vec()), text);
    assert!(refused(&dataset(), Vec::new()).starts_with("the input is not Parquet: "));

    let mut damaged = whole;
    let half = damaged.len() / 2;
    for byte in &mut damaged[4..half] {
        *byte ^= 0x5a;
    }
    assert!(refused(&dataset(), damaged).starts_with("the input is not Parquet: "));
}

#[test]
fn columns_that_do_not_fit_are_told() {
    let ints: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]));
    assert_eq!(
        refused(&dataset(), bytes(vec![("a", Arc::clone(&ints))])),
        "column `a` is of type Int32 in the input, which cannot become string"
    );
    assert!(refused(&dataset(), bytes(vec![("n", list)])).starts_with("column `n` is of type List"));
    assert_eq!(
        refused(&dataset(), bytes(vec![("other", Arc::clone(&ints))])),
        "the input names none of the contract's columns: a, n, z"
    );
    assert_eq!(
        refused(&members(), bytes(vec![("phone", Arc::new(StringArray::from(vec!["1"])))])),
        "the input lacks required columns: member_no"
    );
}
