//! Cutting: bounded, complete, in order.

use arrow::array::{
    AsArray, DictionaryArray, Int32Array, Int64Array, NullArray, StringArray, StringViewArray,
};
use arrow::datatypes::{Field, Int32Type, TimeUnit};
use membrane_model::LogicalType;

use super::super::BATCH_ROWS;
use super::*;
use crate::fixture::plain;

const MIB: usize = 1 << 20;

fn cutter(columns: &[(&str, LogicalType)], sources: Vec<Option<usize>>, record_bytes_max: usize) -> Cutter {
    Cutter::new(&Wanted::from(&plain(columns)), sources, &Limits { record_bytes_max, ..Limits::default() })
}

/// Cuts batches of one text column and one number, and returns all that comes out.
fn cut_all(batches: Vec<RecordBatch>, record_bytes_max: usize) -> Vec<Delivered> {
    let columns = [("a", LogicalType::String), ("n", LogicalType::Integer)];
    let mut cutter = cutter(&columns, vec![Some(0), Some(1)], record_bytes_max);
    let mut delivered = Vec::new();
    for batch in batches {
        cutter.push(batch);
        while let Some(batch) = cutter.pop(false).unwrap() {
            delivered.push(batch);
        }
    }
    delivered.extend(cutter.pop(true).unwrap());
    assert!(cutter.pop(true).unwrap().is_none());
    delivered
}

fn batch(texts: ArrayRef) -> RecordBatch {
    let numbers: Int64Array = (0..i64::try_from(texts.len()).unwrap()).collect();
    RecordBatch::try_from_iter(vec![("a", texts), ("n", Arc::new(numbers))]).unwrap()
}

/// One long text, the value of every row: as a dictionary and as views of one buffer.
fn shared(length: usize, rows: usize) -> [ArrayRef; 2] {
    let text = "x".repeat(length);
    let values: ArrayRef = Arc::new(StringArray::from(vec![text.as_str()]));
    let keys = Int32Array::from(vec![0; rows]);
    let dictionary = DictionaryArray::<Int32Type>::new(keys, Arc::clone(&values));
    let one = StringViewArray::from(vec![text.as_str()]);
    let views = take(&one, &UInt64Array::from(vec![0; rows]), None).unwrap();
    [Arc::new(dictionary), views]
}

#[test]
fn a_value_that_all_rows_share_is_laid_out_in_bounded_pieces() {
    for texts in shared(MIB - 100, 200) {
        let batches = cut_all(vec![batch(texts)], MIB);
        assert!(batches.iter().all(|batch| batch.positions.len() <= 9), "a batch has 8 MiB of text");
        let rows: Vec<i64> = batches.iter().flat_map(|batch| batch.positions.clone()).collect();
        assert_eq!(rows, (1..=200).collect::<Vec<i64>>());
        for batch in &batches {
            assert_eq!(batch.columns[0].len(), batch.positions.len());
            assert_eq!(batch.columns[0].as_string::<i32>().value(0).len(), MIB - 100);
        }
    }
}

/// 16,384 rows that each would be set aside with 64 KiB of text: a GiB, were it one batch.
#[test]
fn rows_that_are_too_long_are_set_aside_in_bounded_pieces() {
    for texts in shared(MIB, BATCH_ROWS) {
        let mut cutter = cutter(&[("a", LogicalType::String)], vec![Some(0)], MIB - 1);
        cutter.push(RecordBatch::try_from_iter(vec![("a", texts)]).unwrap());
        let mut rows = 0;
        while let Some(batch) = cutter.pop(true).unwrap() {
            assert!(batch.positions.is_empty() && batch.malformed.len() <= 129);
            for malformed in &batch.malformed {
                rows += 1;
                assert_eq!(malformed.position, rows);
                assert!(malformed.raw.starts_with("{\"a\":\"xxx") && malformed.raw.len() <= RAW_BYTES_MAX);
            }
        }
        assert_eq!(rows, 16_384);
    }
}

