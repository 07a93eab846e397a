//! Avro deliveries, good and bad. `samples` were written by fastavro 1.13.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type, TimestampMillisecondType};
use membrane_catalog::{Dataset, OnTruncated};
use membrane_model::LogicalType;

use super::*;
use crate::fixture::{MONEY, all, content, plain};

const SAMPLES: [&[u8]; 4] = [
    include_bytes!("samples/orders.null.avro"),
    include_bytes!("samples/orders.deflate.avro"),
    include_bytes!("samples/orders.snappy.avro"),
    include_bytes!("samples/orders.zstandard.avro"),
];

fn orders() -> Dataset {
    plain(&[
        ("a", LogicalType::String),
        ("n", LogicalType::Integer),
        ("f", LogicalType::Number),
        ("m", MONEY),
        ("b", LogicalType::Boolean),
        ("d", LogicalType::Date),
        ("t", LogicalType::Timestamp),
        ("e", LogicalType::String),
        ("none", LogicalType::String),
    ])
}

fn open(bytes: impl Into<Vec<u8>>, on_truncated: OnTruncated) -> Result<AvroDecoder, IngestError> {
    AvroDecoder::open(content(bytes, on_truncated), &orders(), &Limits::default())
}

fn refused(bytes: impl Into<Vec<u8>>) -> String {
    match open(bytes, OnTruncated::Stop) {
        Err(error) => error.to_string(),
        Ok(mut decoder) => loop {
            match decoder.next() {
                Ok(batch) => assert!(batch.is_some(), "was not refused"),
                Err(error) => break error.to_string(),
            }
        },
    }
}

#[test]
fn every_codec_and_type_is_read() {
    for sample in SAMPLES {
        let mut decoder = open(sample, OnTruncated::Stop).unwrap();
        let batches = all(&mut decoder);
        let [batch] = batches.as_slice() else { panic!("{} batches", batches.len()) };
        assert_eq!(batch.positions, [1, 2, 3, 4, 5, 6]);
        let column = |at: usize| &batch.columns[at];
        let texts = column(0).as_string::<i32>();
        assert!(texts.is_null(0) && texts.value(1) == "中文");
        assert_eq!(column(1).as_primitive::<Int64Type>().value(5), 4_999_999_999_995);
        assert!(column(2).is_null(1) && column(2).is_valid(2));
        assert_eq!(column(3).as_primitive::<Decimal128Type>().value(5), -625);
        assert_eq!(column(3).data_type(), &DataType::Decimal128(12, 2));
        assert!(column(4).as_boolean().value(0) && !column(4).as_boolean().value(1));
        assert_eq!(column(5).as_primitive::<Date32Type>().value(0), 20_513);
        assert_eq!(column(6).as_primitive::<TimestampMillisecondType>().value(2), 1_772_366_402_500);
        assert_eq!(column(7).as_string::<i32>().value(1), "silver");
        assert_eq!(column(8).data_type(), &DataType::Null);
        let drift = decoder.found().drift;
        assert_eq!((drift.columns, drift.names.len()), (4, 4), "{drift:?}");
    }
}

#[test]
fn a_file_that_is_cut_off_is_refused_or_saved_up_to_there() {
    let whole = SAMPLES[0];
    let cut = whole[..whole.len() - 20].to_vec();
    assert_eq!(refused(cut.clone()), IngestError::CutOff.to_string());
    let mut decoder = open(cut, OnTruncated::Save).unwrap();
    let batches = all(&mut decoder);
    let rows: usize = batches.iter().map(|batch| batch.positions.len()).sum();
    let bad: Vec<_> = batches.iter().flat_map(|batch| &batch.malformed).collect();
    assert!(rows < 6 && bad.len() == 1 && decoder.found().is_cut);
    assert_eq!(bad[0].position, i64::try_from(rows + 1).unwrap());
    assert_eq!(bad[0].broken, crate::reason::Broken::Truncated);
}

/// Writes a file with one block, as it is.
fn file(schema: &str, codec: &str, rows: u8, block: &[u8]) -> Vec<u8> {
    let long = |length: usize| {
        let mut bytes = Vec::new();
        let mut rest = length * 2;
        while rest >= 0x80 {
            bytes.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
            rest >>= 7;
        }
        bytes.push(u8::try_from(rest).unwrap());
        bytes
    };
    let text = |text: &str| [long(text.len()), text.as_bytes().to_vec()].concat();
    let header = [text("avro.schema"), text(schema), text("avro.codec"), text(codec)].concat();
    let sync = [7; 16].to_vec();
    let block = [vec![rows * 2], long(block.len()), block.to_vec(), sync.clone()].concat();
    [b"Obj\x01".to_vec(), vec![4], header, vec![0], sync, block].concat()
}

