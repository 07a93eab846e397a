//! Parquet deliveries, good and bad, as files and as streams.

use arrow::array::{Array, AsArray, DictionaryArray, Int32Array, ListArray, StringArray};
use arrow::datatypes::{Int32Type, Int64Type};
use membrane_catalog::{Dataset, OnTruncated};
use membrane_model::LogicalType;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaDataBuilder, ParquetMetaDataReader, ParquetMetaDataWriter,
};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};

use super::super::BATCH_ROWS;
use super::*;
use crate::InputSource;
use crate::fixture::{all, content, members, opened, plain};

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

fn open(bytes: Vec<u8>, dataset: &Dataset) -> Result<ParquetDecoder, IngestError> {
    ParquetDecoder::open(content(bytes, OnTruncated::Stop), dataset, &Limits::default())
}

fn refused(dataset: &Dataset, bytes: Vec<u8>) -> String {
    match open(bytes, dataset) {
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
    let (file, _) = opened(InputSource::File(path));
    let file = Content::open(file, None, OnTruncated::Stop).unwrap();
    let mut file = ParquetDecoder::open(file, &dataset(), &Limits::default()).unwrap();
    assert_eq!(file.records(), Some(u64::try_from(rows).unwrap()));
    let from_file = all(&mut file);
    let from_stream = all(&mut open(bytes, &dataset()).unwrap());
    assert_eq!(from_file.len(), 3);
    for (file, stream) in from_file.iter().zip(&from_stream) {
        assert_eq!((&file.positions, &file.columns), (&stream.positions, &stream.columns));
        assert_eq!(file.columns.len(), 3);
    }
    assert_eq!(from_file[2].positions.last().copied(), Some(i64::from(rows)));
    assert_eq!(from_file[0].columns[1].data_type(), &DataType::Int32);
    assert_eq!(from_file[0].columns[2].data_type(), &DataType::Null);
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

fn written(columns: Vec<(&str, ArrayRef)>, properties: WriterPropertiesBuilder) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.build())).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn texts(rows: usize, text: impl Fn(usize) -> String) -> ArrayRef {
    Arc::new((0..rows).map(|row| Some(text(row))).collect::<StringArray>())
}

#[test]
fn every_codec_that_others_write_is_read() {
    for codec in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
    ] {
        let bytes = written(
            vec![("a", texts(3000, |row| format!("name {row}")))],
            WriterProperties::builder().set_compression(codec),
        );
        let batches = all(&mut open(bytes, &dataset()).unwrap());
        assert_eq!(batches[0].columns[0].as_string::<i32>().value(2999), "name 2999", "{codec:?}");
    }
}

/// Says in the footer that the columns are compressed in another way.
fn with_codec(bytes: &[u8], codec: Compression) -> Vec<u8> {
    let file = ::bytes::Bytes::from(bytes.to_vec());
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&file).unwrap();
    let footer = u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().unwrap());
    let groups = metadata.row_groups().iter().map(|group| {
        let other = |column: &ColumnChunkMetaData| {
            column.clone().into_builder().set_compression(codec).build().unwrap()
        };
        let columns = group.columns().iter().map(other).collect();
        group.clone().into_builder().set_column_metadata(columns).build().unwrap()
    });
    let changed = ParquetMetaDataBuilder::new(metadata.file_metadata().clone())
        .set_row_groups(groups.collect())
        .build();
    let mut out = bytes[..bytes.len() - 8 - usize::try_from(footer).unwrap()].to_vec();
    ParquetMetaDataWriter::new(&mut out, &changed).finish().unwrap();
    out
}

#[test]
fn a_codec_that_is_not_there_is_named() {
    let bytes = with_codec(&numbers(10), Compression::BROTLI(parquet::basic::BrotliLevel::default()));
    assert_eq!(
        refused(&dataset(), bytes),
        "the input is not Parquet: column `n` is compressed with Brotli, which is not read here; Zstandard, \
         Snappy, LZ4 and gzip are"
    );
}

/// 1 MiB in the dictionary, and 2,000 rows that name it: 2 GiB when it is laid out.
#[test]
fn a_value_that_all_rows_share_is_read_in_bounded_pieces() {
    const LENGTH: usize = 1 << 20;
    let values: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(LENGTH)]));
    let rows = 2_000;
    let shared = DictionaryArray::<Int32Type>::new(Int32Array::from(vec![0; rows]), values);
    let properties = || WriterProperties::builder().set_dictionary_page_size_limit(4 << 20);
    let bytes = written(vec![("a", Arc::new(shared))], properties());
    assert!(bytes.len() < 3 << 20, "{}", bytes.len());
    let limits = Limits { record_bytes_max: LENGTH, ..Limits::default() };
    let mut decoder =
        ParquetDecoder::open(content(bytes.clone(), OnTruncated::Stop), &dataset(), &limits).unwrap();
    for _ in 0..20 {
        let batch = decoder.next().unwrap().unwrap();
        assert_eq!(batch.positions.len(), 8);
        assert_eq!(batch.columns[0].as_string::<i32>().value(7).len(), LENGTH);
    }
    // And one that is too long is set aside, row by row.
    let limits = Limits { record_bytes_max: LENGTH - 1, ..Limits::default() };
    let mut decoder = ParquetDecoder::open(content(bytes, OnTruncated::Stop), &dataset(), &limits).unwrap();
    let batch = decoder.next().unwrap().unwrap();
    assert!(batch.positions.is_empty() && batch.malformed.len() == 128, "{}", batch.malformed.len());
}

