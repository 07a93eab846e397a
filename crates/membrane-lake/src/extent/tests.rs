use arrow::datatypes::Field;

use super::*;

fn schema() -> Schema {
    let field = |name: &str, data_type| Field::new(name, data_type, true);
    Schema::new(vec![
        field("id", DataType::Int64),
        field("price", DataType::Decimal128(15, 2)),
        field("day", DataType::Date32),
        field("note", DataType::Utf8View),
    ])
}

/// A column with its least and greatest value.
type Bounds<'a> = (&'a str, i128, i128);

fn check(files: &[&str], expected: Option<(u64, &[Bounds<'_>])>) {
    let found = Extent::of_files(&schema(), files.iter().map(|file| Some((*file).to_owned())));
    let expected = expected.map(|(rows, ranges)| Extent {
        rows,
        ranges: ranges.iter().map(|(name, low, high)| ((*name).to_owned(), (*low, *high))).collect(),
    });
    assert_eq!(found, expected, "{files:?}");
}

#[test]
fn files_are_put_together() {
    let one = r#"{"numRecords":2,"minValues":{"id":-3,"price":0.07,"day":"1970-01-02","note":"a"},
        "maxValues":{"id":4,"price":19.99,"day":"1970-02-01","note":"b"},"nullCount":{"id":0}}"#;
    let other = r#"{"numRecords":1,"minValues":{"id":9,"price":5},"maxValues":{"id":9,"price":5},
        "nullCount":{"day":1}}"#;
    check(&[one, other], Some((3, &[("id", -3, 9), ("price", 7, 1999), ("day", 1, 31)])));
    check(&[], Some((0, &[])));
}

#[test]
fn what_a_file_does_not_say_is_not_known() {
    let one = r#"{"numRecords":2,"minValues":{"id":1},"maxValues":{"id":2},"nullCount":{}}"#;
    let silent = r#"{"numRecords":2,"nullCount":{"id":1}}"#;
    check(&[one, silent], Some((4, &[])));
    check(&[silent, one], Some((4, &[])));
    check(&[one, r#"{"minValues":{"id":1}}"#], None);
    check(&[one, "no JSON"], None);
    assert_eq!(Extent::of_files(&schema(), std::iter::once(None)), None);
}

/// However rows are spread over files, the extent is the same.
#[test]
fn files_do_not_show() {
    let file = |rows: u64, low: i64, high: i64| {
        format!(
            r#"{{"numRecords":{rows},"minValues":{{"id":{low}}},"maxValues":{{"id":{high}}},"nullCount":{{"id":0}}}}"#
        )
    };
    let extent = |files: &[String]| Extent::of_files(&schema(), files.iter().cloned().map(Some));
    let whole = extent(&[file(10, 1, 10)]);
    assert_eq!(extent(&[file(5, 6, 10), file(5, 1, 5)]), whole);
    assert_eq!(extent(&[file(1, 1, 1), file(8, 2, 9), file(1, 10, 10)]), whole);
}
