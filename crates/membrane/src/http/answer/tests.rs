use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use axum::body::{Body, to_bytes};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use membrane_model::RunId;
use serde_json::json;
use tokio::sync::oneshot;

use super::outlet::PIECE_BYTES;
use super::{Outlet, Rows, stream as answer};
use crate::answer::AnswerFormat;
use crate::config::ServerSection;
use crate::error::{Error, Failure};
use crate::http::busy::Slots;
use crate::tasks::Tasks;

const LONG: Duration = Duration::from_secs(3600);

type Batches = BoxStream<'static, Result<RecordBatch, Failure>>;

/// What an answer holds, to be looked at from outside.
struct Held {
    slots: Arc<Slots>,
    tasks: Tasks,
    /// Resolves when the batches are dropped.
    dropped: oneshot::Receiver<()>,
}

impl Held {
    /// Waits until the answer holds nothing: no task, no batches (and so no open run), no place.
    async fn nothing(self) {
        assert!(self.tasks.wait(Duration::from_secs(60)).await);
        assert!(self.dropped.await.is_err());
        assert_eq!(self.slots.free(), 1);
    }
}

fn schema() -> SchemaRef {
    let field = |name, kind| Field::new(name, kind, false);
    Arc::new(Schema::new(vec![field("n", DataType::Int64), field("text", DataType::Utf8)]))
}

/// Rows of a batch: those that an encoder gives out at once.
const ROWS: usize = 8192;

/// Rows that are more than a piece in every form.
fn batch(n: i64) -> RecordBatch {
    let mut text = vec![String::new(); ROWS];
    text[0] = "x".repeat(PIECE_BYTES);
    let columns: [ArrayRef; 2] =
        [Arc::new(Int64Array::from_value(n, ROWS)), Arc::new(StringArray::from(text))];
    RecordBatch::try_new(schema(), columns.to_vec()).expect("batch")
}

fn begin(format: AnswerFormat, batches: Batches, idle: Duration) -> (Body, Held) {
    let (sender, dropped) = oneshot::channel::<()>();
    let batches = batches
        .map(move |batch| {
            let _ = &sender;
            batch
        })
        .boxed();
    let server = ServerSection { requests_max: 1, ..ServerSection::default() };
    let (slots, tasks) = (Slots::new(&server), Tasks::default());
    let ana = "analyst:ana".parse().expect("principal");
    let outlet = Outlet { slot: slots.take(&ana).expect("slot"), tasks: tasks.clone(), idle };
    let run: RunId = "0190d5a0-0000-7000-8000-000000000001".parse().expect("run");
    let rows = Rows { run, schema: schema(), head: vec![("run", json!(run.to_string()))], batches };
    let response = answer(rows, format, outlet).expect("response");
    assert_eq!(response.headers()["membrane-run"], run.to_string());
    (response.into_body(), Held { slots, tasks, dropped })
}

fn batches(count: i64) -> Batches {
    stream::iter((0..count).map(|n| Ok(batch(n)))).boxed()
}

async fn read(body: Body) -> Result<Vec<u8>, axum::Error> {
    to_bytes(body, usize::MAX).await.map(Vec::from)
}

#[tokio::test]
async fn an_answer_arrives_whole_in_every_form() {
    for format in AnswerFormat::ALL {
        let (body, held) = begin(format, batches(5), LONG);
        let bytes = read(body).await.expect("whole");
        assert!(bytes.len() > 5 * PIECE_BYTES, "{format}");
        if format == AnswerFormat::Json {
            let value: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            assert_eq!((&value["row_count"], &value["rows"][4 * ROWS]["n"]), (&json!(5 * ROWS), &json!(4)));
        }
        held.nothing().await;
    }
}

#[tokio::test]
async fn a_reader_who_takes_nothing_ends_the_production_and_never_has_the_whole() {
    for format in AnswerFormat::ALL {
        let (body, held) = begin(format, batches(50), Duration::from_millis(10));
        held.nothing().await;
        assert!(read(body).await.is_err(), "{format}");
    }
}

#[tokio::test]
async fn a_reader_who_goes_away_ends_the_production() {
    for format in AnswerFormat::ALL {
        // While a piece waits for the reader ...
        let (body, held) = begin(format, batches(50), LONG);
        let mut pieces = body.into_data_stream();
        assert!(pieces.next().await.is_some_and(|piece| piece.is_ok()));
        drop(pieces);
        held.nothing().await;
        // ... and while the reader waits for a piece.
        let (body, held) = begin(format, batches(1).chain(stream::pending()).boxed(), LONG);
        let mut pieces = body.into_data_stream();
        assert!(pieces.next().await.is_some_and(|piece| piece.is_ok()));
        drop(pieces);
        held.nothing().await;
    }
}

#[tokio::test]
async fn a_failure_after_the_first_rows_breaks_the_answer_off() {
    for format in AnswerFormat::ALL {
        let failing = stream::iter([Err(Failure::without_run(Error::Internal("a test")))]);
        let (body, held) = begin(format, batches(1).chain(failing).boxed(), LONG);
        let mut pieces = body.into_data_stream();
        assert!(pieces.next().await.is_some_and(|piece| piece.is_ok()), "{format}");
        let rest: Vec<_> = pieces.collect().await;
        assert!(rest.last().is_some_and(Result::is_err), "{format}");
        held.nothing().await;
    }
}

#[tokio::test]
async fn the_place_is_free_before_the_end_is_told() {
    let (body, held) = begin(AnswerFormat::Csv, batches(1), LONG);
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        piece.expect("piece");
    }
    assert_eq!(held.slots.free(), 1);
}
