use std::sync::Arc;

use super::*;
use crate::fixture::delivery;

/// Names, types and why a column is not read.
fn own(bytes: impl Into<Vec<u8>>, format: Format) -> Vec<(String, Option<LogicalType>, Option<Unread>)> {
    let found = own_columns(delivery(bytes).0, format, &Limits::default(), &Reading::default()).unwrap();
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
    assert!(own_columns(delivery("").0, Format::Csv, &Limits::default(), &Reading::default()).is_err());
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

#[test]
fn fields_of_all_elements_name_the_columns() {
    let array = "[{\"a\":1,\"b\":{\"c\":[2]}},\n 7, {\"d\":null,\n\"a\":2}]";
    assert_eq!(own(array, Format::Json), [text("a"), text("b"), text("d")]);
    assert_eq!(own("{\"a\":1}\n{\"b\":1}\n", Format::Json), [text("a"), text("b")]);
    let many: String = (0..3_000).map(|field| format!("{{\"f{field}\":1}}\n")).collect();
    assert_eq!(own(many, Format::Ndjson).len(), COLUMNS_MAX);
}

const AVRO: [&[u8]; 2] = [
    include_bytes!("../avro/samples/orders.null.avro"),
    include_bytes!("../avro/samples/orders.zstandard.avro"),
];
const ORDERS: &[u8] = include_bytes!("../excel/samples/orders.xlsx");
const MONTHS: &[u8] = include_bytes!("../excel/samples/months.xlsx");

fn named<'a>(
    found: &'a [(String, Option<LogicalType>, Option<Unread>)],
    name: &str,
) -> &'a (String, Option<LogicalType>, Option<Unread>) {
    found.iter().find(|(found, ..)| found == name).unwrap()
}

#[test]
fn the_schema_of_avro_names_columns_and_types() {
    for sample in AVRO {
        let found = own(sample, Format::Avro);
        assert_eq!(named(&found, "a"), &text("a"));
        assert_eq!(named(&found, "e"), &text("e"), "a symbol is text");
        assert_eq!(named(&found, "n").1, Some(LogicalType::Integer));
        assert_eq!(named(&found, "f").1, Some(LogicalType::Number));
        assert!(matches!(named(&found, "m").1, Some(LogicalType::Decimal { .. })));
        assert_eq!(named(&found, "b").1, Some(LogicalType::Boolean));
        assert_eq!(named(&found, "d").1, Some(LogicalType::Date));
        assert_eq!(named(&found, "t").1, Some(LogicalType::Timestamp));
        assert!(found.iter().any(|(.., unread)| *unread == Some(Unread::Type)), "{found:?}");
    }
}

#[test]
fn the_first_row_of_a_sheet_names_the_columns_and_formats_of_cells_their_types() {
    let found = own(ORDERS, Format::Excel);
    assert_eq!((named(&found, "a"), named(&found, "n")), (&text("a"), &text("n")));
    assert_eq!(named(&found, "b").1, Some(LogicalType::Boolean));
    assert_eq!(named(&found, "t").1, Some(LogicalType::Timestamp));
    assert_eq!(named(&found, "d").1, None, "one of its four days is a number");
    let of_sheet = |sheet: Option<&str>| {
        let reading = Reading { sheet: sheet.map(str::to_owned), ..Reading::default() };
        own_columns(delivery(MONTHS).0, Format::Excel, &Limits::default(), &reading)
    };
    let columns = of_sheet(Some("二月")).unwrap();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["d", "a"]);
    assert_eq!(columns[0].logical_type, Some(LogicalType::Date));
    assert!(of_sheet(None).is_err(), "which sheet is meant was not said");
}

/// What is only looked at is never laid down: a packed file that is read back and forth is held.
#[test]
fn packed_files_of_every_format_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let packed = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, zstd::stream::encode_all(bytes, 3).unwrap()).unwrap();
        crate::source::SourceFile::open(&path).unwrap()
    };
    let of = |file: &crate::source::SourceFile, format: Format, reading: &Reading| {
        own_columns(Delivery::of_file(file).0, format, &Limits::default(), reading).unwrap()
    };
    let plain = Reading::default();
    assert_eq!(
        of(&packed("o.xlsx.zst", ORDERS), Format::Excel, &plain).len(),
        own(ORDERS, Format::Excel).len()
    );
    assert_eq!(
        of(&packed("o.avro.zst", AVRO[0]), Format::Avro, &plain).len(),
        own(AVRO[0], Format::Avro).len()
    );
    let chinese = encoding_rs::GB18030.encode("手机,a\n1,2\n").0.into_owned();
    let reading = Reading { encoding: "gb18030".parse().ok(), ..Reading::default() };
    assert_eq!(of(&packed("m.csv.zst", &chinese), Format::Csv, &reading)[0].name, "手机");
}