#[test]
fn long_rows_go_and_their_neighbours_stay() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("ab"), Some("long text"), None, Some("cd")]));
    let batches = cut_all(vec![batch(texts)], 4);
    let [only] = batches.as_slice() else { panic!("{}", batches.len()) };
    assert_eq!(only.positions, [1, 3, 4]);
    let texts: Vec<Option<&str>> = only.columns[0].as_string::<i32>().iter().collect();
    assert_eq!(texts, [Some("ab"), None, Some("cd")]);
    let numbers = only.columns[1].as_primitive::<arrow::datatypes::Int64Type>();
    assert_eq!(numbers.values(), &[0, 2, 3]);
    assert_eq!(
        (only.malformed[0].position, only.malformed[0].raw.as_str()),
        (2, "{\"a\":\"long text\",\"n\":\"1\"}")
    );
}

#[test]
fn small_batches_are_put_together() {
    let texts = |start: usize| -> ArrayRef {
        Arc::new((start..start + 100).map(|row| Some(format!("t{row}"))).collect::<StringArray>())
    };
    let batches = cut_all((0..400).map(|at| batch(texts(at * 100))).collect(), MIB);
    let rows: Vec<usize> = batches.iter().map(|batch| batch.positions.len()).collect();
    assert_eq!(rows, [BATCH_ROWS, BATCH_ROWS, 40_000 - 2 * BATCH_ROWS]);
    assert_eq!(batches[1].columns[0].as_string::<i32>().value(0), format!("t{BATCH_ROWS}"));
    assert_eq!(batches[2].positions.last(), Some(&40_000));
}

/// A column of type null needs no bytes: a message of nothing may have any number of rows.
#[test]
fn rows_without_bytes_are_cut_as_they_come() {
    let mut cutter = cutter(&[("a", LogicalType::String)], vec![Some(0)], MIB);
    let nothing: ArrayRef = Arc::new(NullArray::new(1 << 40));
    cutter.push(RecordBatch::try_from_iter(vec![("a", nothing)]).unwrap());
    for _ in 0..3 {
        assert_eq!(cutter.pop(false).unwrap().unwrap().positions.len(), BATCH_ROWS);
    }
}

#[test]
fn wide_datasets_have_fewer_rows_in_a_batch() {
    let names: Vec<String> = (0..2000).map(|at| format!("c{at}")).collect();
    let columns: Vec<(&str, LogicalType)> =
        names.iter().map(|name| (name.as_str(), LogicalType::Integer)).collect();
    let mut cutter = cutter(&columns, vec![Some(0); 2000], MIB);
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1; 5000]));
    cutter.push(RecordBatch::try_from_iter(vec![("c0", numbers)]).unwrap());
    let first = cutter.pop(false).unwrap().unwrap();
    assert_eq!(first.positions.len(), 524);
    assert!(batch_rows(12) == BATCH_ROWS && batch_rows(64) == BATCH_ROWS && batch_rows(1 << 40) == 1);
}

/// What is kept must not keep the message that it came in.
#[test]
fn pieces_do_not_hold_what_they_were_cut_from() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(1000); 20_000]));
    for batch in cut_all(vec![batch(texts)], MIB) {
        for column in &batch.columns {
            let used = column.to_data().get_slice_memory_size().unwrap();
            assert!(column.get_array_memory_size() <= used * 2 + SMALL_BYTES, "{}", column.data_type());
        }
    }
}

#[test]
fn types_are_named_without_what_the_deliverer_wrote_in_them() {
    let canary = Arc::new(Field::new("canary", DataType::Utf8, true));
    for (found, expected) in [
        (DataType::Struct(vec![Arc::clone(&canary)].into()), "Struct"),
        (DataType::List(Arc::clone(&canary)), "List"),
        (DataType::FixedSizeList(Arc::clone(&canary), 2), "List"),
        (DataType::Map(Arc::clone(&canary), false), "Map"),
        (DataType::Timestamp(TimeUnit::Second, Some("canary".into())), "Timestamp"),
        (
            DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::List(canary))),
            "Dictionary of List",
        ),
        (DataType::Int32, "Int32"),
    ] {
        assert_eq!(shown(&found), expected);
    }
}
