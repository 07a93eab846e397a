use std::sync::Arc;

use arrow::array::{Decimal128Array, Int64Array, RecordBatch, StringArray, StringViewArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde_json::json;

use super::{AnswerFormat, Encoder};

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("name", DataType::Utf8, true),
        Field::new("count", DataType::Int64, true),
        Field::new("amount", DataType::Decimal128(12, 2), true),
    ]))
}

fn batch() -> RecordBatch {
    let amount =
        Decimal128Array::from(vec![Some(1250), None]).with_precision_and_scale(12, 2).expect("decimal");
    RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(StringArray::from(vec![Some("a \"b\", c"), None])),
            Arc::new(Int64Array::from(vec![1, 2])),
            Arc::new(amount),
        ],
    )
    .expect("batch")
}

fn encode(format: AnswerFormat, batches: &[RecordBatch]) -> Vec<u8> {
    let mut encoder = Encoder::start(format, &schema(), vec![("run", json!("r"))]).expect("start");
    let mut bytes = Vec::new();
    for batch in batches {
        bytes.append(&mut encoder.write(batch).expect("write"));
    }
    bytes.append(&mut encoder.finish().expect("finish"));
    bytes
}

#[test]
fn json_is_one_object_with_exact_decimals() {
    let text = String::from_utf8(encode(AnswerFormat::Json, &[batch(), batch()])).expect("text");
    let row = r#"{"name":"a \"b\", c","count":1,"amount":12.50},{"name":null,"count":2,"amount":null}"#;
    assert_eq!(text, format!("{{\"run\":\"r\",\"rows\":[{row},{row}],\"row_count\":4}}\n"));
    assert_eq!(encode(AnswerFormat::Json, &[]), b"{\"run\":\"r\",\"rows\":[],\"row_count\":0}\n");
}

#[test]
fn csv_has_its_header_once() {
    let text = String::from_utf8(encode(AnswerFormat::Csv, &[batch(), batch()])).expect("text");
    let rows = "\"a \"\"b\"\", c\",1,12.50\n,2,\n";
    assert_eq!(text, format!("name,count,amount\n{rows}{rows}"));
    assert_eq!(encode(AnswerFormat::Csv, &[]), b"name,count,amount\n");
}

#[test]
fn arrow_reads_back() {
    let bytes = encode(AnswerFormat::ArrowIpc, &[batch(), batch()]);
    let reader = arrow::ipc::reader::StreamReader::try_new(bytes.as_slice(), None).expect("stream");
    let read: Vec<RecordBatch> = reader.collect::<Result<_, _>>().expect("batches");
    assert_eq!(read, vec![concat_batches(&schema(), &[batch(), batch()]).expect("one batch")]);
}

/// However rows come, the bytes are the same, and so are the pieces in which they leave.
#[test]
fn how_rows_come_does_not_show() {
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
    let all: Int64Array = (0..20_000).map(|n| (n % 7 != 0).then_some(n)).collect();
    let all = RecordBatch::try_new(schema.clone(), vec![Arc::new(all)]).expect("batch");
    for format in AnswerFormat::ALL {
        let pieces = |sizes: &[usize]| {
            let mut encoder = Encoder::start(format, &schema, Vec::new()).expect("start");
            let (mut pieces, mut start) = (Vec::new(), 0);
            for size in sizes.iter().cycle() {
                let rows = (*size).min(20_000 - start);
                pieces.push(encoder.write(&all.slice(start, rows)).expect("write"));
                start += rows;
                if start == 20_000 {
                    break;
                }
            }
            pieces.push(encoder.finish().expect("finish"));
            pieces.retain(|piece| !piece.is_empty());
            pieces
        };
        let expected = pieces(&[8_192]);
        assert_eq!(expected.len(), 3, "{format}");
        for sizes in [&[1_000][..], &[8_191], &[1, 8_192, 3], &[5_000, 0, 77]] {
            assert_eq!(pieces(sizes), expected, "{format} {sizes:?}");
        }
    }
}

/// A view points into a buffer that other batches share: what is sent is the text of the answer's own rows.
#[test]
fn arrow_sends_nothing_of_other_rows() {
    let texts: StringViewArray =
        (0..1_000).map(|row| Some(format!("a text of row {row} that lies outside of its view"))).collect();
    let field = Field::new("name", DataType::Utf8View, true);
    let schema: SchemaRef = Arc::new(Schema::new(vec![field]));
    let all = RecordBatch::try_new(schema.clone(), vec![Arc::new(texts)]).expect("batch");
    let mut encoder = Encoder::start(AnswerFormat::ArrowIpc, &schema, Vec::new()).expect("start");
    let mut bytes = encoder.write(&all.slice(10, 2)).expect("write");
    bytes.append(&mut encoder.finish().expect("finish"));
    let holds = |row: u32| {
        let text = format!("a text of row {row} that");
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    assert!(holds(10) && holds(11));
    assert!((0..1_000).filter(|row| ![10, 11].contains(row)).all(|row| !holds(row)));
    assert!(bytes.len() < 2_000, "{}", bytes.len());
    let reader = arrow::ipc::reader::StreamReader::try_new(bytes.as_slice(), None).expect("stream");
    let read: Vec<RecordBatch> = reader.collect::<Result<_, _>>().expect("batches");
    assert_eq!(read[0].schema().field(0).data_type(), &DataType::Utf8);
    assert_eq!(read[0].num_rows(), 2);
}

#[test]
fn accept_decides() {
    let cases = [
        (None, Some(AnswerFormat::Json)),
        (Some(""), Some(AnswerFormat::Json)),
        (Some("*/*"), Some(AnswerFormat::Json)),
        (Some("text/csv"), Some(AnswerFormat::Csv)),
        (Some("text/*"), Some(AnswerFormat::Csv)),
        (Some("application/json;q=0.5, text/csv"), Some(AnswerFormat::Csv)),
        (Some("application/json;q=0, */*;q=0.1"), Some(AnswerFormat::Csv)),
        (Some("application/vnd.apache.arrow.stream"), Some(AnswerFormat::ArrowIpc)),
        (Some("text/html"), None),
        (Some("application/json;q=0"), None),
        (Some("text/html,application/xhtml+xml,*/*;q=0.8"), Some(AnswerFormat::Json)),
    ];
    for (accept, expected) in cases {
        assert_eq!(AnswerFormat::negotiate(accept), expected, "{accept:?}");
    }
}
