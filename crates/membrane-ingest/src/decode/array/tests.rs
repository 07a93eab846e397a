//! Arrays of objects, good and bad.

use arrow::array::{Array, AsArray};
use membrane_model::LogicalType;
use proptest::prelude::*;

use super::super::opened;
use super::*;
use crate::fixture::{plain, text};

fn open(bytes: &[u8]) -> ArrayDecoder {
    let dataset = plain(&[("a", LogicalType::String), ("n", LogicalType::Integer)]);
    let limits = Limits { record_bytes_max: 64, ..Limits::default() };
    ArrayDecoder::open(opened(text(bytes)).unwrap(), &dataset, &limits)
}

fn shown(decoder: &mut ArrayDecoder) -> Result<String, IngestError> {
    let mut shown = Vec::new();
    while let Some(batch) = decoder.next()? {
        let column = |at: usize, row: usize| {
            let texts = batch.columns[at].as_string::<i32>();
            if texts.is_valid(row) { texts.value(row).to_owned() } else { "-".to_owned() }
        };
        let rows = batch.positions.iter().enumerate();
        shown.extend(rows.map(|(row, at)| (*at, format!("{at}:{}|{}", column(0, row), column(1, row)))));
        shown.extend(
            batch.malformed.iter().map(|bad| (bad.position, format!("{}!{}", bad.position, bad.raw))),
        );
    }
    shown.sort();
    Ok(shown.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" "))
}

fn read(bytes: &[u8]) -> String {
    shown(&mut open(bytes)).unwrap()
}

#[test]
fn elements_become_rows_on_one_line_or_many() {
    assert_eq!(read(br#"[{"a":"x","n":1},{"n":"2"}]"#), "1:x|1 2:-|2");
    assert_eq!(
        read(b" [\r\n  {\n    \"a\": \"]},{\\\"\",\n    \"n\": 1\n  },\n  {}\n]\n"),
        "1:]},{\"|1 2:-|-"
    );
    assert_eq!(read(br#"[{"a":"x","z":{"y":[1,{"a":"]"}]}}]"#), "1:x|-");
    assert_eq!(read("\u{feff}[{\"a\":\"中\"}]".as_bytes()), "1:中|-");
    assert_eq!(read(b"[]"), "");
    // Pages of an export, one behind the other.
    assert_eq!(read(b"[{\"n\":1}]\n[{\"n\":2}]"), "1:-|1 2:-|2");
}

#[test]
fn elements_that_are_none_are_set_aside_and_the_rest_goes_on() {
    assert_eq!(
        read(br#"[{"n":1}, 7, "x,]", null, [1,{"n":2}], {"n":3,}, {"n":4} {"n":5},, tru{"n":6}]"#),
        "1:-|1 2!7 3!\"x,]\" 4!null 5![1,{\"n\":2}] 6!{\"n\":3,} 7:-|4 8:-|5 9!tru 10:-|6"
    );
    let long = format!(r#"[{{"a":"{}"}},{{"n":1}}]"#, "x".repeat(1 << 20));
    let shown = read(long.as_bytes());
    assert!(shown.starts_with("1!{\"a\":\"xxx") && shown.ends_with(" 2:-|1"), "{}", shown.len());
    let number = format!("[{},{{\"n\":1}}]", "7".repeat(1 << 20));
    assert!(read(number.as_bytes()).ends_with(" 2:-|1"));
    assert_eq!(read(b"[{\"a\":\"\xff\"},{\"n\":1}]"), "1!{\"a\":\"\u{fffd}\"} 2:-|1");
    // Brackets that are never closed take what follows with them.
    let deep = format!(r#"[{{"n":7}},{{"n":{}}},{{"n":1}}]"#, "[".repeat(20));
    assert!(read(deep.as_bytes()).starts_with("1:-|7 2!"));
}

#[test]
fn an_array_that_is_not_closed_was_cut_off() {
    let mut decoder = open(b"[{\"n\":1},\n{\"n\":2");
    assert_eq!(shown(&mut decoder).unwrap(), "1:-|1 2!{\"n\":2");
    assert!(decoder.found().is_cut);
    let mut decoder = open(b"[{\"n\":1}");
    assert_eq!(shown(&mut decoder).unwrap(), "1:-|1 2!");
    assert!(decoder.found().is_cut && !open(b"[]").found().is_cut);
}

#[test]
fn what_stands_around_an_array_is_one_error() {
    let error = shown(&mut open(b"[{\"n\":1}] x")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the input is not JSON: something other than a JSON array stands before or behind one"
    );
}

proptest! {
    /// However the window is filled, an element ends at the same place.
    #[test]
    fn the_end_of_an_element_does_not_depend_on_how_it_comes(letters in prop::collection::vec(prop::sample::select(br#"{}[]",\ a1"#.to_vec()), 1..30), cuts in prop::collection::vec(1_usize..5, 0..12)) {
        let whole = Element::default().end(&letters);
        let mut element = Element::default();
        let mut there = 0;
        let mut found = None;
        for cut in cuts {
            there = (there + cut).min(letters.len());
            found = found.or_else(|| element.end(&letters[..there]));
        }
        found = found.or_else(|| element.end(&letters));
        prop_assert_eq!(found, whole);
        prop_assert!(whole.is_none_or(|end| end > 0 && end <= letters.len()));
    }
}