/// Texts that begin with the one before are short in the file and long in memory.
#[test]
fn texts_that_repeat_the_one_before_are_read_few_at_a_time() {
    let text = "x".repeat(100_000);
    let bytes = written(
        vec![("a", texts(5000, |row| format!("{text}{row}")))],
        WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_column_encoding("a".into(), Encoding::DELTA_BYTE_ARRAY),
    );
    assert!(bytes.len() < 1 << 20, "{}", bytes.len());
    let decoder = open(bytes, &dataset()).unwrap();
    let column = decoder.metadata.metadata().row_group(0).column(0).clone();
    let size = size::measure(&decoder.bytes, &column, true).unwrap();
    assert!(size.row > 100_000, "{size:?}");
    let mut decoder = decoder;
    let batches = all(&mut decoder);
    let rows: usize = batches.iter().map(|batch| batch.positions.len()).sum();
    assert_eq!(rows, 5000);
    assert!(batches.iter().all(|batch| batch.positions.len() <= 84), "8 MiB in a batch");
    assert!(
        batches.last().unwrap().columns[0]
            .as_string::<i32>()
            .iter()
            .last()
            .unwrap()
            .unwrap()
            .ends_with("x4999")
    );
}

/// Many columns with large pages: read side by side they would not fit, set by set they do.
#[test]
fn columns_that_do_not_fit_side_by_side_are_read_in_sets() {
    let names: Vec<String> = (0..70).map(|at| format!("c{at}")).collect();
    let columns: Vec<(&str, LogicalType)> =
        names.iter().map(|name| (name.as_str(), LogicalType::String)).collect();
    let dataset = plain(&columns);
    let column = |at: usize| texts(400, move |row| format!("{at:03} {row:03} {}", "y".repeat(10_000)));
    let delivered = names.iter().enumerate().map(|(at, name)| (name.as_str(), column(at))).collect();
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_data_page_size_limit(16 << 20);
    let mut decoder = open(written(delivered, properties), &dataset).unwrap();
    let Open::Sets { plan, .. } = decoder.open_group(0).unwrap() else { panic!("it fits") };
    assert!(plan.sets.len() > 1 && plan.rows < 400, "{plan:?}");
    let batches = all(&mut decoder);
    let mut row = 0;
    for batch in &batches {
        for at in 0..batch.positions.len() {
            for (column, texts) in batch.columns.iter().enumerate() {
                let text = texts.as_string::<i32>().value(at);
                assert!(text.starts_with(&format!("{column:03} {row:03} y")), "row {row} of column {column}");
            }
            row += 1;
        }
    }
    assert_eq!(row, 400);
}

/// A page of a few bytes that unfolds to more than memory has is not unfolded.
#[test]
fn a_page_that_is_too_large_is_refused_before_it_is_decoded() {
    let bytes = written(
        vec![("a", texts(250, |_| "z".repeat(1 << 20)))],
        WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_data_page_size_limit(1 << 30)
            .set_write_batch_size(1024),
    );
    assert!(bytes.len() < 1 << 20, "{}", bytes.len());
    let error = refused(&dataset(), bytes);
    assert_eq!(error, "one piece of the input is larger than 201326592 bytes: write smaller pages");
}

#[test]
fn a_footer_that_is_too_large_is_refused_before_it_is_parsed() {
    let mut bytes = numbers(10);
    let place = bytes.len() - 8;
    bytes.splice(place..place + 4, (u32::MAX).to_le_bytes());
    assert!(refused(&dataset(), bytes).contains("write larger row groups"));
}

#[test]
fn wide_numbers_are_refused() {
    let wide = arrow::array::FixedSizeBinaryArray::try_from_iter(vec![vec![0_u8; 100]].into_iter()).unwrap();
    assert!(refused(&dataset(), bytes(vec![("n", Arc::new(wide))])).starts_with("column `n` is of type"));
    let numbers: ArrayRef = Arc::new(arrow::array::Int64Array::from(vec![7]));
    let batches = all(&mut open(bytes(vec![("n", numbers)]), &dataset()).unwrap());
    assert_eq!(batches[0].columns[1].as_primitive::<Int64Type>().value(0), 7);
}
