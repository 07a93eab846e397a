//! NDJSON deliveries, good and bad.

use arrow::array::{Array, AsArray};
use membrane_catalog::Dataset;
use membrane_model::LogicalType;

use super::super::opened;
use super::*;
use crate::fixture::{all, plain, text};

fn dataset() -> Dataset {
    plain(&[("a", LogicalType::String), ("n", LogicalType::Integer)])
}

fn open(bytes: &[u8]) -> Result<NdjsonDecoder, IngestError> {
    let limits = Limits { record_bytes_max: 64, ..Limits::default() };
    NdjsonDecoder::open(opened(text(bytes))?, Format::Ndjson, &dataset(), &limits)
}

fn read(bytes: &[u8]) -> String {
    shown(&mut open(bytes).unwrap())
}

fn shown(decoder: &mut NdjsonDecoder) -> String {
    let mut shown = Vec::new();
    for batch in all(decoder) {
        let column = |at: usize, row: usize| {
            let texts = batch.columns[at].as_string::<i32>();
            let mark = if batch.mistyped.contains(&(row, at)) { "?" } else { "" };
            format!("{}{mark}", if texts.is_valid(row) { texts.value(row) } else { "-" })
        };
        let rows = batch.positions.iter().enumerate();
        shown.extend(rows.map(|(row, at)| (*at, format!("{at}:{}|{}", column(0, row), column(1, row)))));
        shown.extend(
            batch.malformed.iter().map(|bad| (bad.position, format!("{}!{}", bad.position, bad.raw))),
        );
    }
    shown.sort();
    shown.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
}

#[test]
fn lines_become_rows() {
    assert_eq!(read(b"{\"a\":\"x\",\"n\":1}\n{\"n\":\"2\"}\r\n\n{\"a\":null,\"n\":3}"), "1:x|1 2:-|2 3:-|3");
    assert_eq!(read("\u{feff}{\"a\":\"中\",\"z\":[1]}\n".as_bytes()), "1:中|-");
    assert_eq!(read(b""), "");
}

/// In CSV an empty field is no value; here it was one, and a required column took it.
#[test]
fn empty_text_is_no_value() {
    assert_eq!(read(b"{\"a\":\"\",\"n\":\"\"}\n{\"a\":\" \",\"n\":0}"), "1:-|- 2: |0");
}

#[test]
fn whole_numbers_are_integers_however_they_are_written() {
    let one = |number: &str| read(format!("{{\"n\":{number}}}").as_bytes());
    for (number, expected) in [
        ("12.0", "12"),
        ("1.2e1", "12"),
        ("-120E-1", "-12"),
        ("0.0", "0"),
        ("9223372036854775807.0", "9223372036854775807"),
        ("9223372036854775808.0", "9223372036854775808.0"),
        ("12.5", "12.5"),
        ("1e99", "1e99"),
        ("\"12.0\"", "12.0"),
    ] {
        assert_eq!(one(number), format!("1:-|{expected}"));
    }
}

#[test]
fn values_of_the_wrong_kind_are_marked() {
    assert_eq!(read(br#"{"a":1,"n":{"x":1}}"#), r#"1:1?|{"x":1}?"#);
    assert_eq!(read(br#"{"a":true,"n":true}"#), "1:true?|true");
}

#[test]
fn bad_lines_are_set_aside_and_the_rest_goes_on() {
    assert_eq!(
        read(b"{\"a\":\"x\"\n{\"n\":1}\n{\"a\":\"\xff\"}\n{\"n\":2}"),
        "1!{\"a\":\"x\" 2:-|1 3!{\"a\":\"\u{fffd}\"} 4:-|2"
    );
    let long = "x".repeat(1 << 20);
    let shown = read(format!("{{\"a\":\"{long}\"}}\n{{\"n\":1}}\n").as_bytes());
    assert!(shown.starts_with("1!{\"a\":\"xxx") && shown.ends_with(" 2:-|1"), "{}", shown.len());
    // Cut off in the last line.
    assert_eq!(read(b"{\"n\":1}\n{\"n\":"), "1:-|1 2!{\"n\":");
}

#[test]
fn what_is_no_ndjson_is_one_error() {
    let refused = |bytes: &[u8]| match open(bytes) {
        Err(error) => error.to_string(),
        Ok(mut decoder) => loop {
            match decoder.next() {
                Ok(batch) => assert!(batch.is_some(), "was not refused"),
                Err(error) => break error.to_string(),
            }
        },
    };
    assert_eq!(
        refused(b" [ {\"a\":1} ]"),
        "the input is not NDJSON: it is one JSON array; say that it is JSON, or put one object on each line"
    );
    assert_eq!(refused(b"a,n\n1,2\n"), "the input is not NDJSON: 2 of 2 records are malformed");
    assert!(refused(b"{\0\"\0a\0").contains("UTF-16"));
    let lines = "not json\n".repeat(5000);
    assert!(refused(lines.as_bytes()).contains("records are malformed"));
}

#[test]
fn what_was_cut_off_is_one_malformed_record() {
    for (there, expected) in [("{\"n\":1}\n{\"n\":2}", "1:-|1 2!{\"n\":2}"), ("{\"n\":1}\n", "1:-|1 2!")] {
        let mut decoder = open(there.as_bytes()).unwrap();
        while !decoder.window.has_ended() {
            decoder.window.fill().unwrap();
        }
        decoder.window.reader_mut().end_early().unwrap();
        assert_eq!(shown(&mut decoder), expected);
        assert!(decoder.found().is_cut);
    }
}

/// However deep it is, no stack is used for it.
#[test]
fn deeply_nested_values_need_no_stack() {
    let limits = Limits::default();
    let deep = |depth: usize| format!("{{\"z\":{}{}}}\n{{\"n\":1}}\n", "[".repeat(depth), "]".repeat(depth));
    for depth in [100, 400_000] {
        let text = text(deep(depth));
        let mut decoder =
            NdjsonDecoder::open(opened(text).unwrap(), Format::Ndjson, &dataset(), &limits).unwrap();
        let batches = all(&mut decoder);
        assert_eq!(batches[0].positions.len(), 2, "{depth}");
    }
}

#[test]
fn fields_that_nobody_knows_are_counted() {
    let mut decoder = open(b"{\"n\":1,\"new\":2}\n{\"new\":1,\"13800138000\":1}\n{\"n\":3}\n").unwrap();
    shown(&mut decoder);
    let drift = decoder.found().drift;
    assert_eq!((drift.columns, drift.names), (2, vec!["new".to_owned()]));
}
