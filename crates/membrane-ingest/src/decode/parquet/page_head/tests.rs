//! Heads as the library writes them, and heads that are none.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Encoding;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use proptest::prelude::*;

use super::*;

/// Walks the pages of a column that was written with these properties.
fn heads(properties: WriterProperties) -> Vec<PageHead> {
    let texts: ArrayRef =
        Arc::new((0..1000).map(|row| Some(format!("text {}", row % 10))).collect::<StringArray>());
    let batch = RecordBatch::try_from_iter(vec![("a", texts)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    let file = bytes::Bytes::from(writer.into_inner().unwrap());
    let reader = SerializedFileReader::new(file.clone()).unwrap();
    let column = reader.metadata().row_group(0).column(0).clone();
    let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
    let mut at = usize::try_from(start).unwrap();
    let end = at + usize::try_from(column.compressed_size()).unwrap();
    let mut heads = Vec::new();
    while at < end {
        let head = PageHead::read(&file[at..]).unwrap();
        // However little is there, the head is read whole or not at all.
        assert!((0..head.length).all(|length| PageHead::read(&file[at..at + length]) == Err(Unread::Short)));
        at += head.length + usize::try_from(head.compressed).unwrap();
        heads.push(head);
    }
    assert_eq!(at, end, "the pages fill the column");
    let total: u64 = heads.iter().map(|head| head.uncompressed + head.length as u64).sum();
    assert_eq!(i64::try_from(total).unwrap(), column.uncompressed_size());
    heads
}

#[test]
fn heads_are_those_that_were_written() {
    let common = || {
        WriterProperties::builder()
            .set_data_page_row_count_limit(400)
            .set_write_batch_size(100)
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_write_page_header_statistics(true)
    };
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let with_dictionary = heads(common().set_writer_version(version).build());
        let values: Vec<u64> = with_dictionary.iter().map(|head| head.values).collect();
        assert_eq!(values, [10, 400, 400, 200], "{version:?}");
        assert!(
            with_dictionary[0].is_dictionary && with_dictionary[1..].iter().all(|head| !head.is_dictionary)
        );
        assert!(with_dictionary[1..].iter().all(|head| [2, 8].contains(&head.encoding)));
        for (encoding, number) in [(Encoding::PLAIN, 0), (Encoding::DELTA_BYTE_ARRAY, 7)] {
            let properties = common().set_writer_version(version).set_dictionary_enabled(false);
            let plain = heads(properties.set_encoding(encoding).build());
            assert_eq!(plain.len(), 3);
            assert!(plain.iter().all(|head| head.encoding == number), "{version:?} {encoding:?}");
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(head) = PageHead::read(&bytes) {
            prop_assert!(head.length <= bytes.len());
        }
    }
}

#[test]
fn deep_and_endless_structures_are_refused() {
    // Structures, and lists, in one another.
    assert_eq!(PageHead::read(&[0x1c; 10_000]), Err(Unread::Broken));
    let mut lists = vec![0x19];
    lists.extend([0x19; 10_000]);
    assert_eq!(PageHead::read(&lists), Err(Unread::Broken));
    assert_eq!(PageHead::read(&[0]), Err(Unread::Broken), "a page without sizes");
    assert_eq!(PageHead::read(&[0xff; 20]), Err(Unread::Broken));
}
