//! Workbooks, good and bad. `samples` were written by XlsxWriter 3.3 (`orders`) and openpyxl 3.1 (`months`).

use std::io::Write as _;

use arrow::array::{Array, AsArray};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use membrane_catalog::{Dataset, OnTruncated};

use super::*;
use crate::fixture::{MONEY, all, content, plain};

const ORDERS: &[u8] = include_bytes!("samples/orders.xlsx");
const MONTHS: &[u8] = include_bytes!("samples/months.xlsx");

fn orders() -> Dataset {
    plain(&[
        ("a", LogicalType::String),
        ("n", LogicalType::Integer),
        ("f", LogicalType::Number),
        ("m", MONEY),
        ("b", LogicalType::Boolean),
        ("d", LogicalType::Date),
        ("t", LogicalType::Timestamp),
    ])
}

fn open(
    bytes: impl Into<Vec<u8>>,
    dataset: &Dataset,
    sheet: Option<&str>,
) -> Result<ExcelDecoder, IngestError> {
    let limits = Limits { record_bytes_max: 256, ..Limits::default() };
    ExcelDecoder::open(content(bytes, OnTruncated::Save), dataset, &limits, sheet)
}

/// Reads a sheet: rows as `position:a|b`, wrong cells with a `?`, malformed records as `position!raw`.
fn read(bytes: impl Into<Vec<u8>>, dataset: &Dataset, sheet: Option<&str>) -> Vec<String> {
    let mut shown = Vec::new();
    for batch in all(&mut open(bytes, dataset, sheet).unwrap()) {
        for (row, position) in batch.positions.iter().enumerate() {
            let cell = |(at, column): (usize, &arrow::array::ArrayRef)| {
                let texts = column.as_string::<i32>();
                let mark = if batch.mistyped.contains(&(row, at)) { "?" } else { "" };
                format!("{}{mark}", if texts.is_valid(row) { texts.value(row) } else { "-" })
            };
            let cells: Vec<String> = batch.columns.iter().enumerate().map(cell).collect();
            shown.push((*position, format!("{position}:{}", cells.join("|"))));
        }
        shown.extend(
            batch.malformed.iter().map(|bad| (bad.position, format!("{}!{}", bad.position, bad.raw))),
        );
    }
    shown.sort();
    shown.into_iter().map(|(_, text)| text).collect()
}

fn refused(bytes: impl Into<Vec<u8>>, sheet: Option<&str>) -> String {
    let dataset = plain(&[("a", LogicalType::String)]);
    match open(bytes, &dataset, sheet) {
        Err(error) => error.to_string(),
        Ok(mut decoder) => std::iter::from_fn(|| Some(decoder.next()))
            .find_map(|next| match next {
                Ok(next) => next.is_none().then(|| "was not refused".to_owned()),
                Err(error) => Some(error.to_string()),
            })
            .unwrap(),
    }
}

#[test]
fn cells_become_values_of_their_kind() {
    assert_eq!(
        read(ORDERS, &orders(), None),
        [
            "1:中文 <&> \"x\"|13800138000|0.1|19.99|true|2026-03-01|2026-03-01T12:30:00.250Z",
            "2:line\r\nbreak|-2|1E+21|-0.01|false|1900-03-01|1999-12-31T23:59:59Z",
            "3:last|2|#DIV/0!?|7.50|-|2026-03-02|-",
            "4:42?|46082?|-|-|-|46082.5?|-",
            "5:merged|1|-|-|-|-|-",
            "6:-|2|-|-|-|-|-",
        ]
    );
    let found = open(ORDERS, &orders(), None).unwrap().found();
    assert_eq!((found.drift.columns, found.drift.names), (1, vec!["extra".to_owned()]));
}

#[test]
fn the_sheet_is_named_when_there_are_several() {
    let dataset = plain(&[("a", LogicalType::String), ("d", LogicalType::Date)]);
    assert_eq!(read(MONTHS, &dataset, Some("一月")), ["1:x|2026-01-31"]);
    assert_eq!(read(MONTHS, &dataset, Some("二月")), ["1:y|2026-02-28"]);
    assert_eq!(read(MONTHS, &dataset, Some("hidden")), ["1:z|-"]);
    assert_eq!(
        refused(MONTHS, None),
        "the workbook has 2 sheets that can be seen, and which one is meant was not said"
    );
    assert_eq!(
        refused(MONTHS, Some("May")),
        "the workbook has 2 sheets that can be seen, and none of all has the name that was given"
    );
}

/// Writes an archive of parts, packed or not.
fn archive(parts: &[(&str, &str)], packed: bool) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
    for (name, text) in parts {
        let data = if packed {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        } else {
            text.as_bytes().to_vec()
        };
        let method: u16 = if packed { 8 } else { 0 };
        let name_length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let place = length(&bytes);
        bytes.extend(*b"PK\x03\x04\x14\0\0\0");
        bytes.extend(method.to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend(length(&data));
        bytes.extend(length(text.as_bytes()));
        bytes.extend(name_length);
        bytes.extend([0; 2]);
        bytes.extend(name.as_bytes());
        bytes.extend(&data);
        directory.extend(*b"PK\x01\x02\x14\0\x14\0\0\0");
        directory.extend(method.to_le_bytes());
        directory.extend([0; 8]);
        directory.extend(length(&data));
        directory.extend(length(text.as_bytes()));
        directory.extend(name_length);
        directory.extend([0; 12]);
        directory.extend(place);
        directory.extend(name.as_bytes());
    }
    let place = length(&bytes);
    bytes.extend(&directory);
    bytes.extend(*b"PK\x05\x06\0\0\0\0\0\0\0\0");
    bytes.extend(length(&directory));
    bytes.extend(place);
    bytes.extend([0; 2]);
    bytes
}

