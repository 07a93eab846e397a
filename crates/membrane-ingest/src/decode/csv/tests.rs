//! CSV deliveries, good and bad.

use arrow::array::{Array, AsArray};
use membrane_catalog::Dataset;
use membrane_model::LogicalType;

use super::super::BATCH_ROWS;
use super::*;
use crate::fixture::{all, members, plain, text};

fn small() -> Limits {
    Limits { record_bytes_max: 64, ..Limits::default() }
}

fn ab() -> Dataset {
    plain(&[("a", LogicalType::String), ("b", LogicalType::String)])
}

fn open(dataset: &Dataset, bytes: &[u8]) -> Result<CsvDecoder, IngestError> {
    CsvDecoder::open(text(bytes), dataset, &small())
}

/// Reads a delivery of `a` and `b`: rows as `position:a|b`, malformed records as `position!raw`.
fn read(bytes: &[u8]) -> String {
    shown(&mut open(&ab(), bytes).unwrap())
}

fn shown(decoder: &mut CsvDecoder) -> String {
    let mut shown = Vec::new();
    for batch in all(decoder) {
        let column = |at: usize, row: usize| {
            let texts = batch.columns[at].as_string::<i32>();
            if texts.is_valid(row) { texts.value(row) } else { "-" }
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
fn records_become_rows() {
    assert_eq!(read(b"a,b\n1,2\n3,\n"), "1:1|2 2:3|-");
    assert_eq!(read(b"\xef\xbb\xbfb,x,a\r\n2,?,1\r\n\r\n4,?,3"), "1:1|2 2:3|4");
    assert_eq!(read(b"a\n1\n"), "1:1|-");
    assert_eq!(read("a,b\n\"中,\n\"\"x\",2\n".as_bytes()), "1:中,\n\"x|2");
    assert_eq!(read(b"a,b\n"), "");
}

#[test]
fn other_delimiters_are_found_by_the_header() {
    assert_eq!(read(b"a;b\n1,5;2\n"), "1:1,5|2");
    assert_eq!(read(b"a\tb\n1\t2\n"), "1:1|2");
    assert_eq!(read(b"\"a\"|\"b\"\n1|2\n"), "1:1|2");
}

#[test]
fn bad_records_are_set_aside_and_the_rest_goes_on() {
    assert_eq!(read(b"a,b\n1\n1,2,3\n4,5\n"), "1!1 2!1,2,3 3:4|5");
    assert_eq!(read(b"a,b\n\"1,2\n3,4\n5,6\n"), "1!\"1,2 2:3|4 3:5|6");
    assert_eq!(read(b"a,b\n\"x\"y,2\n3,4\n"), "1!\"x\"y,2 2:3|4");
    assert_eq!(read(b"a,b\n\xff,2\n3,4\n5,6\n"), "1!\u{fffd},2 2:3|4 3:5|6");
    assert_eq!(read(b"a,b\n1,2\n3"), "1:1|2 2!3");
}

#[test]
fn a_record_that_is_too_large_is_set_aside() {
    let long = "x".repeat(100);
    let shown = read(format!("a,b\n{long},2\n3,4\n").as_bytes());
    assert!(shown.starts_with("1!xxx") && shown.ends_with(" 2:3|4"), "{shown}");
    // One that does not even fit into the window.
    let long = "x".repeat(1 << 20);
    let shown = read(format!("a,b\n{long},2\n3,4\n").as_bytes());
    assert!(shown.starts_with("1!xxx") && shown.ends_with(" 2:3|4"), "{}", shown.len());
    // A quote that is never closed costs its line only.
    let filler = "5,6\n".repeat(200);
    let shown = read(format!("a,b\n\"1,2\n3,4\n{filler}").as_bytes());
    assert!(shown.starts_with("1!\"1,2 2:3|4 3:5|6"), "{shown}");
}

fn refused(dataset: &Dataset, bytes: &[u8]) -> String {
    let error = match open(dataset, bytes) {
        Err(error) => error,
        Ok(mut decoder) => loop {
            match decoder.next() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("was not refused"),
                Err(error) => break error,
            }
        },
    };
    error.to_string()
}

#[test]
fn what_is_no_csv_is_one_error() {
    assert_eq!(refused(&ab(), b""), "the input is not CSV: it has no header line");
    assert_eq!(refused(&ab(), b"x,y\n1,2\n"), "the input names none of the contract's columns: a, b");
    assert_eq!(refused(&ab(), b"a,a\n1,2\n"), "the input names column `a` twice");
    assert_eq!(refused(&members(), b"phone,tier\n1,2\n"), "the input lacks required columns: member_no");
    assert_eq!(refused(&ab(), b"a,b\n1\n2\n3\n"), "the input is not CSV: 3 of 3 records are malformed");
    assert_eq!(
        refused(&ab(), b"a\0,\0b\0\n\0"),
        "the input is not UTF-8 text; it looks like UTF-16: say which encoding it has, or convert it to UTF-8"
    );
    assert_eq!(
        refused(&ab(), b"a,b\n\xd6\xd0\xce\xc4,1\n\xd6\xd0,2\nok,3\n"),
        "the input is not UTF-8 text; it looks like GB18030: say which encoding it has, or convert it to UTF-8"
    );
    assert_eq!(refused(&ab(), b"PAR1\0\x15\x04"), "the input names none of the contract's columns: a, b");
}

#[test]
fn batches_are_bounded() {
    let rows = BATCH_ROWS * 2 + 10;
    let text = format!("a,b\n{}", "1,2\n".repeat(rows));
    let batches = all(&mut open(&ab(), text.as_bytes()).unwrap());
    assert_eq!(batches.iter().map(|batch| batch.positions.len()).sum::<usize>(), rows);
    assert!(batches.iter().all(|batch| batch.positions.len() <= BATCH_ROWS));
    assert_eq!(batches.last().unwrap().positions.last().copied(), Some(i64::try_from(rows).unwrap()));
}

/// What was cut off is no record, also when it looks like one.
#[test]
fn what_was_cut_off_is_one_malformed_record() {
    for (there, expected) in [
        ("a,b\n1,2\n3,45", "1:1|2 2!3,45"),
        ("a,b\n1,2\n", "1:1|2 2!"),
        ("a,b\n1,2\n\"3\n4,5\n6,7", "1:1|2 2!\"3\n4,5\n6,7"),
    ] {
        let mut decoder = open(&ab(), there.as_bytes()).unwrap();
        while !decoder.window.has_ended() {
            decoder.window.fill().unwrap();
        }
        decoder.window.reader_mut().end_early().unwrap();
        assert_eq!(shown(&mut decoder), expected);
        assert!(decoder.found().is_cut);
    }
}

#[test]
fn a_header_in_the_middle_is_set_aside_and_read_by() {
    assert_eq!(read(b"a,b\n1,2\na,b\n3,4\n"), "1:1|2 2!a,b 3:3|4");
    assert_eq!(read(b"a,b\n1,2\n\xef\xbb\xbfb,a\r\n3,4\n"), "1:1|2 2!\u{feff}b,a\r 3:4|3");
    // The source has a new column from here on, and loses it again.
    assert_eq!(read(b"a,b\n1,2\na,new,b\n3,x,4\na,b\n5,6\n"), "1:1|2 2!a,new,b 3:3|4 4!a,b 5:5|6");
    // A value that is called like a column is one.
    assert_eq!(read(b"a,b\na,2\nb,a1\n"), "1:a|2 2:b|a1");
    let mut decoder = open(&ab(), b"a,b\n1,2\na,new,b\n3,x,4\na,b\n5,6\n").unwrap();
    shown(&mut decoder);
    assert_eq!(decoder.found().drift, Drift { columns: 1, names: vec!["new".to_owned()] });
}

#[test]
fn records_in_another_encoding_are_told_as_such() {
    let mut decoder = open(&ab(), b"a,b\n\xd6\xd0\xb9\xfa,2\n3,4\n5,6\n\xff,1\n7,8\n").unwrap();
    let broken: Vec<Broken> =
        all(&mut decoder).iter().flat_map(|batch| &batch.malformed).map(|bad| bad.broken).collect();
    assert_eq!(broken, [Broken::Gb18030, Broken::Form]);
}
