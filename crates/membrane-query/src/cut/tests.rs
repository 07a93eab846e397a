use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringViewArray};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::record_batch::RecordBatchOptions;

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

fn cut(input: impl IntoIterator<Item = RecordBatch>, schema: SchemaRef) -> Vec<RecordBatch> {
    let (mut cutter, mut output) = (Cutter::new(schema), Vec::new());
    for batch in input {
        let mut ready = cutter.push(batch).unwrap();
        while let Some(batch) = ready {
            output.push(batch);
            ready = cutter.next_full();
        }
    }
    output.extend(cutter.finish().unwrap());
    output
}

fn check(sizes: &[usize]) -> Vec<RecordBatch> {
    let mut input = Vec::new();
    let mut first = 0;
    for rows in sizes {
        input.push(batch(first, *rows));
        first += i64::try_from(*rows).unwrap();
    }
    let schema = batch(0, 0).schema();
    let output = cut(input.clone(), Arc::clone(&schema));
    let (last, full) = output.split_last().map_or((None, &[][..]), |(last, full)| (Some(last), full));
    assert!(full.iter().all(|batch| batch.num_rows() == ROWS), "{sizes:?}");
    assert!(last.is_none_or(|batch| (1..=ROWS).contains(&batch.num_rows())), "{sizes:?}");
    let whole = |batches: &[RecordBatch]| concat_batches(&schema, batches).unwrap();
    assert_eq!(whole(&output), whole(&input), "{sizes:?}");
    output
}

#[test]
fn batches_have_one_size_and_keep_their_order() {
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
        check(&sizes);
    }
}

/// The sizes that come out say nothing of those that went in.
#[test]
fn how_rows_came_does_not_show() {
    let rows = |batches: Vec<RecordBatch>| batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>();
    let expected = vec![ROWS, ROWS, 1_000];
    for sizes in [
        vec![2 * ROWS + 1_000],
        vec![1_000, ROWS, ROWS],
        vec![ROWS, 1_000, ROWS],
        vec![(2 * ROWS + 1_000) / 8; 8],
    ] {
        assert_eq!(rows(check(&sizes)), expected, "{sizes:?}");
    }
}

#[test]
fn a_batch_that_fits_is_not_copied() {
    let whole = batch(0, ROWS);
    let mut cutter = Cutter::new(whole.schema());
    let out = cutter.push(whole.clone()).unwrap().unwrap();
    assert!(Arc::ptr_eq(out.column(0), whole.column(0)));
}

#[test]
fn rows_without_columns_are_cut_too() {
    let empty = Arc::new(Schema::empty());
    let counted = |rows| {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&empty), Vec::new(), &options).unwrap()
    };
    let rows: Vec<usize> =
        cut([counted(9_000), counted(10)], Arc::clone(&empty)).iter().map(RecordBatch::num_rows).collect();
    assert_eq!(rows, [ROWS, 9_010 - ROWS]);
}
