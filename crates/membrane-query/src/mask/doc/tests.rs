use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, StringViewArray};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use membrane_model::{LogicalType, Protection, Shown};

use super::*;
use crate::mask::{Sink, of_values};
use crate::testing::{contract_column, way};
use std::sync::Arc;

fn shown_by(doc: &MaskDoc) -> Shown {
    match doc.level {
        "partial" => Shown::Partial(doc.name.parse().unwrap()),
        "generalised" => Shown::Generalised(doc.name.parse().unwrap()),
        "token" => Shown::Token(doc.name.parse().unwrap()),
        "null" => Shown::Null,
        other => panic!("no level {other}"),
    }
}

fn type_for(doc: &MaskDoc) -> LogicalType {
    match doc.types.split([',', ';']).next().unwrap() {
        "date" => LogicalType::Date,
        "integer" => LogicalType::Integer,
        "text" | "every type" => LogicalType::String,
        other => panic!("no type {other}"),
    }
}

/// Every example is what the mask makes of a sealed cell, and what it makes of a stored value of a text column.
#[test]
fn the_examples_hold() {
    for doc in mask_docs() {
        let logical = type_for(&doc);
        let way = way(&contract_column("c", logical, Protection::Clear), shown_by(&doc)).unwrap();
        if doc.level == "null" {
            continue;
        }
        for (value, expected) in doc.examples {
            let mut sink = Sink::new(&way, 1).unwrap();
            sink.push(Some(value.as_bytes())).unwrap();
            sink.push(None).unwrap();
            let array = sink.finish().unwrap();
            let format = ArrayFormatter::try_new(&array, &FormatOptions::default()).unwrap();
            let found = array.is_valid(0).then(|| format.value(0).to_string());
            assert_eq!(found.as_deref(), *expected, "{} of {value:?}", doc.name);
            assert!(array.is_null(1), "{}", doc.name);
            if logical == LogicalType::String {
                let stored: ArrayRef = Arc::new(StringViewArray::from(vec![Some(*value), None]));
                assert_eq!(&of_values(&way, &stored, true).unwrap(), &array, "{} of {value:?}", doc.name);
            }
        }
    }
}

/// A mask that policies can name is documented, once.
#[test]
fn every_mask_is_documented() {
    let mut names: Vec<_> = mask_docs().iter().map(|doc| doc.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    // One of each kind in the order of the types: a new one has to be added here, and is then missed below.
    for kind in [
        "partial(3,4)",
        "email",
        "mask-alphanum",
        "show-first-4",
        "show-last-4",
        "month",
        "year",
        "width(10)",
        "prefix(3)",
        "geo(4)",
        "age(10)",
        "fixed",
        "opaque",
        "ff1",
        "null",
    ] {
        assert!(names.contains(&kind), "{kind}");
    }
}

/// The values that stand for all others, of every type.
#[test]
fn fixed_values_are_those_of_the_specification() {
    let fixed = |logical, cell: &str| {
        let way = way(
            &contract_column("c", logical, Protection::Clear),
            Shown::Generalised("fixed".parse().unwrap()),
        );
        let mut sink = Sink::new(&way.unwrap(), 1).unwrap();
        sink.push(Some(cell.as_bytes())).unwrap();
        let array = sink.finish().unwrap();
        let format = ArrayFormatter::try_new(&array, &FormatOptions::default()).unwrap();
        format.value(0).to_string()
    };
    assert_eq!(fixed(LogicalType::String, "x"), "XXXXXXXX");
    assert_eq!(fixed(LogicalType::Integer, "7"), "0");
    assert_eq!(fixed(LogicalType::Number, "7.5"), "0.0");
    assert_eq!(fixed(LogicalType::Decimal { precision: 9, scale: 2 }, "7.50"), "0.00");
    assert_eq!(fixed(LogicalType::Boolean, "true"), "false");
    assert_eq!(fixed(LogicalType::Date, "2026-03-01"), "1970-01-01");
    assert_eq!(fixed(LogicalType::Timestamp, "2026-03-01T10:00:00Z"), "1970-01-01T00:00:00Z");
    let way = way(
        &contract_column("c", LogicalType::Boolean, Protection::Clear),
        Shown::Generalised("fixed".parse().unwrap()),
    );
    let stored: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None]));
    let expected: ArrayRef = Arc::new(BooleanArray::from(vec![Some(false), None]));
    assert_eq!(&of_values(&way.unwrap(), &stored, true).unwrap(), &expected);
}
