use datafusion::arrow::array::{BooleanArray, DictionaryArray, Int64Array, StringArray, StringViewArray};
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
use datafusion::arrow::compute::{filter, nullif};
use datafusion::arrow::datatypes::{Field, Int32Type, Schema};
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::record_batch::RecordBatch;

use super::*;

const HIDDEN_LONG: &str = "hidden-canary-that-is-long";
const HIDDEN_SHORT: &str = "hiddenshort";

fn wire(array: &ArrayRef) -> Vec<u8> {
    let schema = Arc::new(Schema::new(vec![Field::new("c", array.data_type().clone(), true)]));
    let batch = RecordBatch::try_new(schema.clone(), vec![Arc::clone(array)]).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &schema).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

fn every_second(length: usize) -> BooleanArray {
    (0..length).map(|row| Some(row % 2 == 0)).collect()
}

#[test]
fn texts_of_dropped_rows_do_not_travel() {
    for hidden in [HIDDEN_LONG, HIDDEN_SHORT] {
        let all = StringViewArray::from_iter_values(["a shown text that is long", hidden, "shown", hidden]);
        let kept = filter(&all, &every_second(4)).unwrap();
        let cleaned = clean(&kept, LogicalType::String, true).unwrap();
        assert_eq!(&cleaned, &kept);
        assert!(!holds(&wire(&cleaned), hidden));
        assert!(holds(&wire(&cleaned), "a shown text that is long"));
    }
    // The control: without a rebuild the long text travels, so the check above can fail.
    let all = StringViewArray::from_iter_values(["a shown text that is long", HIDDEN_LONG]);
    let kept = filter(&all, &every_second(2)).unwrap();
    assert!(holds(&wire(&kept), HIDDEN_LONG));
}

#[test]
fn texts_under_nulls_do_not_travel() {
    for hidden in [HIDDEN_LONG, HIDDEN_SHORT] {
        let all: ArrayRef = Arc::new(StringViewArray::from_iter_values(["shown", hidden]));
        let nulled = nullif(&all, &BooleanArray::from(vec![false, true])).unwrap();
        let cleaned = clean(&nulled, LogicalType::String, true).unwrap();
        assert!(cleaned.is_null(1) && !holds(&wire(&cleaned), hidden));
    }
}

#[test]
fn numbers_under_nulls_become_zero() {
    let nulls = NullBuffer::new(BooleanBuffer::from(vec![true, false]));
    let all: ArrayRef = Arc::new(Int64Array::new(vec![1, 0x0048_4944_4445_4e21].into(), Some(nulls)));
    let cleaned = clean(&all, LogicalType::Integer, true).unwrap();
    assert_eq!(cleaned.as_primitive::<Int64Type>().values().to_vec(), [1, 0]);
}

#[test]
fn slots_under_nulls_become_zero_wherever_they_stand() {
    for rows in [1_usize, 7, 64, 65, 200] {
        for width in [1_usize, 2, 3, 64, 199] {
            let valid: Vec<bool> = (0..rows).map(|row| (row / width) % 2 == 0).collect();
            let nulls = Some(NullBuffer::from(valid.clone()));
            let numbers: ArrayRef = Arc::new(Int64Array::new(vec![0x21; rows].into(), nulls.clone()));
            let flags: ArrayRef = Arc::new(BooleanArray::new(BooleanBuffer::new_set(rows), nulls));
            // Also where the array is a part of a longer one.
            for start in [0, rows / 3] {
                let numbers = numbers.slice(start, rows - start);
                let clean_numbers = clean(&numbers, LogicalType::Integer, true).unwrap();
                let flags = flags.slice(start, rows - start);
                let clean_flags = clean(&flags, LogicalType::Boolean, true).unwrap();
                assert_eq!((&clean_numbers, &clean_flags), (&numbers, &flags));
                for (row, valid) in valid.iter().skip(start).enumerate() {
                    let value = clean_numbers.as_primitive::<Int64Type>().values()[row];
                    assert_eq!(value, if *valid { 0x21 } else { 0 }, "{rows} {width} {row}");
                    assert_eq!(clean_flags.as_boolean().values().value(row), *valid, "{rows} {width} {row}");
                }
            }
        }
    }
}

#[test]
fn plain_text_is_shown_as_views_and_dictionaries_are_refused() {
    let plain: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
    let cleaned = clean(&plain, LogicalType::String, false).unwrap();
    assert_eq!(*cleaned.data_type(), DataType::Utf8View);
    let dictionary: DictionaryArray<Int32Type> = ["a", "b"].into_iter().collect();
    assert_eq!(clean(&(Arc::new(dictionary) as ArrayRef), LogicalType::String, false), Err(ScanFault::Shape));
}

#[test]
fn types_that_the_contract_does_not_say_are_refused() {
    let number: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    for logical in [
        LogicalType::String,
        LogicalType::Boolean,
        LogicalType::Date,
        LogicalType::Timestamp,
        LogicalType::Decimal { precision: 12, scale: 2 },
    ] {
        assert!(clean(&number, logical, true).is_err(), "{logical}");
    }
}
