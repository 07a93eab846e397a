//! Records, against a table of cases and against the `csv` crate.

use proptest::prelude::*;

use super::*;

fn fields(fields: &Fields, window: &[u8]) -> Vec<String> {
    let text = fields.text(window);
    fields.ranges().iter().map(|range| String::from_utf8(text[range.clone()].to_vec()).unwrap()).collect()
}

fn check(text: &str, ended: bool, expected: Parsed, cells: &[&str]) {
    let mut parser = Fields::default();
    let parsed = parser.parse(text.as_bytes(), ended, b',');
    assert_eq!(parsed, expected, "{text:?}");
    if matches!(parsed, Parsed::Record(_)) {
        assert_eq!(fields(&parser, text.as_bytes()), cells, "{text:?}");
    }
}

#[test]
fn records_are_cut_where_they_end() {
    check("a,b\nc", false, Parsed::Record(4), &["a", "b"]);
    check("a,b\r\n", false, Parsed::Record(5), &["a", "b"]);
    check("a,,\n", false, Parsed::Record(4), &["a", "", ""]);
    check("a,b", false, Parsed::More, &[]);
    check("a,b", true, Parsed::Record(3), &["a", "b"]);
    check("a,b\r", true, Parsed::Record(4), &["a", "b"]);
    check("", false, Parsed::More, &[]);
    check("", true, Parsed::Blank(0), &[]);
    check("\na", false, Parsed::Blank(1), &[]);
    check("\r\na", false, Parsed::Blank(2), &[]);
    check("5\" pipe,b\n", false, Parsed::Record(10), &["5\" pipe", "b"]);
}

#[test]
fn quoted_fields_hold_what_separates_others() {
    check("\"a,b\",c\n", false, Parsed::Record(8), &["a,b", "c"]);
    check("\"a\nb\",c\n", false, Parsed::Record(8), &["a\nb", "c"]);
    check("\"say \"\"hi\"\"\"\n", false, Parsed::Record(13), &["say \"hi\""]);
    check("a,\"\"\r\n", false, Parsed::Record(6), &["a", ""]);
    check("a,\"b\"", true, Parsed::Record(5), &["a", "b"]);
    check("a,\"b\"", false, Parsed::More, &[]);
    check("a,\"b\"\r", false, Parsed::More, &[]);
    check("a,\"b\"\r", true, Parsed::Record(6), &["a", "b"]);
}

#[test]
fn a_stray_quote_costs_one_line() {
    check("\"a,b\nc,d\n", false, Parsed::More, &[]);
    check("\"a,b\nc,d\n", true, Parsed::Bad(5), &[]);
    check("\"a\"b,c\nd\n", false, Parsed::Bad(7), &[]);
    check("x,\"a\" ,c\nd\n", false, Parsed::Bad(9), &[]);
}

proptest! {
    #[test]
    fn what_the_csv_crate_writes_is_read_back(rows in prop::collection::vec(prop::collection::vec("[a-z,\"\r\n 号]{0,6}", 2..5), 1..6)) {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let mut rest = bytes.as_slice();
        let mut parser = Fields::default();
        let mut read = Vec::new();
        while let Parsed::Record(length) = parser.parse(rest, true, b',') {
            read.push(fields(&parser, rest));
            rest = &rest[length..];
        }
        prop_assert!(rest.is_empty());
        prop_assert_eq!(read, rows);
    }

    #[test]
    fn no_bytes_make_it_fail_or_stand_still(bytes in prop::collection::vec(prop::sample::select(b"a,\"\r\n\xff".to_vec()), 0..40)) {
        let mut rest = bytes.as_slice();
        let mut parser = Fields::default();
        loop {
            match parser.parse(rest, true, b',') {
                Parsed::Blank(0) => break,
                Parsed::Record(length) | Parsed::Blank(length) | Parsed::Bad(length) => {
                    prop_assert!(length > 0 && length <= rest.len());
                    rest = &rest[length..];
                }
                Parsed::More => prop_assert!(false, "there is no more"),
            }
        }
        prop_assert!(rest.is_empty());
    }
}
