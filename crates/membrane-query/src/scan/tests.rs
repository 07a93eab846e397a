//! Worlds that differ in hidden rows only: what leaves them is the same, to the last byte.

use datafusion::arrow::array::{ArrayRef, BooleanArray, Int64Array, StringViewArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::TreeNode as _;
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::physical_plan::displayable;
use futures::{StreamExt as _, TryStreamExt};

use super::*;
use crate::error::QueryError;
use crate::normalise::{normalise, normalised_schema};
use crate::testing::{Asker, CANARY, count, half, member_rules, rows};

/// Rows that may be seen.
const SHOWN: i64 = 20_000;

/// How many hidden rows stand before each row that may be seen, and at the end.
type Hidden = fn(i64) -> i64;

const WORLDS: [(&str, Hidden); 5] = [
    ("none", |_| 0),
    ("one each", |_| 1),
    ("at the start", |row| if row == 0 { 30_000 } else { 0 }),
    ("at the end", |row| if row == SHOWN { 30_000 } else { 0 }),
    ("now and then", |row| if row % 1_000 == 17 { 2_500 } else { row % 2 }),
];

fn schema() -> Arc<Schema> {
    let field = |name, data_type| Field::new(name, data_type, true);
    Arc::new(Schema::new(vec![
        field("id", DataType::Int64),
        field("region", DataType::Utf8View),
        field("spend", DataType::Int64),
        field("note", DataType::Utf8View),
        field("active", DataType::Boolean),
        field("phone", DataType::Utf8View),
        field("addr", DataType::Utf8View),
    ]))
}

/// The rows of a world, in one batch.
fn world(hidden: Hidden, shown: i64) -> RecordBatch {
    let mut all: Vec<(bool, i64)> = Vec::new();
    for row in 0..=shown {
        all.extend((0..hidden(row)).map(|n| (false, row * 7 + n)));
        if row < shown {
            all.push((true, row));
        }
    }
    let text = |make: &dyn Fn(bool, i64) -> Option<String>| -> ArrayRef {
        Arc::new(all.iter().map(|(shown, n)| make(*shown, *n)).collect::<StringViewArray>())
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(all.iter().map(|(_, n)| *n).collect::<Int64Array>()),
        text(&|shown, _| Some(if shown { "S1" } else { "S2" }.to_owned())),
        Arc::new(
            all.iter()
                .map(|(shown, n)| (n % 5 != 0).then_some(if *shown { *n } else { -*n }))
                .collect::<Int64Array>(),
        ),
        text(&|shown, n| match (shown, n % 4) {
            (_, 0) => None,
            (true, 1) => Some(format!("n{n}")),
            (true, _) => Some(format!("a shown note number {n}")),
            (false, _) => Some(format!("{CANARY} {n} {}", "long ".repeat(20))),
        }),
        Arc::new(all.iter().map(|(shown, n)| (n % 3 != 0).then_some(*shown)).collect::<BooleanArray>()),
        text(&|_, n| Some(format!("1380000{n:04}"))),
        text(&|_, n| Some(format!("street of {CANARY} {n}"))),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

/// A stored table in memory: partitions and batches of some sizes, whatever rows fall into them.
fn in_memory(world: &RecordBatch, partition: usize, batch: usize) -> MemTable {
    let pieces = |whole: &RecordBatch, size: usize| -> Vec<RecordBatch> {
        (0..whole.num_rows())
            .step_by(size)
            .map(|start| whole.slice(start, size.min(whole.num_rows() - start)))
            .collect()
    };
    let partitions = pieces(world, partition).iter().map(|part| pieces(part, batch)).collect();
    MemTable::try_new(schema(), partitions).unwrap()
}

/// A stored table in Parquet files.
async fn in_files(
    world: &RecordBatch,
    files: usize,
    group: usize,
    folder: &std::path::Path,
) -> Arc<dyn TableProvider> {
    let rows = world.num_rows().div_ceil(files);
    for file in 0..files {
        let start = file * rows;
        let part = world.slice(start, rows.min(world.num_rows() - start));
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
        let out = std::fs::File::create(folder.join(format!("{file:03}.parquet"))).unwrap();
        let mut writer = ArrowWriter::try_new(out, schema(), Some(properties)).unwrap();
        writer.write(&part).unwrap();
        writer.close().unwrap();
    }
    let url = ListingTableUrl::parse(folder.to_str().unwrap()).unwrap();
    let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension(".parquet");
    let config = ListingTableConfig::new(url).with_listing_options(options).with_schema(schema());
    Arc::new(ListingTable::try_new(config).unwrap())
}

/// The bytes that an Arrow client is sent: as the encoder of answers makes them.
async fn sent(asker: &Asker, sql: &str) -> Result<Vec<u8>, QueryError> {
    let batches = asker.ask(sql).await?;
    let schema = asker.plan(sql).await.schema();
    let mut writer = StreamWriter::try_new(Vec::new(), &normalised_schema(&schema)).unwrap();
    for batch in &batches {
        writer.write(&normalise(batch).unwrap()).unwrap();
    }
    Ok(writer.into_inner().unwrap())
}

const QUESTIONS: [&str; 12] = [
    "select * from member",
    "select id from member",
    "select note, phone from member where spend > 5000 and id < 15000",
    "select note from member where id between 100 and 200",
    "select id, active from member where not active or active is null",
    "select note from member limit 3",
    "select id, note from member where spend >= 1000 limit 9000",
    "select note, addr from member order by id desc limit 5",
    "select id from member limit 10 offset 12345",
    "select count(*), sum(spend), min(note), max(phone), count(distinct region) from member",
    "select spend % 7 as k, count(*), sum(spend) from member group by k order by k",
    "select nope from member",
];

async fn check(name: &str, asker: &Asker, expected: &mut Vec<(Result<Vec<u8>, QueryError>, usize)>) {
    for (place, sql) in QUESTIONS.into_iter().enumerate() {
        let answer = sent(asker, sql).await;
        if let Ok(bytes) = &answer {
            assert_eq!(count(bytes, CANARY), 0, "{name}: {sql}");
        }
        let batches = asker.ask(sql).await.map_or(0, |batches| batches.len());
        match expected.get(place) {
            None => expected.push((answer, batches)),
            Some((first, messages)) => {
                assert_eq!(batches, *messages, "{name}: {sql}");
                // Not `assert_eq`: nobody wants to read megabytes.
                assert!(answer == *first, "{name}: {sql}: the bytes differ");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hidden_rows_change_no_byte() {
    let mut expected = Vec::new();
    for (name, hidden) in WORLDS {
        let world = world(hidden, SHOWN);
        let most = world.num_rows();
        for (partition, batch) in [(most, most), (most, 8192), (most, 1_000), (7_000, 512), (most / 2, 3_000)]
        {
            let table = in_memory(&world, partition, batch);
            let asker = Asker::new(member_rules(half()), Some(Arc::new(table))).await;
            check(&format!("{name}, {partition}/{batch}"), &asker, &mut expected).await;
        }
    }
    let (all, messages) = &expected[0];
    assert!(all.as_ref().is_ok_and(|bytes| bytes.len() > 1_000_000));
    assert_eq!(*messages, 3, "twenty thousand rows in batches of 8192");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hidden_rows_change_no_byte_of_files() {
    let mut expected = Vec::new();
    for (name, hidden) in WORLDS {
        let world = world(hidden, SHOWN);
        for (files, group) in [(1, 1_000_000), (1, 4_096), (3, 5_000)] {
            let folder = tempfile::tempdir().unwrap();
            let table = in_files(&world, files, group, folder.path()).await;
            let asker = Asker::new(member_rules(half()), Some(table)).await;
            check(&format!("{name}, {files} files, {group}"), &asker, &mut expected).await;
        }
    }
}

/// A table of several row groups is read in several partitions at once, and shown as one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_read_side_by_side_and_shown_in_their_order() {
    let world = world(|_| 1, 200_000);
    let folder = tempfile::tempdir().unwrap();
    let table = in_files(&world, 2, 16_384, folder.path()).await;
    let asker = Asker::new(member_rules(half()), Some(table)).await;
    let plan = asker.plan("select id from member").await;
    // Whatever DataFusion puts around it, to let it give way.
    let scan =
        plan.children().first().map_or(&plan, |child| *child).downcast_ref::<GovernedScanExec>().unwrap();
    let partitions = scan.inner.properties().output_partitioning().partition_count();
    assert!(partitions >= 4, "{partitions}");
    assert_eq!(plan.properties().output_partitioning().partition_count(), 1);

    let mut next = 0;
    for batch in asker.ask("select id from member").await.unwrap() {
        let ids = batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap();
        for id in ids.values() {
            assert_eq!(*id, next);
            next += 1;
        }
    }
    assert_eq!(next, 200_000);
    assert_eq!(asker.number("select count(*) from member where id >= 150000").await, Ok(50_000));
    assert_eq!(rows(&asker.ask("select id from member limit 100000").await.unwrap()), 100_000);
}

/// The row rule and leakproof conditions reach the files, which can skip row groups by them, and nothing else.
#[tokio::test]
async fn conditions_reach_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let table = in_files(&world(|_| 1, SHOWN), 2, 4_096, folder.path()).await;
    let asker = Asker::new(member_rules(half()), Some(table)).await;
    for (sql, told) in [
        ("select id from member where id > 19000 and spend + 1 > 2", ["region@", "id@0 > 19000"]),
        ("select note from member where spend between 5 and 9", ["region@", "spend@2 >= 5"]),
        ("select note from member where phone = '138******00'", ["region@", "pruning_predicate"]),
    ] {
        let plan = asker.plan(sql).await;
        let mut inside = String::new();
        plan.apply(|node| {
            if let Some(scan) = node.downcast_ref::<GovernedScanExec>() {
                inside = displayable(scan.inner.as_ref()).indent(true).to_string();
            }
            Ok(TreeNodeRecursion::Continue)
        })
        .unwrap();
        for part in told {
            assert!(inside.contains(part), "{sql}: {inside}");
        }
        assert!(!inside.contains("FilterExec") && !inside.contains("138**"), "{sql}: {inside}");
    }
}

/// What each partition gives above a scan follows from the rows that may be seen, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hidden_rows_change_no_partition() {
    let mut expected: Option<Vec<Vec<Vec<u8>>>> = None;
    for (name, hidden) in WORLDS {
        let world = world(hidden, SHOWN);
        for (partition, batch) in [(world.num_rows(), 8192), (7_000, 512)] {
            let asker =
                Asker::new(member_rules(half()), Some(Arc::new(in_memory(&world, partition, batch)))).await;
            let plan =
                asker.plan("select id + 1 as id, note || phone as text from member where id > 3").await;
            let outputs = plan.properties().output_partitioning().partition_count();
            let context = asker.state.task_ctx();
            let streams = (0..outputs).map(|output| plan.execute(output, Arc::clone(&context)).unwrap());
            let batches: Vec<Vec<RecordBatch>> =
                futures::future::try_join_all(streams.map(TryStreamExt::try_collect)).await.unwrap();
            let bytes = |batch: &RecordBatch| crate::testing::wire(&[normalise(batch).unwrap()]);
            let found: Vec<Vec<Vec<u8>>> =
                batches.iter().map(|batches| batches.iter().map(bytes).collect()).collect();
            assert!(*expected.get_or_insert_with(|| found.clone()) == found, "{name}, {partition}/{batch}");
        }
    }
    assert!(expected.is_some_and(|outputs| outputs.iter().all(|batches| !batches.is_empty())));
}

/// What a release holds must not depend on rows: nothing lies ready for another partition.
#[tokio::test]
async fn one_hand_gives_all_where_it_is_asked_for() {
    let asker = Asker::members().await;
    let plan = asker.plan("select id + 1 as id from member where note like '%shown%'").await;
    let partitions =
        |plan: &Arc<dyn ExecutionPlan>| plan.properties().output_partitioning().partition_count();
    assert!(partitions(&plan) > 1);
    assert_eq!(partitions(&single(plan).unwrap()), 1);
}

#[tokio::test]
async fn a_plain_select_keeps_the_order() {
    let table = in_memory(&world(|_| 1, 100), 20, 5);
    let asker = Asker::new(member_rules(half()), Some(Arc::new(table))).await;
    let plan = asker.plan("select id from member").await;
    assert!(plan.execute(1, asker.state.task_ctx()).is_err());
    let batches: Vec<_> = plan.execute(0, asker.state.task_ctx()).unwrap().collect().await;
    assert_eq!(batches.len(), 1);
}
