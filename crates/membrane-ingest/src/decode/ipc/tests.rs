//! Arrow IPC deliveries, good and bad.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use membrane_catalog::OnTruncated;
use membrane_model::LogicalType;

use super::super::BATCH_ROWS;
use super::*;
use crate::fixture::{all, content, plain};

fn batch(rows: usize) -> RecordBatch {
    let names: StringArray = (0..rows).map(|row| Some(format!("name {row}"))).collect();
    let dictionary = arrow::compute::cast(
        &names,
        &arrow::datatypes::DataType::Dictionary(
            Box::new(arrow::datatypes::DataType::Int32),
            Box::new(arrow::datatypes::DataType::Utf8),
        ),
    );
    let values: Int64Array = (0..i64::try_from(rows).unwrap()).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![("n", Arc::new(values)), ("a", dictionary.unwrap())];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn stream(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch(0).schema()).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

fn open(bytes: Vec<u8>) -> IpcDecoder {
    let dataset = plain(&[("a", LogicalType::String), ("n", LogicalType::Integer)]);
    IpcDecoder::open(content(bytes, OnTruncated::Stop), &dataset, &Limits::default())
}

#[test]
fn streams_and_files_become_batches_of_our_size() {
    let large = batch(BATCH_ROWS + 5);
    let mut file = FileWriter::try_new(Vec::new(), &large.schema()).unwrap();
    file.write(&large).unwrap();
    for bytes in [stream(std::slice::from_ref(&large)), file.into_inner().unwrap()] {
        let batches = all(&mut open(bytes));
        let rows: Vec<usize> = batches.iter().map(|batch| batch.positions.len()).collect();
        assert_eq!(rows, [BATCH_ROWS, 5]);
        let names = batches[1].columns[0].as_string::<i32>();
        assert_eq!(names.value(4), format!("name {}", BATCH_ROWS + 4));
        assert_eq!(batches[1].positions[4], i64::try_from(BATCH_ROWS + 5).unwrap());
    }
    assert!(all(&mut open(stream(&[]))).is_empty());
}

#[test]
fn what_is_no_stream_is_one_error() {
    let refused = |bytes: Vec<u8>| {
        let mut decoder = open(bytes);
        loop {
            match decoder.next() {
                Ok(batch) => assert!(batch.is_some(), "was not refused"),
                Err(error) => break error.to_string(),
            }
        }
    };
    let cut_off = IngestError::CutOff.to_string();
    let whole = stream(&[batch(10), batch(10)]);
    assert_eq!(refused(Vec::new()), cut_off);
    assert_eq!(refused(whole[..whole.len() / 2].to_vec()), cut_off);
    // Cut exactly between two messages.
    assert_eq!(refused(whole[..whole.len() - 8].to_vec()), cut_off);
    assert_eq!(
        refused(b"{\"a\":\"x\",\"n\":1}".to_vec()),
        "the input is not Arrow IPC: it does not start with a message"
    );
    let mut huge = vec![0xff; 4];
    huge.extend(u32::MAX.to_le_bytes());
    assert!(refused(huge).contains("larger than 4194304 bytes"));
}

fn compressed(codec: CompressionType, batches: &[RecordBatch]) -> Vec<u8> {
    let options = IpcWriteOptions::default().try_with_compression(Some(codec)).unwrap();
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn both_codecs_of_feather_files_are_read() {
    for codec in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        let options = IpcWriteOptions::default().try_with_compression(Some(codec)).unwrap();
        let rows = batch(3000);
        let mut file = FileWriter::try_new_with_options(Vec::new(), &rows.schema(), options).unwrap();
        file.write(&rows).unwrap();
        for bytes in [compressed(codec, std::slice::from_ref(&rows)), file.into_inner().unwrap()] {
            let batches = all(&mut open(bytes));
            assert_eq!(batches[0].columns[0].as_string::<i32>().value(2999), "name 2999", "{codec:?}");
            assert_eq!(batches[0].columns[1].null_count(), 0);
        }
    }
}

/// A message that is small as it comes and large as it becomes.
#[test]
fn a_message_that_unfolds_too_far_is_refused_before_it_is_decoded() {
    let zeros: Int64Array = vec![0; 17 << 20].into();
    let rows = RecordBatch::try_from_iter(vec![("n", Arc::new(zeros) as ArrayRef)]).unwrap();
    for codec in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        let bytes = compressed(codec, std::slice::from_ref(&rows));
        assert!(bytes.len() < 2 << 20, "{}", bytes.len());
        let error = open(bytes).next().unwrap_err();
        assert!(
            error.to_string().contains("larger than 134217728 bytes: send smaller record batches"),
            "{error}"
        );
    }
}

/// Each dictionary is within bounds; all that must be kept are not.
#[test]
fn dictionaries_that_stay_are_counted_together() {
    let mut decoder = open(stream(&[]));
    let weight = |id, mib: u64, is_delta| Weight::Dictionary { id, bytes: mib << 20, is_delta };
    decoder.keep(weight(1, 100, false)).unwrap();
    decoder.keep(weight(1, 120, false)).unwrap();
    decoder.keep(weight(2, 8, false)).unwrap();
    decoder.keep(Weight::Rows).unwrap();
    assert!(decoder.keep(weight(3, 1, false)).is_err());
    let mut decoder = open(stream(&[]));
    decoder.keep(weight(1, 100, false)).unwrap();
    assert!(decoder.keep(weight(1, 100, true)).is_err(), "a delta is added to what is there");
}

#[test]
fn a_stream_that_is_cut_off_is_saved_up_to_there_when_that_is_wanted() {
    let whole = stream(&[batch(10), batch(10)]);
    let dataset = plain(&[("a", LogicalType::String), ("n", LogicalType::Integer)]);
    for (length, rows) in [(whole.len() - 8, 20), (whole.len() - 9, 10), (whole.len() - 200, 10)] {
        let cut = content(&whole[..length], OnTruncated::Save);
        let mut decoder = IpcDecoder::open(cut, &dataset, &Limits::default());
        let batches = all(&mut decoder);
        let positions: Vec<i64> = batches.iter().flat_map(|batch| batch.positions.clone()).collect();
        assert_eq!(positions.len(), rows, "{length}");
        let bad: Vec<i64> =
            batches.iter().flat_map(|batch| &batch.malformed).map(|bad| bad.position).collect();
        assert_eq!(bad, [i64::try_from(rows + 1).unwrap()]);
        assert!(batches.iter().all(|batch| batch.columns.len() == 2) && decoder.found().is_cut);
    }
    let nothing = content(&whole[..4], OnTruncated::Save);
    let error = IpcDecoder::open(nothing, &dataset, &Limits::default()).next().unwrap_err();
    assert!(matches!(error, IngestError::CutOff), "{error:?}");
}