fn record(kind: &str) -> String {
    format!(r#"{{"type":"record","name":"r","fields":[{{"name":"a","type":{kind}}}]}}"#)
}

#[test]
fn what_is_no_container_is_one_error() {
    let of = |detail: &str| format!("the input is not Avro: {detail}");
    assert_eq!(refused(b"".to_vec()), of("it is no object container file"));
    assert_eq!(refused(b"a,b\n".to_vec()), of("it is no object container file"));
    assert_eq!(refused(b"Obj\x01\x02".to_vec()), IngestError::CutOff.to_string());
    let string = record("\"string\"");
    assert!(refused(file(&string, "bzip2", 1, b"\x02x")).contains("its codec is not read here"));
    assert_eq!(refused(file("\"string\"", "null", 1, b"\x02x")), of("its schema cannot be read"));
    assert_eq!(refused(file("{", "null", 1, b"\x02x")), of("its schema cannot be read"));
    assert_eq!(refused(file(&record("\"nobody\""), "null", 1, b"\x02x")), of("its schema cannot be read"));
    assert_eq!(refused(file(&string, "null", 1, b"\x04x")), of("a record cannot be read"));
    assert_eq!(refused(file(&string, "null", 1, b"\x02\xff")), of("a record cannot be read"));
    assert_eq!(refused(file(&string, "null", 1, b"\x02xy")), of("a block has more in it than its records"));
    assert_eq!(refused(file(&string, "null", 9, b"\x02x")), of("a block cannot be read"));
    assert_eq!(refused(file(&string, "deflate", 1, b"\x02x")), of("a block cannot be read"));
    assert_eq!(refused(file(&string, "snappy", 1, b"\x02x")), of("a block cannot be read"));
    let mut other_mark = file(&string, "null", 1, b"\x02x");
    *other_mark.last_mut().unwrap() = 0;
    assert_eq!(refused(other_mark), of("a block does not end with the mark of the file"));
    let nested = record(r#"{"type":"array","items":"string"}"#);
    assert_eq!(
        refused(file(&nested, "null", 1, b"\0")),
        "column `a` is of type List in the input, which cannot become string"
    );
    assert!(refused(file(&record(r#"["string","int"]"#), "null", 1, b"\0\x02x")).contains("of type Union"));
}

/// Few bytes that stand for a lot: counts without end, records within records, what unfolds.
#[test]
fn bombs_are_refused_at_once() {
    let null = "\"null\"";
    let zero = format!(
        r#"{{"type":"record","name":"r","fields":[{{"name":"a","type":"string"}},{{"name":"x","type":{{"type":"array","items":{null}}}}}]}}"#
    );
    // 2^62 items without bytes are stepped over at once.
    let block = [b"\x02x\xfe".to_vec(), vec![0xff; 7], vec![0x7f, 0]].concat();
    let mut decoder = open(file(&zero, "null", 1, &block), OnTruncated::Stop).unwrap();
    assert_eq!(all(&mut decoder)[0].positions, [1]);
    // Ten records of ten records of ten records ... without a byte.
    let mut kind = null.to_owned();
    for depth in 0..12 {
        let fields: Vec<String> = (0..10)
            .map(|at| {
                format!(
                    r#"{{"name":"f{at}","type":{}}}"#,
                    if at == 0 {
                        kind.clone()
                    } else {
                        match depth {
                            0 => null.to_owned(),
                            _ => format!("\"n{}\"", depth - 1),
                        }
                    }
                )
            })
            .collect();
        kind = format!(r#"{{"type":"record","name":"n{depth}","fields":[{}]}}"#, fields.join(","));
    }
    let deep = format!(
        r#"{{"type":"record","name":"r","fields":[{{"name":"x","type":{kind}}},{{"name":"a","type":"string"}}]}}"#
    );
    assert!(refused(file(&deep, "null", 1, b"\x02x")).contains("a record cannot be read"));
    // A block that unfolds to more than one may have.
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    io::Write::write_all(&mut encoder, &vec![0; 65 << 20]).unwrap();
    let packed = encoder.finish().unwrap();
    assert!(packed.len() < 1 << 20);
    assert!(
        refused(file(&record("\"string\""), "deflate", 1, &packed)).contains("larger than 67108864 bytes")
    );
    let brackets = format!("{}{}", "[".repeat(100), "]".repeat(100));
    assert!(refused(file(&record(&brackets), "null", 1, b"\x02x")).contains("schema cannot be read"));
}
