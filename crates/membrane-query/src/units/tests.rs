use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, StringViewArray};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::datasource::MemTable;
use futures::TryStreamExt as _;
use membrane_model::{Limits, LogicalType, Protection, RevealLevel};
use membrane_policy::{CompareOperator, RowExpr, RowRule, RowValue};

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

/// A rule that hides no row of [`table`]; but a rule it is.
fn kept() -> RowRule {
    RowRule::When(RowExpr::Compare {
        column: "id".parse().unwrap(),
        operator: CompareOperator::GtEq,
        value: RowValue::Integer(0),
    })
}

async fn asker(table: MemTable, rows: RowRule, limits: Limits) -> Asker {
    let clear = |name, logical| rule(name, logical, Protection::Clear, RevealLevel::Clear);
    let rules = ScanRules {
        dataset: "member".parse().unwrap(),
        columns: vec![clear("id", LogicalType::Integer), clear("note", LogicalType::String)],
        rows,
        with_subject: false,
    };
    Asker::with_limits(rules, Some(Arc::new(table)), limits).await
}

fn ids(batches: &[RecordBatch]) -> Vec<i64> {
    let of = |batch: &RecordBatch| batch.column(0).as_primitive::<Int64Type>().values().to_vec();
    batches.iter().flat_map(of).collect()
}

/// Asks for all rows: in their order where rows could be hidden, each once where not.
async fn check(limits: Limits) {
    for rule in [kept(), RowRule::All] {
        let asker = asker(table(40, 30, 100), rule.clone(), limits).await;
        let mut found = ids(&asker.ask("select id, note from member").await.unwrap());
        if rule == RowRule::All {
            found.sort_unstable();
        }
        assert!(found.iter().copied().eq(0..40 * 30 * 100), "{rule:?}");
    }
}

#[tokio::test]
async fn all_rows_come() {
    check(Limits::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_rows_come_on_many_threads() {
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

/// Each output is given every n-th batch of the stored order, whoever asks first.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rows_that_could_be_hidden_are_dealt_in_turn() {
    let asker = asker(table(40, 30, 100), kept(), Limits::default()).await;
    for backwards in [false, true] {
        // Its expression is computed on several processors: so the scan keeps its partitions.
        let plan = asker.plan("select id + 0 as id from member").await;
        let outputs = plan.output_partitioning().partition_count();
        let context = asker.state.task_ctx();
        let mut streams: Vec<_> = (0..outputs)
            .map(|output| plan.execute(output, Arc::clone(&context)).unwrap().try_collect::<Vec<_>>())
            .collect();
        if backwards {
            streams.reverse();
        }
        let mut dealt = futures::future::try_join_all(streams).await.unwrap();
        if backwards {
            dealt.reverse();
        }
        for (output, batches) in dealt.iter().enumerate() {
            let expected =
                (0..120_000_i64).filter(|id| usize::try_from(id / 8192).unwrap() % outputs == output);
            assert!(ids(batches).into_iter().eq(expected), "{output} of {outputs}");
        }
    }
}

/// An output that is given up, or asked late, keeps nobody from the rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outputs_do_not_wait_for_each_other() {
    let asker = asker(table(40, 30, 100), kept(), Limits::default()).await;
    let plan = asker.plan("select id + 0 as id from member").await;
    let outputs = plan.output_partitioning().partition_count();
    let run = || -> Vec<_> {
        let context = asker.state.task_ctx();
        (0..outputs).map(|output| plan.execute(output, Arc::clone(&context)).unwrap()).collect()
    };
    let mut found = 0;
    // One after the other: what is meant for the later ones is laid out meanwhile.
    for stream in run() {
        found += rows(&stream.try_collect::<Vec<_>>().await.unwrap());
    }
    assert_eq!(found, 120_000);
    // All but the last are dropped: their share goes.
    let last = run().pop().unwrap().try_collect::<Vec<_>>().await.unwrap();
    assert_eq!(rows(&last), ids(&last).len());
    assert!(rows(&last) >= 120_000 / outputs - 8192);
    assert_eq!(asker.state.runtime_env().memory_pool.reserved(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_end_the_reading() {
    for rule in [kept(), RowRule::All] {
        let asker = asker(table(40, 30, 100), rule.clone(), Limits::default()).await;
        for limit in [0_usize, 1, 99, 100, 101, 2_999, 3_000, 3_001, 50_000, 119_999, 120_000, 500_000] {
            let batches = asker.ask(&format!("select id from member limit {limit}")).await.unwrap();
            assert_eq!(rows(&batches), limit.min(120_000), "{limit}");
            if rule != RowRule::All {
                assert!(
                    ids(&batches).into_iter().eq(0..i64::try_from(limit.min(120_000)).unwrap()),
                    "{limit}"
                );
            }
            let offset = format!("select id from member limit 5 offset {limit}");
            assert_eq!(rows(&asker.ask(&offset).await.unwrap()), 120_000_usize.saturating_sub(limit).min(5));
            let filtered = format!("select id from member where id % 1000 = 7 limit {limit}");
            assert_eq!(rows(&asker.ask(&filtered).await.unwrap()), limit.min(120), "{limit}");
            let pushed = format!("select id from member where id >= 60000 limit {limit}");
            assert_eq!(rows(&asker.ask(&pushed).await.unwrap()), limit.min(60_000), "{limit}");
        }
    }
}

/// A run is known by its context: one that was given up half-way, or goes on beside another, takes no row of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_are_told_apart() {
    for rule in [kept(), RowRule::All] {
        let asker = asker(table(40, 30, 100), rule, Limits::default()).await;
        let plan = asker.plan("select id + 0 as id from member").await;
        let outputs = plan.output_partitioning().partition_count();
        assert!(outputs > 1);
        let execute = |output, context: &Arc<TaskContext>| plan.execute(output, Arc::clone(context));
        // Given up after its last output was asked for.
        let given_up = asker.state.task_ctx();
        let mut last = execute(outputs - 1, &given_up).unwrap();
        assert!(last.next().await.unwrap().is_ok());
        drop((last, given_up));
        // Two at once, asked for by turns.
        let contexts = [asker.state.task_ctx(), asker.state.task_ctx()];
        let mut streams = [Vec::new(), Vec::new()];
        for output in 0..outputs {
            for (context, streams) in contexts.iter().zip(&mut streams) {
                streams.push(execute(output, context).unwrap().try_collect::<Vec<_>>());
            }
        }
        for streams in streams {
            let found = futures::future::try_join_all(streams).await.unwrap();
            assert_eq!(found.iter().map(|batches| rows(batches)).sum::<usize>(), 120_000);
        }
        // Twice the same output in one run would be two halves of two answers.
        let context = asker.state.task_ctx();
        let _first = execute(0, &context).unwrap();
        assert!(execute(0, &context).is_err());
    }
}

/// Whoever stops asking stops the readers: when their tasks are gone nothing is held any more.
#[test]
fn a_dropped_scan_holds_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let pool = runtime.block_on(async {
        let asker = asker(table(40, 30, 100), kept(), Limits::default()).await;
        let plan = asker.plan("select id, note from member").await;
        let mut stream = plan.execute(0, asker.state.task_ctx()).unwrap();
        assert!(stream.next().await.unwrap().is_ok());
        Arc::clone(&asker.state.runtime_env().memory_pool)
    });
    drop(runtime);
    assert_eq!(pool.reserved(), 0);
}
