use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringViewArray};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::record_batch::RecordBatchOptions;
use datafusion::error::DataFusionError;
use futures::TryStreamExt as _;

use super::*;

fn batch(first: i64, rows: usize) -> RecordBatch {
    let numbers = first..first + i64::try_from(rows).unwrap();
    let texts: StringViewArray = numbers
        .clone()
        .map(|n| (n % 3 != 0).then(|| format!("a text of more than twelve bytes {n}")))
        .collect();
    let columns: [(&str, ArrayRef); 2] =
        [("n", Arc::new(numbers.collect::<Int64Array>())), ("t", Arc::new(texts))];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

async fn check(sizes: &[usize]) -> Vec<RecordBatch> {
    let mut input = Vec::new();
    let mut first = 0;
    for rows in sizes {
        input.push(batch(first, *rows));
        first += i64::try_from(*rows).unwrap();
    }
    let schema = batch(0, 0).schema();
    let stream = futures::stream::iter(input.clone().into_iter().map(Ok));
    let stream = cut(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&schema), stream)));
    let output: Vec<RecordBatch> = stream.try_collect().await.unwrap();
    let (last, full) = output.split_last().map_or((None, &[][..]), |(last, full)| (Some(last), full));
    assert!(full.iter().all(|batch| batch.num_rows() == ROWS), "{sizes:?}");
    assert!(last.is_none_or(|batch| (1..=ROWS).contains(&batch.num_rows())), "{sizes:?}");
    let whole = |batches: &[RecordBatch]| concat_batches(&schema, batches).unwrap();
    assert_eq!(whole(&output), whole(&input), "{sizes:?}");
    output
}

#[tokio::test]
async fn batches_have_one_size_and_keep_their_order() {
    for sizes in [
        vec![],
        vec![0],
        vec![1],
        vec![ROWS],
        vec![ROWS, ROWS, 5],
        vec![5, ROWS, ROWS],
        vec![ROWS - 1, 1, 1, ROWS, 0, 0, 3],
        vec![100; 300],
        vec![3 * ROWS + 17, 9, 2 * ROWS],
    ] {
        check(&sizes).await;
    }
}

/// The sizes that come out say nothing of those that went in.
#[tokio::test]
async fn how_rows_came_does_not_show() {
    let rows = |batches: Vec<RecordBatch>| batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>();
    let expected = vec![ROWS, ROWS, 1_000];
    for sizes in [
        vec![2 * ROWS + 1_000],
        vec![1_000, ROWS, ROWS],
        vec![ROWS, 1_000, ROWS],
        vec![(2 * ROWS + 1_000) / 8; 8],
    ] {
        assert_eq!(rows(check(&sizes).await), expected, "{sizes:?}");
    }
}

#[tokio::test]
async fn a_batch_that_fits_is_not_copied() {
    let whole = batch(0, ROWS);
    let mut cutter = Cutter::new(whole.schema());
    let out = cutter.push(whole.clone()).unwrap().unwrap();
    assert!(Arc::ptr_eq(out.column(0), whole.column(0)));
}

#[tokio::test]
async fn errors_and_rows_without_columns_pass() {
    let empty = Arc::new(Schema::empty());
    let counted = |rows| {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&empty), Vec::new(), &options)
    };
    let stream = futures::stream::iter([Ok(counted(9_000).unwrap()), Ok(counted(10).unwrap())]);
    let stream = cut(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&empty), stream)));
    let rows: Vec<usize> = stream.map_ok(|batch| batch.num_rows()).try_collect().await.unwrap();
    assert_eq!(rows, [ROWS, 9_010 - ROWS]);

    let failing = [Ok(batch(0, 10)), Err(DataFusionError::Internal("broken".to_owned())), Ok(batch(10, 10))];
    let stream = futures::stream::iter(failing);
    let mut stream = cut(Box::pin(RecordBatchStreamAdapter::new(batch(0, 0).schema(), stream)));
    assert!(stream.try_next().await.is_err());
    assert!(stream.try_next().await.unwrap().is_none(), "nothing follows an error");
}
