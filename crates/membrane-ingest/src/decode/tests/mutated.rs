//! Whatever bytes come, decoders and the checks behind them neither fail nor lose count.
//!
//! Valid deliveries of every format, packed and not, in several encodings, with some of their bytes changed, cut and
//! doubled. Then: nothing panics; every record has its number, from 1 on without a gap, and is a row or set aside;
//! batches are bounded; what is kept of a malformed record is too.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use membrane_catalog::{Dataset, OnTruncated};
use proptest::prelude::*;

use super::super::*;
use crate::Encoding;
use crate::check::Checker;
use crate::fixture::{delivery, plain, shared};

fn dataset() -> Dataset {
    let mut dataset = plain(&[
        ("a", membrane_model::LogicalType::String),
        ("n", membrane_model::LogicalType::Integer),
        ("m", crate::fixture::MONEY),
        ("t", membrane_model::LogicalType::Timestamp),
    ]);
    dataset.columns[1].unique = true;
    dataset.columns[2].rules.minimum = Some(0.0);
    dataset
}

fn batch() -> RecordBatch {
    let names: StringArray = (0..40).map(|row| (row % 7 != 0).then(|| format!("name {row}"))).collect();
    let numbers: Int64Array = (0..40).map(Some).collect();
    let money: StringArray = (0..40).map(|row| Some(format!("{row}.50"))).collect();
    let columns: Vec<(&str, ArrayRef)> =
        vec![("a", Arc::new(names)), ("n", Arc::new(numbers)), ("m", Arc::new(money))];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn json(row: usize) -> String {
    format!(
        "{{\"a\":\"中\\n{row}\",\"n\":{row},\"m\":\"{row}.25\",\"t\":\"2026-03-01T00:00:00Z\",\"z\":[{{}}]}}"
    )
}

/// A valid delivery of each format.
fn valid(format: Format) -> Vec<u8> {
    match format {
        Format::Csv => {
            let row = |row: usize| format!("\"name, \"\"{row}\"\"\",{row},{row}.5,2026-03-01T00:00:00Z\r\n");
            format!("a,n,m,t\r\n{}", (0..40).map(row).collect::<String>()).into_bytes()
        }
        Format::Ndjson => (0..40).map(|row| json(row) + "\n").collect::<String>().into_bytes(),
        Format::Json => format!("[{}]", (0..40).map(json).collect::<Vec<_>>().join(",\n ")).into_bytes(),
        Format::Parquet => {
            let mut writer =
                ::parquet::arrow::ArrowWriter::try_new(Vec::new(), batch().schema(), None).unwrap();
            writer.write(&batch()).unwrap();
            writer.into_inner().unwrap()
        }
        Format::ArrowIpc => {
            let mut writer = StreamWriter::try_new(Vec::new(), &batch().schema()).unwrap();
            writer.write(&batch()).unwrap();
            writer.write(&batch()).unwrap();
            writer.into_inner().unwrap()
        }
        Format::Avro => include_bytes!("../avro/samples/orders.null.avro").to_vec(),
        Format::Excel => include_bytes!("../excel/samples/orders.xlsx").to_vec(),
    }
}

/// How a delivery is dressed up: its encoding, if it is text, and its packing.
#[derive(Debug, Clone, Copy)]
enum Dress {
    Plain,
    Gzip,
    Zstd,
    Gb18030,
    Utf16,
}

fn dressed(bytes: Vec<u8>, format: Format, dress: Dress) -> (Vec<u8>, Option<Encoding>) {
    let is_converted = format.is_text() && matches!(dress, Dress::Gb18030 | Dress::Utf16);
    let text = is_converted.then(|| String::from_utf8(bytes.clone()).unwrap());
    match (dress, text) {
        (Dress::Gzip, _) => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&bytes).unwrap();
            (encoder.finish().unwrap(), None)
        }
        (Dress::Zstd, _) => (zstd::encode_all(bytes.as_slice(), 1).unwrap(), None),
        (Dress::Gb18030, Some(text)) => {
            (encoding_rs::GB18030.encode(&text).0.into_owned(), Some("gb18030".parse().unwrap()))
        }
        (Dress::Utf16, Some(text)) => {
            (format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect(), None)
        }
        _ => (bytes, None),
    }
}

/// One change of some bytes.
#[derive(Debug, Clone)]
enum Change {
    Set(usize, u8),
    Cut(usize),
    Remove(usize, usize),
    Double(usize, usize),
    Insert(usize, Vec<u8>),
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let length = bytes.len().max(1);
        match change {
            Change::Set(at, byte) => {
                if let Some(place) = bytes.get_mut(at % length) {
                    *place = *byte;
                }
            }
            Change::Cut(at) => bytes.truncate(at % (length + 1)),
            Change::Remove(at, count) => {
                let start = (at % length).min(bytes.len());
                bytes.drain(start..(start + count).min(bytes.len()));
            }
            Change::Double(at, count) => {
                let start = (at % length).min(bytes.len());
                let part = bytes[start..(start + count).min(bytes.len())].to_vec();
                bytes.splice(start..start, part);
            }
            Change::Insert(at, part) => {
                let start = (at % length).min(bytes.len());
                bytes.splice(start..start, part.iter().copied());
            }
        }
    }
    bytes
}

