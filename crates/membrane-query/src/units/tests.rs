use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringViewArray};
use datafusion::datasource::MemTable;
use membrane_model::{Limits, LogicalType, Protection, RevealLevel};
use membrane_policy::RowRule;

use super::*;
use crate::rules::ScanRules;
use crate::testing::{Asker, rows, rule};

/// A table of many partitions: number `n` of all rows is in the column `id`.
fn table(partitions: usize, batches: usize, size: usize) -> MemTable {
    let mut first = 0;
    let mut batch = || {
        let ids = first..first + i64::try_from(size).unwrap();
        first = ids.end;
        let notes: StringViewArray = ids.clone().map(|id| Some(format!("the note of number {id}"))).collect();
        let columns: [(&str, ArrayRef); 2] =
            [("id", Arc::new(ids.collect::<Int64Array>())), ("note", Arc::new(notes))];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
    };
    let partitions: Vec<Vec<RecordBatch>> =
        (0..partitions).map(|_| (0..batches).map(|_| batch()).collect()).collect();
    MemTable::try_new(partitions[0][0].schema(), partitions).unwrap()
}

async fn asker(table: MemTable, limits: Limits) -> Asker {
    let clear = |name, logical| rule(name, logical, Protection::Clear, RevealLevel::Clear);
    let rules = ScanRules {
        dataset: "member".parse().unwrap(),
        columns: vec![clear("id", LogicalType::Integer), clear("note", LogicalType::String)],
        rows: RowRule::All,
        with_subject: false,
    };
    Asker::with_limits(rules, Some(Arc::new(table)), limits).await
}

async fn check(limits: Limits) {
    let asker = asker(table(40, 30, 100), limits).await;
    let mut next = 0;
    for batch in asker.ask("select id, note from member").await.unwrap() {
        let ids = batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec();
        for id in ids {
            assert_eq!(id, next);
            next += 1;
        }
    }
    assert_eq!(next, 40 * 30 * 100);
    assert_eq!(asker.state.runtime_env().memory_pool.reserved(), 0);
}

#[tokio::test]
async fn partitions_come_in_their_order() {
    check(Limits::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn partitions_come_in_their_order_on_many_threads() {
    for _ in 0..5 {
        check(Limits::default()).await;
    }
}

/// What is read ahead is a convenience: a scan goes on without memory for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_needs_no_memory_to_go_on() {
    for memory_bytes_max in [0, 1, 10_000, 100_000] {
        check(Limits { memory_bytes_max, ..Limits::default() }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_end_the_reading() {
    let asker = asker(table(40, 30, 100), Limits::default()).await;
    for limit in [0_usize, 1, 99, 100, 101, 2_999, 3_000, 3_001, 50_000, 119_999, 120_000, 500_000] {
        let batches = asker.ask(&format!("select id from member limit {limit}")).await.unwrap();
        assert_eq!(rows(&batches), limit.min(120_000), "{limit}");
        let first = batches.iter().find(|batch| batch.num_rows() > 0).map(|batch| batch.column(0).clone());
        assert_eq!(first.is_some(), limit > 0);
        let offset = format!("select id from member limit 5 offset {limit}");
        assert_eq!(rows(&asker.ask(&offset).await.unwrap()), 120_000_usize.saturating_sub(limit).min(5));
        let filtered = format!("select id from member where id % 1000 = 7 limit {limit}");
        assert_eq!(rows(&asker.ask(&filtered).await.unwrap()), limit.min(120), "{limit}");
        let pushed = format!("select id from member where id >= 60000 limit {limit}");
        assert_eq!(rows(&asker.ask(&pushed).await.unwrap()), limit.min(60_000), "{limit}");
    }
}

/// Whoever stops asking stops the readers: when their tasks are gone nothing is held any more.
#[test]
fn a_dropped_scan_holds_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let pool = runtime.block_on(async {
        let asker = asker(table(40, 30, 100), Limits::default()).await;
        let plan = asker.plan("select id, note from member").await;
        let mut stream = plan.execute(0, asker.state.task_ctx()).unwrap();
        assert!(stream.next().await.unwrap().is_ok());
        Arc::clone(&asker.state.runtime_env().memory_pool)
    });
    drop(runtime);
    assert_eq!(pool.reserved(), 0);
}