/// Makes a workbook of one sheet with these rows.
pub(super) fn workbook(rows: &str, packed: bool) -> Vec<u8> {
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
    archive(
        &[
            ("xl/workbook.xml", r#"<workbook><sheets><sheet name="s" r:id="r1"/></sheets></workbook>"#),
            (
                "xl/_rels/workbook.xml.rels",
                r#"<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/s.xml"/></Relationships>"#,
            ),
            ("xl/worksheets/s.xml", &sheet),
        ],
        packed,
    )
}

const HEADER: &str = r#"<row r="1"><c t="inlineStr"><is><t>a</t></is></c></row>"#;

#[test]
fn what_other_writers_leave_out_is_not_needed() {
    let dataset = plain(&[("a", LogicalType::String), ("n", LogicalType::Integer)]);
    let rows = "<row><c t='inlineStr'><is><r><t>n</t></r></is></c><c t='str'><v>a</v></c></row><row/>\
                <row><c><v>1</v></c><c t='inlineStr'><is><t>x</t><rPh><t>y</t></rPh><r><t> z</t></r></is></c></row>\
                <row r='9'><c r='B9' t='str'><f>A1</f><v>w</v></c></row>";
    for packed in [false, true] {
        assert_eq!(read(workbook(rows, packed), &dataset, None), ["1:x z|1", "2:w|-"]);
    }
}

#[test]
fn what_is_no_workbook_is_one_error() {
    let no_archive = "the input is not an Excel workbook: it is no whole ZIP archive; it may be cut off";
    assert_eq!(refused(b"".to_vec(), None), no_archive);
    assert_eq!(refused(b"a,b\n1,2\n".to_vec(), None), no_archive);
    assert_eq!(refused(ORDERS[..ORDERS.len() / 2].to_vec(), None), no_archive);
    let old = [&COMPOUND_FILE[..], &[0; 600]].concat();
    assert!(refused(old, None).contains("save it as .xlsx"));
    let other = archive(&[("content.xml", "<office/>")], true);
    assert_eq!(refused(other, None), "the input is not an Excel workbook: it has no workbook in it");
    assert_eq!(refused(workbook("", true), None), "the input is not an Excel workbook: its sheet is empty");
    for (rows, detail) in [
        (format!("{HEADER}<row r='3'><c><v>1</v></c></row><row r='2'/>"), "rows are not in their order"),
        (
            format!("{HEADER}<row r='2'><c r='B2'/><c r='A2'><v>1</v></c><c r='A2'><v>1</v></c></row>"),
            "not in their order",
        ),
        (format!("{HEADER}<row r='2'><c t='s'><v>7</v></c></row>"), "a text that cells share is not there"),
        (format!("{HEADER}<row r='2'><c r='7'/></row>"), "has no place"),
        (format!("{HEADER}<row r='2'><c><v>&nope;</v></c></row>"), "a text in it cannot be read"),
        (format!("{HEADER}<row r='2'><c><v>1</c></row>"), "no XML"),
    ] {
        let error = refused(workbook(&rows, true), None);
        assert!(error.contains(detail), "{rows}: {error}");
    }
}

/// A sheet of a few kilobytes that becomes gigabytes, and texts without end: both end early.
#[test]
fn bombs_are_refused_in_bounded_memory() {
    let spaces = " ".repeat(2 << 20);
    let sheet = workbook(&format!("{HEADER}{spaces}"), true);
    assert!(refused(sheet, None).contains("longer than a cell can be"));
    let sheet = workbook(&format!("{HEADER}<row a='{}'/>", "<".repeat(2 << 20)), true);
    assert!(refused(sheet, None).contains("longer than a cell can be"));
    let rows = format!("<row/>{}", " ".repeat(2000)).repeat(35_000);
    let sheet = workbook(&format!("{HEADER}{rows}"), true);
    assert!(sheet.len() < 1 << 20, "{}", sheet.len());
    let error = refused(sheet, None);
    assert!(error.contains("deliver what is in the workbook as CSV"), "{error}");
}

#[test]
fn a_row_that_is_too_long_is_set_aside() {
    let cell =
        |letter: &str, count: usize| format!("<c t='inlineStr'><is><t>{}</t></is></c>", letter.repeat(count));
    let rows = format!(
        "{HEADER}<row r='2'>{}{}</row><row r='3'>{}</row>",
        cell("x", 200),
        cell("y", 200),
        cell("z", 3)
    );
    let shown = read(workbook(&rows, true), &plain(&[("a", LogicalType::String)]), None);
    assert!(shown[0].starts_with("1!xxx") && shown[0].contains("\tyyy"), "{shown:?}");
    assert_eq!(shown[1..], ["2:zzz"]);
}