fn change() -> impl Strategy<Value = Change> {
    let place = 0_usize..8000;
    let odd = prop::sample::select(b"\0\n\r\",;[]{}<>&\\\xff\x80\x7f\x01 0-".to_vec());
    prop_oneof![
        4 => (place.clone(), prop_oneof![odd.clone(), any::<u8>()]).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => place.clone().prop_map(Change::Cut),
        2 => (place.clone(), 1_usize..60).prop_map(|(at, count)| Change::Remove(at, count)),
        2 => (place.clone(), 1_usize..200).prop_map(|(at, count)| Change::Double(at, count)),
        2 => (place, prop::collection::vec(prop_oneof![odd, any::<u8>()], 1..20)).prop_map(|(at, part)| Change::Insert(at, part)),
    ]
}

/// Reads a delivery to its end or its error, through the checks, and counts.
fn check(bytes: Vec<u8>, format: Format, reading: &Reading) -> Result<(), TestCaseError> {
    let limits = Limits { record_bytes_max: 300, ..Limits::default() };
    let dataset = dataset();
    let scratch = tempfile::tempdir().unwrap();
    let mut checker = Checker::new(shared(dataset.clone()), scratch.path().to_path_buf(), None).unwrap();
    let Ok(mut decoder) = open(delivery(bytes).0, format, &dataset, &limits, reading) else { return Ok(()) };
    let mut positions: BTreeMap<i64, bool> = BTreeMap::new();
    let mut last = 0;
    while let Ok(Some(delivered)) = decoder.next() {
        let rows = delivered.positions.len();
        prop_assert!(
            rows + delivered.malformed.len() <= BATCH_ROWS && !(rows == 0 && delivered.malformed.is_empty())
        );
        prop_assert!(delivered.positions.is_sorted_by(|one, other| one < other));
        prop_assert_eq!(delivered.columns.len(), dataset.columns.len());
        prop_assert!(delivered.columns.iter().all(|column| column.len() == rows));
        prop_assert!(
            delivered.mistyped.iter().all(|(row, column)| *row < rows && *column < dataset.columns.len())
        );
        for malformed in &delivered.malformed {
            prop_assert!(malformed.raw.len() <= RAW_BYTES_MAX * 3);
        }
        let here =
            delivered.positions.iter().copied().chain(delivered.malformed.iter().map(|bad| bad.position));
        for position in here {
            prop_assert!(position > last && positions.insert(position, true).is_none(), "{} twice", position);
        }
        last = positions.keys().next_back().copied().unwrap_or_default();
        prop_assert_eq!(usize::try_from(last).unwrap(), positions.len(), "no record is lost");
        let records = rows + delivered.malformed.len();
        let checked = checker.check(delivered).unwrap();
        prop_assert_eq!(checked.rows + checked.bad.len(), records, "every record is good or set aside");
    }
    decoder.found();
    Ok(())
}

fn run(cases: u32, test: impl Fn(Vec<u8>, Format, &Reading) -> Result<(), TestCaseError>) {
    let mut runner =
        proptest::test_runner::TestRunner::new(ProptestConfig { cases, ..ProptestConfig::default() });
    let dress =
        prop::sample::select(vec![Dress::Plain, Dress::Gzip, Dress::Zstd, Dress::Gb18030, Dress::Utf16]);
    let format = prop::sample::select(Format::ALL.to_vec());
    let inner = prop::collection::vec(change(), 0..4);
    let outer = prop::collection::vec(change(), 0..4);
    let strategy = (format, dress, inner, outer, any::<bool>());
    let outcome = runner.run(&strategy, |(format, dress, inner, outer, saves)| {
        // What is inside is changed where it may be any bytes, what is outside always.
        let is_dressed_text = matches!(dress, Dress::Gb18030 | Dress::Utf16) && format.is_text();
        let inner = if is_dressed_text { Vec::new() } else { inner };
        let (bytes, encoding) = dressed(changed(valid(format), &inner), format, dress);
        let on_truncated = Some(if saves { OnTruncated::Save } else { OnTruncated::Stop });
        let reading = Reading { encoding, on_truncated, ..Reading::default() };
        test(changed(bytes, &outer), format, &reading)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn changed_deliveries_neither_fail_nor_lose_count() {
    run(5000, check);
}

#[test]
fn valid_deliveries_come_through_whatever_they_wear() {
    for format in Format::ALL {
        for dress in [Dress::Plain, Dress::Gzip, Dress::Zstd, Dress::Gb18030, Dress::Utf16] {
            let (bytes, encoding) = dressed(valid(format), format, dress);
            let reading = Reading { encoding, ..Reading::default() };
            let dataset = dataset();
            let mut decoder =
                open(delivery(bytes).0, format, &dataset, &Limits::default(), &reading).unwrap();
            let rows: usize =
                crate::fixture::all(decoder.as_mut()).iter().map(|batch| batch.positions.len()).sum();
            let expected = match format {
                Format::ArrowIpc => 80,
                Format::Avro | Format::Excel => 6,
                _ => 40,
            };
            assert_eq!(rows, expected, "{format} {dress:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_neither_fail_nor_lose_count(
        start in prop::sample::select(vec![&b""[..], b"a,n\n", b"[", b"{", b"PAR1", b"\xff\xff\xff\xff", b"ARROW1\0\0", b"Obj\x01\x04", b"PK\x03\x04", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd"]),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        format in prop::sample::select(Format::ALL.to_vec()),
        saves in any::<bool>(),
    ) {
        let on_truncated = Some(if saves { OnTruncated::Save } else { OnTruncated::Stop });
        let reading = Reading { on_truncated, ..Reading::default() };
        check([start, &bytes].concat(), format, &reading)?;
    }
}
