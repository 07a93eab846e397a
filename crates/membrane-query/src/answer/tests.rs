use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{Int64Array, StringViewArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::error::DataFusionError;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::TryStreamExt as _;
use tokio::time::Instant;

use super::*;

fn batch(rows: i64) -> RecordBatch {
    let schema = Arc::new(Schema::new(vec![
        Field::new("n", DataType::Int64, true),
        Field::new("t", DataType::Utf8View, true),
    ]));
    let texts: StringViewArray = (0..rows).map(|_| Some("a text of more than twelve bytes")).collect();
    RecordBatch::try_new(schema, vec![Arc::new((0..rows).collect::<Int64Array>()), Arc::new(texts)]).unwrap()
}

async fn collect(
    batches: Vec<Result<RecordBatch, DataFusionError>>,
    limits: Limits,
) -> (usize, Option<QueryError>) {
    let inner = RecordBatchStreamAdapter::new(batch(0).schema(), futures::stream::iter(batches));
    let mut stream = limited(Box::pin(inner), limits, Brake::new(Instant::now() + Duration::from_secs(5)));
    let mut rows = 0;
    while let Some(next) = stream.next().await {
        match next {
            Ok(batch) => rows += batch.num_rows(),
            Err(error) => {
                assert!(stream.next().await.is_none(), "nothing follows an error");
                return (rows, Some(error));
            }
        }
    }
    (rows, None)
}

#[tokio::test]
async fn the_batch_that_crosses_a_limit_is_not_given_out() {
    let limits = Limits { rows_max: 25, ..Limits::default() };
    let found = collect((0..5).map(|_| Ok(batch(10))).collect(), limits).await;
    assert_eq!(found, (20, Some(QueryError::LimitRows { rows_max: 25 })));

    let limits = Limits { bytes_max: 1_000, ..Limits::default() };
    let found = collect((0..5).map(|_| Ok(batch(10))).collect(), limits).await;
    assert_eq!(found, (10, Some(QueryError::LimitBytes { bytes_max: 1_000 })));

    let found = collect((0..5).map(|_| Ok(batch(10))).collect(), Limits::default()).await;
    assert_eq!(found, (50, None));
}

#[tokio::test]
async fn errors_end_the_answer() {
    let failing =
        vec![Ok(batch(10)), Err(DataFusionError::Internal("13800138000".to_owned())), Ok(batch(10))];
    assert_eq!(collect(failing, Limits::default()).await, (10, Some(QueryError::Failed)));
}

#[tokio::test]
async fn a_panic_ends_the_query_only() {
    let inner = futures::stream::once(async { panic!("a kernel gave up") });
    let inner = RecordBatchStreamAdapter::new(batch(0).schema(), inner);
    let stream =
        limited(Box::pin(inner), Limits::default(), Brake::new(Instant::now() + Duration::from_secs(5)));
    assert_eq!(stream.try_collect::<Vec<_>>().await.unwrap_err(), QueryError::Failed);
}

#[tokio::test]
async fn time_runs_out_between_batches() {
    let inner = RecordBatchStreamAdapter::new(batch(0).schema(), futures::stream::pending());
    let limits = Limits { seconds_max: 7, ..Limits::default() };
    let stream = limited(Box::pin(inner), limits, Brake::new(Instant::now() + Duration::from_millis(20)));
    assert_eq!(
        stream.try_collect::<Vec<_>>().await.unwrap_err(),
        QueryError::LimitSeconds { seconds_max: 7 }
    );
}
